"""Let go of a person: hand their tickets to another, anonymise them, or delete them with their tickets.

`erase` takes it on; `go_on` does a step, as often as it takes. The worker goes on where a page stopped waiting.
"""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from accounts import audit, contacts, sessions
from accounts.models import Address, AuditKind, Permission, User
from accounts.people import lock_administrators
from accounts.principal import Principal
from core import wakeups
from core.models.work import holding
from tickets import events, policy
from tickets.actions.locking import lock
from tickets.erasure import (
    REMOVED,
    keepers,
    let_go_of_files,
    messages_of,
    purge,
    reach_others_at_their_own,
    stands_elsewhere,
)
from tickets.errors import DeedRefused
from tickets.models import Attachment, Erasure, FailedHandler, Kind, Participant, Ticket, Way
from tickets.models.people import Part

# So many tickets, or entries, are done at once.
BATCH = 50
# A page waits for so many steps, then leaves the rest to the worker.
STEPS = 6

# Nobody is found, or signs in, by an address of this domain (RFC 2606, section 2).
NOWHERE = "invalid"


@transaction.atomic
def erase(*, person: User, way: Way, by: Principal, at: datetime, to: User | None = None) -> Erasure:
    """Take it on and return the claim's row. Raises NotAllowed, NotPossible, DeedRefused with the reason.

    Who is to go is locked at once, so that nothing new comes in meanwhile.
    """
    policy.require_anywhere(by, Permission.PERSON_DELETE)
    assert by.user is not None  # who is allowed something by a role is an agent
    lock_administrators()
    held = User.objects.select_for_update().get(pk=person.pk)
    contacts.require_changeable(held)
    if way == Way.HAND_OVER:
        _check_receiver(held, to, by)
    elif way == Way.DELETE and stands_elsewhere(held):
        raise DeedRefused(
            _("%(name)s also stands in tickets of others, so these would break. Anonymise instead.") % {"name": held}
        )
    if way != Way.HAND_OVER:
        held.is_active = False
        held.set_unusable_password()
        held.save(update_fields=["is_active", "password"])
    try:
        with transaction.atomic():
            return Erasure.objects.create(
                person=held,
                way=way,
                to=to if way == Way.HAND_OVER else None,
                asked_by=by.user,
                asked_at=at,
                # Ours until the page stops waiting; after that, or should this process die, the relay's.
                due_at=at + settings.CLAIM_TIME,
                claim=uuid4(),
            )
    except IntegrityError as error:
        raise DeedRefused(_("This is being done already. Look again in a minute.")) from error


def go_on_for_a_while(erasure: Erasure, *, at: datetime) -> bool:
    """Do the first steps; say whether that was all. The rest is left to the worker."""
    assert erasure.claim is not None
    for _step in range(STEPS):
        if go_on(erasure, claim=erasure.claim, at=at):
            return True
    if holding(Erasure.objects.all(), erasure.pk, erasure.claim).update(due_at=at, claim=None):
        wakeups.wake()
    return False


@transaction.atomic
def go_on(erasure: Erasure, *, claim: UUID, at: datetime) -> bool:
    """Do one step; say whether it was the last. Without the claim nothing is done, and it says so."""
    held = holding(Erasure.objects.select_for_update(of=("self",)), erasure.pk, claim).first()
    if held is None:
        return True
    person = User.objects.select_for_update().get(pk=held.person_id)
    if person.is_agent or person.is_administrator:
        # Somebody made them one since; what works here is not erased behind an administrator's back.
        held.delete()
        return True
    if person.is_active and held.way != Way.HAND_OVER:
        # Unlocked since: who is going must not write meanwhile.
        User.objects.filter(pk=person.pk).update(is_active=False)
    match Way(held.way):
        case Way.HAND_OVER:
            is_done = _hand_over(held, at)
        case Way.ANONYMISE:
            is_done = _anonymise(held, at)
        case Way.DELETE:
            is_done = _delete(held, at)
    if is_done:
        Erasure.objects.filter(pk=held.pk).delete()
    return is_done


def _check_receiver(person: User, to: User | None, by: Principal) -> None:
    if to is None or to.pk == person.pk:
        raise DeedRefused(_("Choose another person to hand the tickets to."))
    if by.user is not None and to.pk == by.user.pk:
        # They would read, as the requester, what their departments do not show them.
        raise DeedRefused(_("You cannot hand tickets to yourself."))
    if not to.is_active or to.anonymised_at is not None or not to.addresses.filter(is_primary=True).exists():
        raise DeedRefused(_("%(name)s cannot be given tickets: locked, or without an address.") % {"name": to})


# --- Handing over --------------------------------------------------------------------------------


