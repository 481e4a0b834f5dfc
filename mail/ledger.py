"""What administrators do to the ledger: take mails in again, put one into a ticket, ignore one for ever, replay a time.

Each is refused with a sentence, recorded in the audit log by the page that asks for it, and harmless when done twice.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.principal import Face, Principal
from core import files, sweeping, wakeups
from core.models import SiteSettings
from mail import delivering, parsing
from mail.models import INTO_TICKETS, NOT_WHOLE, IncomingMail, IncomingState, Reason
from mail.outcome import told
from tickets.errors import DeedRefused
from tickets.models import Ticket
from tickets.thread import clean_text

# Not done with, or done with nothing: these can be taken in (again).
CAN_BE_TAKEN_IN = (IncomingState.QUARANTINED, IncomingState.IGNORED)
BATCH = 500


def take_in_again(mail: IncomingMail, *, by: Principal, at: datetime) -> None:
    """Let the workers take a mail in anew that was ignored or is quarantined.

    Raises DeedRefused for one that is in a ticket, waits already, has no raw bytes any more, or only its head.
    """
    _require_administrator(by)
    _require_whole(mail)
    rows = IncomingMail.objects.filter(pk=mail.pk, state__in=CAN_BE_TAKEN_IN, raw__isnull=False)
    rows = rows.exclude(reason__in=NOT_WHOLE)
    if not _wait(rows, at):
        raise DeedRefused(_("Only mails that were ignored or quarantined, and are still kept, can be taken in again."))
    wakeups.wake()


def let_through(mail: IncomingMail, *, by: Principal, at: datetime) -> None:
    """Take a mail in as a person's, whatever spoke against it: a ban, too many of them, words of a robot.

    Who its sender is, and what they take part in, still decides where it goes. Raises DeedRefused as `take_in_again`.
    """
    _require_administrator(by)
    with transaction.atomic():
        IncomingMail.objects.filter(pk=mail.pk).update(is_let_through=True)
        take_in_again(mail, by=by, at=at)


def replay(*, since: datetime, until: datetime, by: Principal, at: datetime) -> int:
    """Take in anew what was quarantined, having failed, in this time; return how many.

    For after a repair. What became something, was decided upon by rule or by an administrator stays as it is, so
    replaying twice does nothing more.
    """
    _require_administrator(by)
    count = _wait(failed(since=since, until=until), at)
    wakeups.wake()
    return count


def failed(*, since: datetime, until: datetime) -> "QuerySet[IncomingMail]":
    """Return what was stored in this time and could not be worked on."""
    return IncomingMail.objects.filter(
        state=IncomingState.QUARANTINED,
        reason__in=[Reason.FAILED, Reason.REFUSED],
        stored_at__gte=since,
        stored_at__lt=until,
        raw__isnull=False,
    )


@transaction.atomic
def ignore_for_ever(mail: IncomingMail, *, by: Principal, at: datetime) -> None:
    """Decide that nothing becomes of a mail in quarantine, nor of the same mail if it comes again."""
    _require_administrator(by)
    rows = IncomingMail.objects.filter(pk=mail.pk, state=IncomingState.QUARANTINED)
    if not rows.update(state=IncomingState.IGNORED, reason=Reason.FOR_EVER, taken_in_at=at, due_at=None, claim=None):
        raise DeedRefused(_("Only mails in quarantine can be ignored for ever."))


def force(mail: IncomingMail, ticket: Ticket, *, by: Principal, at: datetime) -> IncomingMail:
    """Put a mail that was ignored or is quarantined into a ticket, as a message of its sender.

    Its sender takes no part in the ticket by that. Raises DeedRefused, as `take_in_again` does, and where the mail does
    not say who sent it.
    """
    _require_administrator(by)
    held = IncomingMail.objects.select_related("raw", "mailbox").get(pk=mail.pk)
    _require_whole(held)
    if held.state not in CAN_BE_TAKEN_IN or held.raw is None:
        raise DeedRefused(_("Only mails that were ignored or quarantined, and are still kept, can go into a ticket."))
    with files.open_blob(held.raw) as file:
        parsed = parsing.parse(file.read())
    outcome = delivering.force(held, parsed, ticket, at=at)
    IncomingMail.objects.filter(pk=held.pk).exclude(state__in=INTO_TICKETS).update(
        state=outcome.state,
        reason=Reason.FORCED,
        ticket=outcome.ticket,
        entry=outcome.entry,
        remarks=told(outcome.remarks),
        remote_images=[clean_text(address) for address in outcome.remote_images],
        taken_in_at=at,
        due_at=None,
        claim=None,
        last_error="",
    )
    return IncomingMail.objects.get(pk=held.pk)


def let_go_of_raw(at: datetime) -> int:
    """Forget the raw bytes of mails that are done with and had their time (site settings); return how many."""
    before = at - SiteSettings.load().keep_raw_mail
    rows = IncomingMail.objects.filter(stored_at__lt=before, raw__isnull=False, due_at__isnull=True)
    rows = rows.exclude(state__in=[IncomingState.STORED, IncomingState.QUARANTINED])
    old = dict(rows.order_by("stored_at").values_list("pk", "raw")[:BATCH])
    IncomingMail.objects.filter(pk__in=old).update(raw=None)
    sweeping.let_go(list(old.values()), at)
    return len(old)


def can_be_taken_in(mail: IncomingMail) -> bool:
    """Say whether the mail can be taken in again, or put into a ticket."""
    return mail.state in CAN_BE_TAKEN_IN and mail.raw_id is not None and mail.reason not in NOT_WHOLE


def _require_whole(mail: IncomingMail) -> None:
    # Of its head alone a ticket would be made, without a word of what the sender wrote, and the rest never fetched.
    if mail.reason in NOT_WHOLE:
        raise DeedRefused(_("Only the head of this mail is here. The whole of it lies on the mail server."))


def _wait(rows: "QuerySet[IncomingMail]", at: datetime) -> int:
    return rows.update(
        state=IncomingState.STORED, reason="", due_at=at, claim=None, attempts=0, last_error="", ticket=None
    )


def _require_administrator(by: Principal) -> None:
    if by.face != Face.ADMIN or by.user is None or not by.user.is_staff:
        raise DeedRefused(_("Only administrators can decide on mails."))
