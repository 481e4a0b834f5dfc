"""What a help topic promises, in words for requesters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import NamedTuple

from django.db.models import Exists, prefetch_related_objects
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.models import SiteSettings
from sla.models import BusinessHours, Priority, SLAPlan, Target
from tickets import routing
from tickets.models import Department, HelpTopic
from tickets.models.tree import SEPARATOR

# More topics than this are no choice any more.
MOST_TOPICS = 500
# More cards than this at once are none either: the rest is folded away.
CARDS_AT_ONCE = 12

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Offer:
    """A help topic as a card: what it is, and when we answer."""

    topic: HelpTopic
    answer_within: str
    solve_within: str
    is_acknowledged: bool

    @property
    def name(self) -> str:
        """Return what the card says: without the topic at the top, which stands above it."""
        return SEPARATOR.join(topic.name for topic in self.topic.line()[1:]) or self.topic.name

    @property
    def root(self) -> HelpTopic:
        top: HelpTopic = self.topic.line()[0]
        return top

    @property
    def pk(self) -> int:
        return self.topic.pk

    @property
    def promise(self) -> str:
        if not self.answer_within:
            return ""
        return _("We answer within %(time)s.") % {"time": self.answer_within}


@dataclass(frozen=True, slots=True)
class Section:
    """Some cards in a row. With a name they are folded behind it, open or not."""

    name: str
    hint: str
    offers: Sequence[Offer]
    is_open: bool = True


def offers(site: SiteSettings, organization: int | None = None) -> list[Offer]:
    """Return the topics that people of the organisation may choose, in order. What it costs does not grow with them."""
    related = ("sla_plan", "department__sla_plan", "priority")
    topics = list(HelpTopic.objects.offered().select_related(*related)[:MOST_TOPICS])
    plans = routing.plans_for(topics, organization)
    prefetch_related_objects([plan for plan in plans.values() if plan], "targets")
    site_hours = Exists(BusinessHours.objects.filter(is_default=True))
    priority = Priority.objects.annotate(site_has_hours=site_hours).get(is_default=True)
    usual = _Usual(routing.default_department(), priority, priority.site_has_hours)
    return [_offer(topic, plans[topic.pk], usual, site) for topic in topics]


class _Usual(NamedTuple):
    """What holds where a topic says nothing."""

    department: Department | None
    priority: Priority
    has_hours: bool


def _offer(topic: HelpTopic, plan: SLAPlan | None, usual: _Usual, site: SiteSettings) -> Offer:
    department = topic.department if topic.department and topic.department.is_enabled else usual.department
    priority = topic.priority if topic.priority and topic.priority.archived_at is None else usual.priority
    promised: Mapping[str, timedelta] = plan.promises(priority.pk) if plan else {}
    has_hours = usual.has_hours or bool((department and department.hours_id) or (plan and plan.hours_id))
    return Offer(
        topic,
        within(promised.get(Target.FIRST_RESPONSE), in_working_time=has_hours),
        within(promised.get(Target.RESOLUTION), in_working_time=has_hours),
        site.acknowledges and topic.acknowledges and (department is None or department.acknowledges),
    )


def sections(offers: Sequence[Offer], chosen: Offer | None) -> list[Section]:
    """Return the offers as the page shows them: what is below a topic is folded behind it, and so is what is too much.

    What is folded is open if the chosen card is in it, or if there are few cards altogether.
    """
    are_few = len(offers) <= CARDS_AT_ONCE
    found: list[Section] = []
    single: list[Offer] = []
    for root, below in groupby(offers, key=lambda offer: offer.root):
        cards = list(below)
        if len(cards) == 1:
            single += cards
            continue
        found += _singles(single, chosen)
        single = []
        found.append(Section(root.name, root.hint, cards, are_few or chosen in cards))
    return found + _singles(single, chosen)


def _singles(cards: Sequence[Offer], chosen: Offer | None) -> list[Section]:
    shown, rest = cards[:CARDS_AT_ONCE], cards[CARDS_AT_ONCE:]
    found = [Section("", "", shown)] if shown else []
    if rest:
        found.append(Section(_("More topics"), "", rest, chosen in rest))
    return found


def within(span: timedelta | None, *, in_working_time: bool) -> str:
    """Return a promised span in words, with what it is counted in; "" for none."""
    words = spell(span)
    return _("%(time)s of working time") % {"time": words} if words and in_working_time else words


def spell(span: timedelta | None) -> str:
    """Return a span in words, its two largest units: "1 hour", "1 day and 4 hours"; "" for none."""
    if not span:
        return ""
    minutes = max(1, int(span / MINUTE))
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    words = [
        (days, ngettext("%(n)s day", "%(n)s days", days)),
        (hours, ngettext("%(n)s hour", "%(n)s hours", hours)),
        (minutes, ngettext("%(n)s minute", "%(n)s minutes", minutes)),
    ]
    largest = [text % {"n": n} for n, text in words if n][:2]
    return _("%(large)s and %(small)s") % {"large": largest[0], "small": largest[1]} if largest[1:] else largest[0]
