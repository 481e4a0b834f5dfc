"""Two rows that turn out to be one human: what of the one who goes becomes the other's, in steps (actions.erasing).

Whatever must not lose its person goes over: tables are asked for, not named. What only lets somebody in, or work here,
does not: sessions, keys, access, teams. So nobody gains a right but to read what either of the two asked.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _

from accounts import audit, contacts, moving, sessions
from accounts.addresses import MOST_ADDRESSES
from accounts.models import AuditKind, Invitation, Note, User
from accounts.people import gave_a_name
from accounts.principal import Principal
from tickets.actions.belongings import drop_belongings
from tickets.actions.parts import BATCH, give_entries, give_parts
from tickets.erasure import protected
from tickets.models import Erasure, Participant, Referral, ThreadEntry, Ticket

# What is known of a person; of these the other's are taken where there are none.
FACTS = ("name", "phone", "time_zone", "language", "organization")


@dataclass(frozen=True, slots=True)
class Share:
    """How much of each kind goes over with a person."""

    tickets: int
    # Where they take part in tickets of others.
    parts: int
    addresses: int
    notes: int
    has_account: bool


def share(person: User) -> Share:
    asked = Ticket.objects.filter(requester=person).count()
    return Share(
        tickets=asked,
        parts=Participant.objects.filter(user=person).count() - asked,
        addresses=person.addresses.count(),
        notes=person.notes.count(),
        has_account=person.may_sign_in,
    )


def why_not(person: User, to: User | None) -> str:
    """Say why `person` cannot become one with `to`, "" if they can. Either may be anonymised or work here by now."""
    if to is None or to.pk == person.pk:
        return _("Choose another person to merge with.")
    for one in (person, to):
        try:
            contacts.require_changeable(one)
        except contacts.NotPossible as refused:
            return str(refused)
        if not one.is_active:
            return _("%(name)s is locked. Who is locked gets in by no merging.") % {"name": one}
        if Erasure.objects.filter(person=one).exists():
            return _("Something is being done to %(name)s already. Look again in a minute.") % {"name": one}
    if person.is_demo != to.is_demo:
        return _("Made-up people and real ones are not merged.")
    if Ticket.objects.filter(assignee=person).exists():
        return _("%(name)s worked here and still has tickets. Assign these to others first.") % {"name": person}
    if person.addresses.count() + to.addresses.count() > MOST_ADDRESSES:
        return _("Together they have more than %(count)s addresses. Remove some first.") % {"count": MOST_ADDRESSES}
    return ""


def begin(person: User, to: User, *, by: User, at: datetime) -> None:
    """Let nobody in as `person` any more, and let their addresses lead to `to`; what was asked follows in steps.

    Both are locked, and nothing speaks against it.
    """
    sessions.end_all(person)
    drop_belongings(person, keep=frozenset({Note}))
    Invitation.objects.filter(address__user=person).delete()
    # Asked while the addresses are still with whom they name.
    if gave_a_name(person) and not gave_a_name(to):
        to.name = person.name
    moving.move_all(person, to)
    for fact in FACTS:
        # Whoever speaks for an organisation is named by somebody, not by a merging.
        setattr(to, fact, getattr(to, fact) or getattr(person, fact))
    to.save(update_fields=FACTS)
    person.set_unusable_password()
    person.save(update_fields=["password"])
    # The number of who is gone is no key any more: what was written of them before is found by it.
    audit.record(AuditKind.MERGED, by=by, at=at, target=to, changes={"person": (person.pk, to.pk)})


def go_over(erasure: Erasure, to: User, at: datetime) -> bool:
    """Let one batch go over, or what is left; say whether that was all."""
    person, by = erasure.person, erasure.asked_by
    parts = list(Participant.objects.filter(user=person).order_by("ticket")[:BATCH])
    if parts:
        principal = Principal.agent(by) if by.is_agent else Principal.requester(by)
        give_parts(parts, to, by=principal, at=at, why="merged")
        return False
    Referral.objects.filter(agent=person).delete()
    for rows, field in protected(User):
        if _give_some(rows, field, person, to):
            return False
    person.notes.update(person=to)
    audit.forget_addresses(person)
    Erasure.objects.filter(pk=erasure.pk).delete()
    person.delete()
    return True


def _give_some(rows: type[Model], field: str, person: User, to: User) -> bool:
    """Give a batch of these rows to `to`; say whether there was any."""
    keys = list(rows._base_manager.filter(**{field: person.pk}).order_by("pk").values_list("pk", flat=True)[:BATCH])
    some: QuerySet[Any] = rows._base_manager.filter(pk__in=keys)
    if rows is ThreadEntry:
        give_entries(some, to)
    else:
        some.update(**{field: to.pk})
    return bool(keys)
