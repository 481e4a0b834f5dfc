"""The automatic answer: a canned response that a help topic names, for tickets that requesters open (PARITY C03)."""

from accounts.letters import in_the_words_of
from accounts.principal import Principal
from core.models import SiteSettings
from tickets import variables
from tickets.canned import Inserted, filled
from tickets.models import CannedResponse, Department, Ticket
from tickets.variables import Facts, Values
from tickets.vocabulary import CANNED


def answer_to(ticket: Ticket, by: Principal, *, acknowledges: bool) -> CannedResponse | None:
    """Return what answers a ticket that is just opened; None where a plain mail confirms it, or none does.

    It goes where that mail would go, and in its place. Who follows up on a ticket of theirs had it already.
    """
    topic = ticket.topic
    if topic is None or topic.answer_id is None or by.acts_as_agent or ticket.follow_up_of_id is not None:
        return None
    if not acknowledges or not ticket.is_acknowledged:
        return None
    return topic.answer if topic.answer is not None and is_usable(topic.answer, ticket.department) else None


def is_usable(answer: CannedResponse, department: Department) -> bool:
    """Say whether it may answer in that department: it is active, offered there, and says something by itself."""
    is_offered = answer.department_id is None or answer.department_id in {one.pk for one in department.line()}
    return answer.is_active and answer.archived_at is None and is_offered and _says_something(answer)


def said(answer: CannedResponse, ticket: Ticket, *, tells_typed: bool) -> Inserted:
    """Return what it says to the ticket's requester, in their language and zone.

    Unless `tells_typed` it repeats nothing that was typed: nobody has shown yet that they read the address.
    """
    facts = Facts(ticket, SiteSettings.load(), tells_typed=tells_typed, tells_personal=True)
    with in_the_words_of(ticket.requester, ticket.department.language):
        return filled(answer, Values(CANNED, facts))


def _says_something(answer: CannedResponse) -> bool:
    """Say whether there are words, or files, whatever its variables stand for."""
    nothing = Values({}, Facts(Ticket(), SiteSettings()))
    return bool(variables.in_text(answer.text, nothing).strip()) or answer.files.exists()
