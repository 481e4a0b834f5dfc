"""Reading the audit log: finding events, and telling what changed in words.

Names are looked up when somebody reads: the log itself holds numbers, so that whoever is anonymised is so here too.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import DateField, DurationField, ForeignKey, Model, Q, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.timezone import make_aware
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Address, AuditEvent, AuditKind, Permission, User
from core import durations
from core.moments import full_moment

# More people than this are not looked for by one name.
MOST_PEOPLE = 50

# What is told by a code, since it is no value of a field.
WORDS: Mapping[str, "str | Promise"] = {
    "ticket_links": gettext_lazy("ticket links"),
    "revoked": gettext_lazy("revoked"),
    "mail": gettext_lazy("mail"),
    "sent_again": gettext_lazy("sent again"),
    "person": gettext_lazy("person"),
    "viewing": gettext_lazy("seeing the desk as this agent"),
    "began": gettext_lazy("began"),
    "ended": gettext_lazy("ended"),
    "scope": gettext_lazy("tries"),
    "sign-in:account": gettext_lazy("with a password"),
    "sign-in:client": gettext_lazy("from one client"),
    "second-factor:account": gettext_lazy("with a second factor"),
    "api-key": gettext_lazy("with an API key"),
    "way": gettext_lazy("signed in with"),
    "app": gettext_lazy("authenticator app"),
    "factors": gettext_lazy("second factors"),
    "agents": gettext_lazy("agents"),
    "about": gettext_lazy("words about"),
    "tickets_to": gettext_lazy("tickets handed to"),
    "primary_department": gettext_lazy("primary department"),
    "keeps_access": gettext_lazy("keeps access to the department before"),
    "looked_at": gettext_lazy("tickets looked at"),
    "moved": gettext_lazy("of which deadlines moved"),
    "failed": gettext_lazy("which could not be reckoned"),
    "place": gettext_lazy("place in the list"),
    **{permission.value: permission.label for permission in Permission},
}

# Rows that are told of under names which no field has, each with the model they are of.
_keys_of: dict[str, str] = {
    "role": "accounts.role",
    "agents": "accounts.user",
    "about": "accounts.user",
    "tickets_to": "accounts.user",
    "person": "accounts.user",
}

# Of a longer list the rest is counted.
MOST_NAMED = 20

Key = tuple[str, int]


def name_keys(models: Mapping[str, str]) -> None:
    """Say of which models the rows are that a floor above tells of: name → model. Called when that app is ready."""
    _keys_of.update(models)


@dataclass(frozen=True, slots=True)
class Stand:
    """What is told of like a field that leads to rows, and is none."""

    verbose_name: str
    related_model: type[Model]
    auto_created: bool = False
    concrete: bool = True


@dataclass(frozen=True, slots=True)
class Search:
    """What an administrator looks for; what is empty narrows nothing."""

    who: str = ""
    kind: str = ""
    thing: str = ""
    number: int | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """What changed of one field. `old` and `new` are "" where there was or is nothing."""

    label: str
    old: str = ""
    new: str = ""
    is_withheld: bool = False
    # Of a list: `old` is what was taken out, `new` what was put in.
    is_list: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    event: AuditEvent
    who: str
    thing: str
    # The row, as far as it is still there.
    target: Model | None
    lines: list[Line]

    @property
    def withheld(self) -> str:
        """Say of a field that something was or is there, and not what."""
        match self.event.kind:
            case AuditKind.CREATED:
                return _("given; the words are not kept")
            case AuditKind.DELETED:
                return _("the words are not kept")
        return _("changed; the words are not kept")


def find(search: Search) -> QuerySet[AuditEvent]:
    """Return the events that fit, unordered. A day begins and ends in the active time zone."""
    events = AuditEvent.objects.select_related("by")
    if search.who:
        events = events.filter(by__in=_people(search.who))
    if search.kind:
        events = events.filter(kind=search.kind)
    if search.thing:
        events = events.filter(target_model=search.thing)
        if search.number is not None:
            events = events.filter(target_id=search.number)
    if search.since:
        events = events.filter(at__gte=make_aware(datetime.combine(search.since, time.min)))
    if search.until:
        events = events.filter(at__lt=make_aware(datetime.combine(search.until + timedelta(days=1), time.min)))
    return events


def _people(text: str) -> list[int]:
    """Return the keys of whom a number, a whole address or a part of a name means, newest first."""
    if text.isdecimal() and len(text) < 19:
        return [int(text)]
    by_address = Address.objects.filter(email=text.lower()).values("user")
    found = User.objects.filter(Q(name__icontains=text) | Q(pk__in=by_address)).order_by("-pk")
    return list(found.values_list("pk", flat=True)[:MOST_PEOPLE])


def tell(events: Iterable[AuditEvent]) -> list[Told]:
    """Return the events in words. One query per kind of row that they name."""
    events = list(events)
    models = {event.pk: _model(event.target_model) for event in events}
    wanted: set[Key] = set()
    for event in events:
        if event.target_id is not None and event.target_model:
            wanted.add((event.target_model, event.target_id))
        for name, pair in event.changes.items():
            wanted |= _referred(models[event.pk], name, pair)
    rows = _load(wanted)
    return [_told(event, models[event.pk], rows) for event in events]


def _told(event: AuditEvent, model: type[Model] | None, rows: Mapping[Key, Model]) -> Told:
    target = rows.get((event.target_model, event.target_id)) if event.target_id is not None else None
    lines = [line for name, pair in event.changes.items() for line in _lines(model, name, pair, rows)]
    if event.kind in {AuditKind.CREATED, AuditKind.EXPORTED}:
        # Nothing came or went: this is all there was.
        lines = [replace(line, is_list=False) for line in lines]
    return Told(event, who(event), _thing(event, model, target), target, lines)


def who(event: AuditEvent) -> str:
    if event.by_id is None:
        return _("Nobody signed in") if event.kind == AuditKind.REFUSED else _("The help desk itself")
    # The key leads nowhere once the person is deleted.
    try:
        return event.by.display_name  # type: ignore[union-attr]
    except (AttributeError, User.DoesNotExist):
        return _("Person %(number)s, deleted") % {"number": event.by_id}


def _thing(event: AuditEvent, model: type[Model] | None, target: Model | None) -> str:
    if not event.target_model:
        return ""
    kind = capfirst(str(model._meta.verbose_name)) if model else event.target_model
    if target is not None:
        return f"{kind}: {target}"
    return f"{kind} {event.target_id}" if event.target_id is not None else kind


# --- Old and new ---------------------------------------------------------------------------------


def _lines(model: type[Model] | None, name: str, pair: Any, rows: Mapping[Key, Model]) -> list[Line]:
    old, new = pair if isinstance(pair, list) and len(pair) == 2 else (None, pair)
    relation, _colon, key = name.partition(":")
    if key and isinstance(old or new, dict):
        return [_line_within(model, relation, old, new, rows)]
    field = _field(model, name)
    label = capfirst(str(WORDS.get(name) or (field and _label(field)) or name.replace("_", " ")))
    if old is None and new is None:
        return [Line(label, is_withheld=True)]
    if all(isinstance(value, list | None) for value in (old, new)):
        gone, come = _gone_and_come(old, new)
        return [Line(label, _words(field, gone, rows), _words(field, come, rows), is_list=True)]
    return [Line(label, _word(field, old, rows), _word(field, new, rows))]


def _line_within(model: type[Model] | None, relation: str, old: Any, new: Any, rows: Mapping[Key, Model]) -> Line:
    """Tell of a row of a table within the page: what it was and what it is; of one that stayed what differs."""
    inner = getattr(_field(model, relation), "related_model", None)
    label = capfirst(str(inner._meta.verbose_name if inner else relation.replace("_", " ")))

    places = {field.name: i for i, field in enumerate(inner._meta.concrete_fields)} if inner else {}

    def spell(values: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> str:
        parts = []
        # PostgreSQL keeps no order of what is written into JSON.
        for name in sorted(values or {}, key=lambda name: places.get(name, len(places))):
            field, value = _field(inner, name), (values or {})[name]
            says_which = isinstance(field, ForeignKey) or (field is not None and getattr(field, "choices", None))
            if not says_which and (value in (None, "", False) if other is None else other.get(name) == value):
                continue
            title = _label(field) if field else name
            parts.append(f"{title} {_word(field, value, rows)}")
        return ", ".join(parts)

    return Line(label, spell(old, new), spell(new, old), is_withheld=old == new)


def _gone_and_come(old: list[Any] | None, new: list[Any] | None) -> tuple[list[Any], list[Any]]:
    before, after = old or [], new or []
    return [each for each in before if each not in after], [each for each in after if each not in before]


def _words(field: Any, values: list[Any], rows: Mapping[Key, Model]) -> str:
    told = [_word(field, each, rows) for each in values[:MOST_NAMED]]
    if more := len(values) - len(told):
        told.append(_("%(count)s more") % {"count": more})
    return ", ".join(told)


def _word(field: Any, value: Any, rows: Mapping[Key, Model]) -> str:
    """Return one value as people read it, "" for none."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    related = getattr(field, "related_model", None)
    if related is not None and isinstance(value, int):
        row = rows.get((related._meta.concrete_model._meta.label_lower, value))
        return str(row) if row is not None else _("number %(number)s") % {"number": value}
    if isinstance(field, DurationField) and isinstance(value, int | float):
        return durations.spell(timedelta(seconds=value))
    choices = dict(getattr(field, "flatchoices", None) or ())
    if isinstance(value, str | int) and value in choices:
        return str(choices[value])
    if isinstance(value, str):
        moment = parse_datetime(value) if len(value) > 18 and "T" in value else None
        if moment is not None and timezone.is_aware(moment):
            return full_moment(moment)
        if isinstance(field, DateField) and (day := parse_date(value)):
            return date_format(day)
        return str(WORDS.get(value, value))
    return str(value)


