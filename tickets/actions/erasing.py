"""Let go of a person: hand their tickets to another, merge them with another, anonymise them, or delete them.

`erase` takes it on; `go_on` does a step, as often as it takes. The worker goes on where a page stopped waiting.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID, uuid4

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext as _

from accounts import audit, bouncing, contacts, sessions
from accounts.models import Address, AuditKind, Permission, User
from accounts.people import lock_administrators, set_active
from accounts.principal import Principal
from core import wakeups
from core.models.work import holding
from tickets import policy
from tickets.actions import merging
from tickets.actions.belongings import drop_belongings
from tickets.actions.parts import give_parts
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
from tickets.models import (
    Attachment,
    EntryKind,
    Erasure,
    FailedHandler,
    HeldReply,
    Kind,
    Participant,
    ThreadEntry,
    Ticket,
    TicketEvent,
    Way,
)
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
    both = [person.pk] if to is None else [person.pk, to.pk]
    people = {one.pk: one for one in User.objects.select_for_update(no_key=True).filter(pk__in=both).order_by("pk")}
    held, receiver = people[person.pk], people.get(to.pk) if to is not None else None
    contacts.require_changeable(held)
    if Erasure.objects.filter(to=held).exists():
        raise DeedRefused(_("Tickets are on their way to %(name)s. Look again in a minute.") % {"name": held})
    if way == Way.MERGE:
        if reason := merging.why_not(held, receiver):
            raise DeedRefused(reason)
    elif way == Way.HAND_OVER:
        _check_receiver(held, receiver, by)
    elif way == Way.DELETE and stands_elsewhere(held):
        raise DeedRefused(
            _("%(name)s also stands in tickets of others, so these would break. Anonymise instead.") % {"name": held}
        )
    return _take_on(held, way, receiver, by=by.user, at=at)


def merge_emptied(address: Address, before: User, to: User, at: datetime) -> None:
    """Merge a guest whose last address went to `to`, who has shown to be the same. Both are locked; the worker does it.

    Where something is being done to one of them already, the guest stays, without an address.
    """
    if before.may_sign_in or before.addresses.exists() or merging.why_not(before, to):
        return
    erasure = _take_on(before, Way.MERGE, to, by=to, at=at)
    Erasure.objects.filter(pk=erasure.pk).update(due_at=at, claim=None)
    wakeups.wake()


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
    person = User.objects.select_for_update(no_key=True).get(pk=held.person_id)
    if person.is_agent or person.is_administrator:
        # Somebody made them one since; what works here is not erased behind an administrator's back.
        held.delete()
        return True
    if person.is_active and held.way in (Way.ANONYMISE, Way.DELETE):
        # Unlocked since: who is going must not write meanwhile.
        set_active(person, False)
    match Way(held.way):
        case Way.HAND_OVER:
            is_done = _hand_over(held, at)
        case Way.MERGE:
            assert held.to is not None  # it goes with who it is to
            is_done = merging.go_over(held, held.to, at)
        case Way.ANONYMISE:
            is_done = _anonymise(held, at)
        case Way.DELETE:
            is_done = _delete(held, at)
    if is_done:
        Erasure.objects.filter(pk=held.pk).delete()
    return is_done


def _take_on(person: User, way: Way, to: User | None, *, by: User, at: datetime) -> Erasure:
    """Do what cannot wait, and leave the row that does the rest. Who goes is let in nowhere from now on."""
    if way == Way.MERGE:
        assert to is not None  # or there would be a reason why not
        merging.begin(person, to, by=by, at=at)
    elif way != Way.HAND_OVER:
        person.set_unusable_password()
        person.save(update_fields=["password"])
        set_active(person, False)
    try:
        with transaction.atomic():
            return Erasure.objects.create(
                person=person,
                way=way,
                to=to if way in (Way.HAND_OVER, Way.MERGE) else None,
                asked_by=by,
                asked_at=at,
                # Ours until the page stops waiting; after that, or should this process die, the relay's.
                due_at=at + settings.CLAIM_TIME,
                claim=uuid4(),
            )
    except IntegrityError as error:
        raise DeedRefused(_("This is being done already. Look again in a minute.")) from error


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
    asked = Participant.objects.filter(user=erasure.person, role=Part.REQUESTER).order_by("ticket")
    parts = list(asked[:BATCH])
    # Who asks is reached at their own address; links mailed to the one before open the ticket no more.
    Participant.objects.filter(pk__in=[part.pk for part in parts]).update(
        address=to.addresses.get(is_primary=True), added_at=at
    )
    give_parts(parts, to, by=Principal.agent(erasure.asked_by), at=at, organization=to.organization)
    if len(parts) < BATCH:
        changes = {"tickets_to": (erasure.person_id, to.pk)}
        audit.record(AuditKind.CHANGED, by=erasure.asked_by, at=at, target=erasure.person, changes=changes)
    return len(parts) < BATCH


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
        _blank_answers({entry.ticket_id for entry in entries if entry.number == 1})
        return False
    subjects = Ticket.objects.filter(requester=person).exclude(subject=REMOVED).order_by("pk")
    tickets = list(subjects.values_list("pk", flat=True)[:BATCH])
    if tickets:
        FailedHandler.objects.filter(event__ticket__in=tickets).update(error=REMOVED)
        Ticket.objects.filter(pk__in=tickets).update(subject=REMOVED)
        _blank_answers(tickets)
        return False
    _forget(person, at)
    audit.record(AuditKind.ANONYMISED, by=erasure.asked_by, at=at, target=person)
    return True


def _blank_answers(tickets: Collection[int]) -> None:
    """Blank what answered these tickets by itself, where it repeats what was typed: nobody else wrote that."""
    typed = TicketEvent.objects.filter(ticket=OuterRef("ticket"), kind=Kind.AUTOMATIC_ANSWER, data__typed=True)
    answers = ThreadEntry.objects.filter(Exists(typed), ticket__in=tickets, kind=EntryKind.AUTOMATIC)
    answers.update(text=REMOVED, html="")


def _forget(person: User, at: datetime) -> None:
    emails = list(person.addresses.values_list("email", flat=True))
    for word in filter(None, [person.name, person.phone, *emails]):
        FailedHandler.objects.filter(error__icontains=word).update(error=REMOVED)
    for keeper in keepers():
        keeper.anonymise(person, at)
    # What was written to them and not sent has nobody to go to.
    HeldReply.objects.filter(ticket__requester=person).delete()
    sessions.end_all(person)
    reach_others_at_their_own(person.addresses.all())
    drop_belongings(person)
    for address in person.addresses.select_for_update():
        address.email = f"erased-{address.pk}@{NOWHERE}"
        address.verified_at = None
        for name, value in bouncing.UNMARKED.items():
            setattr(address, name, value)
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


# --- Deleting ------------------------------------------------------------------------------------


def _delete(erasure: Erasure, at: datetime) -> bool:
    person = erasure.person
    tickets = list(Ticket.objects.filter(requester=person).order_by("pk").values_list("pk", flat=True)[:BATCH])
    if tickets:
        let_go_of_files(Attachment.objects.filter(entry__ticket__in=tickets), at)
        # What was moved from here to a ticket that stays, stays there.
        elsewhere = ThreadEntry.objects.filter(origin_ticket__in=tickets).exclude(ticket__in=tickets)
        elsewhere.update(origin_ticket=F("ticket"))
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
