"""A canned response: its words with the values of a ticket, or of one that is not opened yet, and its files."""

from dataclasses import dataclass, replace

from accounts.models import Address, User
from core.models import NewFile, SiteSettings
from tickets import routing, variables
from tickets.models import CannedResponse, HelpTopic, Participant, Ticket
from tickets.variables import Facts, Values
from tickets.vocabulary import CANNED


@dataclass(frozen=True, slots=True)
class Inserted:
    """What is put into a reply. `left_out` names the variables that stayed empty because of who would read them."""

    html: str
    text: str
    files: tuple[NewFile, ...]
    left_out: tuple[str, ...]
    # What nobody knows before the ticket is there.
    unknown: tuple[str, ...] = ()


def inserted(response: CannedResponse, *, ticket: Ticket, agent: User) -> Inserted:
    """Return what an agent's reply to this ticket gets.

    A reply goes to all who take part: what somebody typed is told only where every address is confirmed.
    """
    facts = Facts(
        ticket,
        SiteSettings.load(),
        agent=agent,
        tells_typed=not Participant.objects.filter(ticket=ticket, address__verified_at=None).exists(),
        tells_personal=True,
    )
    values = Values(CANNED, facts)
    return filled(response, values)


def begun(
    response: CannedResponse, *, topic: HelpTopic | None, address: Address | None, subject: str, agent: User
) -> Inserted:
    """Return what the first words of a ticket get that an agent opens, about this topic, for who has the address.

    What was typed is told only if that address is confirmed.
    """
    route = routing.route(topic)
    ticket = Ticket(department=route.department, topic=route.topic, subject=subject)
    known = BEGUN
    if address is not None:
        ticket.requester = address.user
        known = BEGUN | REQUESTERS
    facts = Facts(ticket, SiteSettings.load(), agent=agent, tells_typed=address is not None and address.is_verified)
    given = filled(response, Values({name: CANNED[name] for name in known}, facts))
    return replace(given, unknown=tuple(sorted({*variables.names_in(response.body)} - known)))


def filled(response: CannedResponse, values: Values) -> Inserted:
    """Return what it says with these values, and its files."""
    html, text = variables.in_html(response.body, values), variables.in_text(response.text, values)
    files = response.files.select_related("blob").order_by("position")
    return Inserted(
        html,
        text,
        tuple(NewFile(file.blob, file.name, file.content_type) for file in files),
        tuple(sorted(values.left_out)),
    )


# What is known of a ticket before it is opened.
BEGUN = frozenset(
    name
    for name in CANNED
    if name.startswith(("site.", "agent."))
    or name in {"ticket.subject", "ticket.department", "ticket.department.email", "ticket.topic", "signature"}
)
REQUESTERS = frozenset(name for name in CANNED if name.startswith("requester.name"))
