"""What administrators do with mailboxes besides filling in their form."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.principal import Face, Principal
from core import wakeups
from mail.models import Mailbox, Protocol
from tickets.errors import DeedRefused


def take_up(mailbox: Mailbox, *, at: datetime) -> None:
    """Let the workers begin anew with a mailbox as it stands now; whoever fetches from it stops."""
    due_at = at if mailbox.is_fetched else None
    Mailbox.objects.filter(pk=mailbox.pk).update(due_at=due_at, claim=None, failures=0, looked_through_at=None)
    wakeups.wake()


def fetch_now(mailbox: Mailbox, *, by: Principal, at: datetime) -> None:
    """Make a mailbox due at once. One that is being fetched from is left to whoever does it. Raises DeedRefused."""
    _require_administrator(by)
    if not mailbox.is_active:
        raise DeedRefused(_("“%(name)s” is switched off, so nothing is fetched.") % {"name": mailbox})
    if mailbox.protocol == Protocol.PUSHED:
        raise DeedRefused(_("“%(name)s” is not fetched from: its mail is handed to us.") % {"name": mailbox})
    Mailbox.objects.filter(pk=mailbox.pk, claim=None).update(due_at=at)
    wakeups.wake()


@transaction.atomic
def switch(mailbox: Mailbox, *, on: bool, by: Principal, at: datetime) -> None:
    """Switch a mailbox on or off. Switched off, nothing is fetched; mail to its address is still ours."""
    _require_administrator(by)
    Mailbox.objects.filter(pk=mailbox.pk).update(is_active=on)
    mailbox.is_active = on
    take_up(mailbox, at=at)


def _require_administrator(by: Principal) -> None:
    if by.face != Face.ADMIN or by.user is None or not by.user.is_staff:
        raise DeedRefused(_("Only administrators do this with mailboxes."))
