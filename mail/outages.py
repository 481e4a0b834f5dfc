"""When the account that mail goes out by does not work: mails wait for it together, and none is given up for it.

A wrong password, a server that is away, a service that is asked too often: no recipient can help it, and trying each
waiting mail would only lock the account. After some failures in a row, or at once where the next try can only end
like this one, nobody tries for a while; then one mail does, for all. The first that gets through ends it.
"""

import logging
from datetime import datetime, timedelta
from functools import cached_property

from django.conf import settings
from django.db.models import F, Q
from django.utils.translation import gettext as _

from mail import senders, transport
from mail.models import Outage, SendingAccount, SendsBy
from mail.transport import Answer
from mail.transport.services import LONGEST_WAIT as LONGEST_ASKED
from mail.url import MailService, SmtpServer

logger = logging.getLogger(__name__)

# So many failures in a row before mails wait together: a busy server refuses one connection and takes the next.
FEW = 3
# With a first wait of 10 s: doubled with each failure, up to five minutes.
MOST_WAITS = 30


class Way:
    """The account that a worker's mails go out by, and whether it works; read when the first of them asks."""

    def __init__(self, sender: SendingAccount | None = None) -> None:
        """`sender`: None for what MAIL_URL names."""
        self.sender = sender
        self._is_read = False
        self._outage: Outage | None = None

    @cached_property
    def to(self) -> SmtpServer | MailService:
        """Raises Trouble where what we know of the account does not suffice."""
        return senders.way_of(self.sender)

    @cached_property
    def account(self) -> str:
        return key_of(self.sender) if self.sender is not None else transport.account_of(self.to)

    @property
    def is_off(self) -> bool:
        return self.sender is not None and not self.sender.is_active

    @property
    def said(self) -> str:
        if self.is_off:
            return _("The sending account is switched off.")
        return self._outage.said if self._outage else ""

    @property
    def until(self) -> datetime | None:
        return self._outage.until if self._outage else None

    def may_try(self, at: datetime) -> bool:
        """Say whether a mail may try the account now; of many at once, when the wait is over, one may."""
        if self.is_off:
            return False
        if not self._is_read:
            self._read()
        if self.until is None:
            return True
        assert self._outage is not None
        # What ends later than any wait does was written before the machine's clock was set back.
        over = Q(until__lte=at) | Q(until__gt=at + self._longest())
        if Outage.objects.filter(over, pk=self._outage.pk).update(until=at + _wait(self._outage.failures)):
            return True
        self._read()
        return self._outage is None

    def failed(self, answer: Answer, at: datetime) -> datetime:
        """Write down that the account failed; return until when to leave it alone."""
        wait = note(self.account, answer.text, at, is_certain=answer.is_certain, wait=answer.wait)
        self._read()
        return at + wait

    def works(self) -> None:
        """Write down that a mail got through."""
        if self._outage is not None:
            over(self._outage)
            self._outage = None

    def _longest(self) -> timedelta:
        sender = self.sender
        by_service = isinstance(self.to, MailService) if sender is None else sender.sends_by == SendsBy.SERVICE
        return max(longest_wait(), LONGEST_ASKED) if by_service else longest_wait()

    def _read(self) -> None:
        self._outage, self._is_read = Outage.objects.filter(account=self.account).first(), True


def key_of(sender: SendingAccount) -> str:
    """Return by what an account is known here. Whoever changes its settings forgets its outage."""
    return f"account:{sender.pk}"


def note(account: str, said: str, at: datetime, *, is_certain: bool, wait: timedelta | None = None) -> timedelta:
    """Write down that the account failed; return how long to leave it alone. `wait` is what its service asks for."""
    outage, _is_new = Outage.objects.get_or_create(account=account, defaults={"since": at})
    failures = outage.failures + 1
    wait = max(wait or timedelta(0), _wait(failures))
    # Once it is shut only a mail that gets through opens it: a later failure that says less takes nothing back.
    is_shut = is_certain or failures >= FEW or outage.until is not None
    Outage.objects.filter(pk=outage.pk).update(
        failures=F("failures") + 1, until=at + wait if is_shut else None, said=said
    )
    if is_shut and outage.until is None:
        logger.error("mail cannot be sent: %s does not work: %s", account, said)
    return wait


def longest_wait() -> timedelta:
    """Return how long an account is left alone at most, unless its service asks for more."""
    return _wait(MOST_WAITS)


def forget_wait(account: str, at: datetime) -> None:
    """Let the account be tried at once: somebody wants to know."""
    Outage.objects.filter(account=account).exclude(until=None).update(until=at)


def of(sender: SendingAccount) -> Outage | None:
    return Outage.objects.filter(account=key_of(sender)).first()


def forget(sender: SendingAccount) -> None:
    """Let the account begin anew: it is set up otherwise."""
    Outage.objects.filter(account=key_of(sender)).delete()


def over(outage: Outage) -> None:
    if Outage.objects.filter(pk=outage.pk).delete()[0] and outage.until is not None:
        logger.warning("mail can be sent again: %s works", outage.account)


def _wait(failures: int) -> timedelta:
    first: timedelta = settings.RETRY_FIRST
    times: int = min(2 ** min(max(failures - 1, 0), 10), MOST_WAITS)
    return first * times
