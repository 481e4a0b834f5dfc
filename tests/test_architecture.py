"""Foreign keys go down the floors, as imports do (which import-linter proves)."""

import pytest
from django.apps import apps
from django.db.models import Field, Model, Q, UniqueConstraint

from tickets.erasure import referring
from tickets.models import Ticket

pytestmark = pytest.mark.once

FLOORS = [
    {"core"},
    {"accounts"},
    {"sla"},
    {"tickets"},
    {"mail", "notices", "pages", "knowledge"},
    {"desk", "portal", "api"},
    {"reports"},
    {"helpdesk"},
]
FLOOR = {app: number for number, floor in enumerate(FLOORS) for app in floor}


def our_models() -> list[type[Model]]:
    """Return every model of ours, the hidden ones between two many-to-many sides included."""
    return [model for model in apps.get_models(include_auto_created=True) if model._meta.app_label in FLOOR]


def keys_of(model: type[Model]) -> list[Field]:
    fields = [*model._meta.get_fields(include_parents=False), *model._meta.private_fields]
    return [field for field in fields if isinstance(field, Field) and field.is_relation and field.related_model]


def test_every_app_of_ours_stands_on_a_floor():
    from django.conf import settings

    ours = {name for name in settings.INSTALLED_APPS if (settings.BASE_DIR / name).is_dir()}

    assert ours
    assert ours <= set(FLOOR)


def test_foreign_keys_point_to_the_same_floor_or_one_below():
    keys = [(model, field) for model in our_models() for field in keys_of(model)]

    upward = [
        f"{model._meta.label}.{field.name} → {field.related_model._meta.label}"
        for model, field in keys
        if not may_point(model, field.related_model)
    ]

    assert len(keys) > 20
    assert upward == []


@pytest.mark.parametrize(
    ("source", "target", "allowed"),
    [
        ("tickets.Ticket", "accounts.User", True),
        ("tickets.Ticket", "tickets.Department", True),
        ("accounts.User", "tickets.Department", False),
        ("sla.SLAPlan", "tickets.HelpTopic", False),
        ("core.SiteSettings", "accounts.User", False),
        ("tickets.Ticket", "auth.Group", False),
    ],
)
def test_the_rule_itself_tells_up_from_down(source, target, allowed):
    assert may_point(apps.get_model(source), apps.get_model(target)) is allowed


def may_point(source: type[Model], target: type[Model]) -> bool:
    """Return whether `source` may hold a key to `target`; of Django's own apps, content types alone."""
    above, below = source._meta.app_label, target._meta.app_label
    if below not in FLOOR:
        return below == "contenttypes"
    same_floor_other_app = FLOOR[above] == FLOOR[below] and above != below
    return FLOOR[below] <= FLOOR[above] and not same_floor_other_app


def test_whatever_goes_with_a_ticket_is_found_by_an_index():
    # Before a row goes PostgreSQL looks for rows that name it: without an index it reads the table for each.
    going, unindexed = {Ticket}, set()
    for model in (waiting := [Ticket]):
        for other, key, deletes in referring(model):
            unindexed |= {f"{other._meta.label}.{key}"} if not is_indexed(other, key) else set()
            if deletes and other not in going:
                going.add(other)
                waiting.append(other)

    assert {"mail.OutgoingMail", "tickets.TicketEvent", "notices.Notice"} <= {model._meta.label for model in going}
    assert unindexed == set()


def is_indexed(model: type[Model], key: str) -> bool:
    """Say whether an index begins with the key and leaves out only rows without it."""
    field = model._meta.get_field(key)
    if field.db_index or field.unique:
        return True
    only_set = (None, Q(**{f"{key}__isnull": False}))
    made = [*model._meta.indexes, *(one for one in model._meta.constraints if isinstance(one, UniqueConstraint))]
    return any(one.fields[:1] in ([key], (key,)) and one.condition in only_set for one in made)
