"""From which addresses a reply may come, as the composer offers them and as its card tells of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from email.utils import parseaddr

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.principal import Principal
from mail import choosing
from mail.models import OwnAddress
from tickets.models import Ticket


@dataclass(frozen=True, slots=True)
class Senders:
    """What there is to choose, by the value that a form sends; "" is the usual one. Empty where that is all."""

    choices: Sequence[tuple[str, str]] = ()
    # The usual one by its key: chosen before it was the usual one, it is as good.
    usual: str = ""

    def value_of(self, sender: int | None) -> str:
        """Return the value for an address that was chosen before, whether it is still offered or not."""
        return "" if sender is None or str(sender) == self.usual else str(sender)


def senders_of(principal: Principal, ticket: Ticket) -> Senders:
    """Return from which addresses this agent may answer the ticket."""
    if not getattr(ticket, "has_writers", True):
        return Senders()
    usual, others = choosing.offered(principal, ticket)
    key = str(usual.pk) if usual is not None else ""
    if not others:
        return Senders(usual=key)
    first = _label(usual.name, usual.email) if usual is not None else _label(*parseaddr(settings.MAIL_FROM))
    return Senders([("", first), *((str(one.pk), _label(one.name, one.email)) for one in others)], key)


def emails_of(keys: Collection[int | None]) -> dict[int | None, str]:
    """Return by its key what to call each address that was chosen; one query, or none."""
    wanted = {key for key in keys if key is not None}
    found = dict(OwnAddress.objects.filter(pk__in=wanted).values_list("pk", "email")) if wanted else {}
    return {key: found.get(key) or _("an address that is gone") for key in wanted}


def _label(name: str, email: str) -> str:
    return f"{name} <{email}>" if name else email