def _referred(model: type[Model] | None, name: str, pair: Any) -> set[Key]:
    """Return which rows the values of this change are the keys of."""
    relation, _colon, key = name.partition(":")
    field, found = _field(model, relation), set()
    if isinstance(pair, list) and len(pair) == 2 and all(isinstance(value, list | None) for value in pair):
        gone, come = _gone_and_come(*pair)
        return _keys(field, [*gone[:MOST_NAMED], *come[:MOST_NAMED]])
    for value in pair if isinstance(pair, list) else [pair]:
        if key and isinstance(value, dict):
            inner = getattr(field, "related_model", None)
            for inner_name, inner_value in value.items():
                found |= _keys(_field(inner, inner_name), inner_value)
        else:
            found |= _keys(field, value)
    return found


def _keys(field: Any, value: Any) -> set[Key]:
    related = getattr(field, "related_model", None)
    if related is None:
        return set()
    values = value if isinstance(value, list) else [value]
    label = related._meta.concrete_model._meta.label_lower
    return {(label, each) for each in values if isinstance(each, int) and not isinstance(each, bool)}


def _load(wanted: Iterable[Key]) -> dict[Key, Model]:
    keys: dict[str, set[int]] = defaultdict(set)
    for label, key in wanted:
        keys[label].add(key)
    rows: dict[Key, Model] = {}
    for label, numbers in keys.items():
        if (model := _model(label)) is not None:
            # What is named with what it is below is read with that.
            every = model._default_manager.all()
            found = (every.with_path() if hasattr(every, "with_path") else model._base_manager).in_bulk(numbers)
            rows |= {(label, key): row for key, row in found.items()}
    return rows


def _model(label: str) -> type[Model] | None:
    """Return the model of that name; None for one of an older version."""
    try:
        return apps.get_model(label) if label else None
    except (LookupError, ValueError):
        return None


def _field(model: type[Model] | None, name: str) -> Any:
    """Return a field or relation by the name that a row of the log gives it, None for what is neither."""
    if model is not None:
        try:
            return model._meta.get_field(name)
        except FieldDoesNotExist:
            related = (each for each in model._meta.related_objects if each.get_accessor_name() == name)
            if found := next(related, None):
                return found
    referred = _model(_keys_of.get(name, ""))
    return Stand(str(WORDS.get(name, name.replace("_", " "))), referred) if referred else None


def _label(field: Any) -> str:
    """Return what a field, or a relation from elsewhere, is called."""
    if field.auto_created and not field.concrete:
        return str(field.related_model._meta.verbose_name_plural)
    return str(field.verbose_name)