def _hand_over(erasure: Erasure, at: datetime) -> bool:
    if erasure.to is None or not erasure.to.is_active:
        return True
    to = erasure.to
    address = to.addresses.get(is_primary=True)
    tickets = list(Ticket.objects.filter(requester=erasure.person).order_by("pk")[:BATCH])
    for row in tickets:
        _give(lock(row), erasure, to, address, at)
    if len(tickets) < BATCH:
        changes = {"tickets_to": (erasure.person_id, to.pk)}
        audit.record(AuditKind.CHANGED, by=erasure.asked_by, at=at, target=erasure.person, changes=changes)
    return len(tickets) < BATCH


def _give(ticket: Ticket, erasure: Erasure, to: User, address: Address, at: datetime) -> None:
    """Make `to` the one who asks; links mailed to the one before open the ticket no more."""
    before = ticket.requester
    ticket.participants.filter(user=to).exclude(role=Part.REQUESTER).delete()
    ticket.participants.filter(role=Part.REQUESTER).update(user=to, address=address, added_at=at)
    ticket.requester, ticket.organization = to, to.organization
    ticket.save(update_fields=["requester", "organization"])
    by = Principal.agent(erasure.asked_by)
    data: dict[str, Any] = {"to": to.pk, "from": before.pk}
    events.record(Kind.REQUESTER_CHANGED, ticket, by=by, at=at, **data)


# --- Anonymising ---------------------------------------------------------------------------------


def _anonymise(erasure: Erasure, at: datetime) -> bool:
    """Blank a batch of what the person typed, then their tickets' subjects, then who they were."""
    person = erasure.person
    # Blank text alone may be another's redaction: words in the html and files can be left.
    left = ~Q(text=REMOVED) | ~Q(html="") | Exists(Attachment.objects.filter(entry=OuterRef("pk")))
    entries = list(messages_of(person).filter(left).order_by("pk")[:BATCH])
    if entries:
        keys = [entry.pk for entry in entries]
        let_go_of_files(Attachment.objects.filter(entry__in=keys), at)
        messages_of(person).filter(pk__in=keys).update(text=REMOVED, html="")
        return False
    subjects = Ticket.objects.filter(requester=person).exclude(subject=REMOVED).order_by("pk")
    tickets = list(subjects.values_list("pk", flat=True)[:BATCH])
    if tickets:
        FailedHandler.objects.filter(event__ticket__in=tickets).update(error=REMOVED)
        Ticket.objects.filter(pk__in=tickets).update(subject=REMOVED)
        return False
    _forget(person, at)
    audit.record(AuditKind.ANONYMISED, by=erasure.asked_by, at=at, target=person)
    return True


def _forget(person: User, at: datetime) -> None:
    emails = list(person.addresses.values_list("email", flat=True))
    for word in filter(None, [person.name, person.phone, *emails]):
        FailedHandler.objects.filter(error__icontains=word).update(error=REMOVED)
    for keeper in keepers():
        keeper.anonymise(person, at)
    sessions.end_all(person)
    reach_others_at_their_own(person.addresses.all())
    _drop_belongings(person)
    for address in person.addresses.select_for_update():
        address.email = f"erased-{address.pk}@{NOWHERE}"
        address.verified_at = address.bouncing_at = None
        address.link_epoch += 1
        address.save()
    person.name = person.email = person.phone = person.time_zone = person.language = ""
    person.organization, person.is_primary_contact, person.is_active = None, False, False
    person.last_login = None
    person.anonymised_at = at
    person.set_unusable_password()
    person.save()
    Ticket.objects.filter(requester=person).update(organization=None)
    audit.forget_addresses(person)


def _drop_belongings(person: User) -> None:
    """Delete what would go with the person: notes about them, preferences, keys, whatever else hangs on them."""
    for relation in User._meta.get_fields(include_hidden=True):
        if getattr(relation, "on_delete", None) is not models.CASCADE or relation.related_model in {Address, Erasure}:
            continue
        rows = relation.related_model
        if relation.auto_created and isinstance(rows, type) and issubclass(rows, models.Model):
            field = relation.field.name  # type: ignore[union-attr]  # of the key that points here
            rows._base_manager.filter(**{field: person.pk}).delete()


# --- Deleting ------------------------------------------------------------------------------------


def _delete(erasure: Erasure, at: datetime) -> bool:
    person = erasure.person
    tickets = list(Ticket.objects.filter(requester=person).order_by("pk").values_list("pk", flat=True)[:BATCH])
    if tickets:
        let_go_of_files(Attachment.objects.filter(entry__ticket__in=tickets), at)
        purge(Ticket, tickets)
        return False
    Participant.objects.filter(user=person).delete()
    reach_others_at_their_own(person.addresses.all())
    for keeper in keepers():
        keeper.person_gone(person)
    audit.forget_addresses(person)
    audit.record(AuditKind.DELETED, by=erasure.asked_by, at=at, target=person)
    person.delete()
    return True
