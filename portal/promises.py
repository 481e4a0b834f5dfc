"""What a help topic promises, in words for requesters."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import prefetch_related_objects
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sla.models import SLAPlan, Target
from tickets import routing
from tickets.models import HelpTopic

# More cards than this are no choice any more.
MOST_TOPICS = 100

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Offer:
    """A help topic as a card: what it is, and when we answer."""

    topic: HelpTopic
    answer_within: str
    solve_within: str

    @property
    def pk(self) -> int:
        return self.topic.pk

    @property
    def promise(self) -> str:
        if not self.answer_within:
            return ""
        return _("We answer within %(time)s.") % {"time": self.answer_within}


def offers() -> list[Offer]:
    """Return the topics that requesters may choose, in their order."""
    topics = list(HelpTopic.objects.offered().select_related("sla_plan", "department__sla_plan")[:MOST_TOPICS])
    plans = routing.plans_for(topics)
    prefetch_related_objects([plan for plan in plans.values() if plan], "targets")
    return [_offer(topic, plans[topic.pk]) for topic in topics]


def _offer(topic: HelpTopic, plan: SLAPlan | None) -> Offer:
    promised: Mapping[str, timedelta] = plan.promises() if plan else {}
    return Offer(topic, spell(promised.get(Target.FIRST_RESPONSE)), spell(promised.get(Target.RESOLUTION)))


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
