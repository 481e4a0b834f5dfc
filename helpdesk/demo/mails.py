"""The demo's mails: tickets that came by mail, with what a mail leaves behind."""

from dataclasses import dataclass, replace
from email.message import EmailMessage

from core.files import open_blob, store
from core.models import Blob, NewFile
from helpdesk.demo import cast
from helpdesk.demo.tickets import DemoTicket
from mail import parsing
from mail.models import Door, IncomingMail, IncomingState, Reason
from mail.outcome import told
from mail.parsing import ParsedMail
from tickets.models import Ticket

SUPPORT = "support@example.com"


@dataclass(frozen=True, slots=True)
class DemoMail:
    """A mail whose bytes are stored, and what parsing makes of it."""

    raw: Blob
    parsed: ParsedMail
    files: list[NewFile]


def make(ticket: DemoTicket, stored: dict[str, NewFile]) -> DemoMail:
    """Store the mail that the ticket came as. Its HTML shows files as `cid:<name>`."""
    message = EmailMessage()
    message["From"] = f'"{ticket.who}" <{cast.address_of(ticket.who)}>'
    message["To"] = SUPPORT
    message["Subject"] = ticket.subject
    message["Message-ID"] = f"<demo-{ticket.ago}@example.org>"
    message.set_content(ticket.text)
    if ticket.html:
        message.add_alternative(ticket.html, subtype="html")
    files = []
    for name in ticket.files:
        with open_blob(stored[name].blob) as file:
            content = file.read()
        list(message.iter_parts())[-1].add_related(content, "image", "png", cid=f"<{name}>", filename=name)
        files.append(replace(stored[name], content_id=name))
    raw = store([message.as_bytes()])
    return DemoMail(raw, parsing.parse(message.as_bytes()), files)


def enter(mail: DemoMail, told_of: DemoTicket, ticket: Ticket) -> None:
    """Write the mail into the ledger as what became the ticket."""
    IncomingMail.objects.create(
        door=Door.PIPE,
        raw=mail.raw,
        size=mail.raw.size,
        stored_at=ticket.opened_at,
        arrived_at=ticket.opened_at,
        taken_in_at=ticket.opened_at,
        state=IncomingState.TICKET,
        reason=Reason.NEW,
        remarks=told([(code, {}) for code in told_of.remarks]),
        remote_images=list(mail.parsed.remote_images),
        sender=cast.address_of(told_of.who),
        subject=told_of.subject,
        message_id=mail.parsed.message_id or "",
        authentication={"dmarc": "fail"} if told_of.remarks else {"dmarc": "pass"},
        ticket=ticket,
        entry=ticket.entries.get(number=1),
    )
