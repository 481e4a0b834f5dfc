"""Who reads a mail: what they may be told, and where it leads them."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.principal import Principal
from core.absolute import absolute_url
from mail.common import Common
from mail.models import ALERT_TEMPLATES, OutgoingMail, Template
from tickets import links
from tickets.models import Ticket

ALERTS = frozenset(ALERT_TEMPLATES.values())


# To agents as such: they lead to the desk, and answers count as the agent's.
TO_AGENTS = {*ALERTS, Template.AGENT_COMMANDS}


class NoLongerWanted(Exception):
    """Whoever should get this may not read the ticket any more, or is gone; `str()` says so in one sentence."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads the mail: what they may be told, and where the button leads."""

    user: User
    is_agent: bool
    is_confirmed: bool
    link: str
    part: str = ""
    # Who only administers reads what the administration shows: nothing that was written.
    reads_words: bool = True


def reader_of(mail: OutgoingMail, common: Common, *, link: str = "") -> Reader:
    """Return who reads it; `link` stands in for one of their own. Raises NoLongerWanted."""
    if mail.ticket is None or mail.address is None:
        # Taken from its owner since, or all that the mail said was in a body that is kept no more.
        raise NoLongerWanted(_("What this mail was about, or the address it was for, is not kept any more."))
    address = mail.address
    if mail.template in TO_AGENTS:
        return _desk_reader(mail, common, link)
    participant = common.participant(mail)
    if participant is None:
        raise NoLongerWanted(_("%(email)s takes no part in this ticket any more.") % {"email": mail.recipient})
    return Reader(participant.user, False, address.is_verified, link or links.link_for(participant), participant.role)


def _desk_reader(mail: OutgoingMail, common: Common, link: str) -> Reader:
    ticket, address = mail.ticket, mail.address
    assert ticket is not None
    assert address is not None
    user = address.user
    if common.is_seen_by_agent(mail):
        return Reader(user, True, address.is_verified, link or absolute_url("desk:ticket", ticket.number))
    if Ticket.objects.visible_to(Principal.administrator(user)).filter(pk=ticket.pk).exists():
        page = link or absolute_url("admin:tickets_ticket_change", ticket.pk)
        return Reader(user, True, address.is_verified, page, reads_words=False)
    raise NoLongerWanted(_("%(name)s may not see this ticket any more.") % {"name": user})
