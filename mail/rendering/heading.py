"""What a mail is about, and why somebody gets it: a line each."""

from django.utils.translation import gettext as _

from accounts.principal import Face
from core.models import SiteSettings
from mail import confirmation
from mail.common import Common
from mail.models import OutgoingMail, Template
from mail.rendering.reader import Reader
from mail.words import one_line
from sla.models import Target
from tickets.models import Kind, LeftOut, Ticket, TicketEvent
from tickets.models.people import Part


def heading(mail: OutgoingMail, reader: Reader, happened: dict[str, TicketEvent]) -> str:
    """Return who did what, in one line."""

    def who(kind: Kind) -> str:
        return _actor(happened.get(kind), reader)

    match mail.template:
        case Template.TICKET_OPENED:
            return _("We have your request")
        case Template.TICKET_ANSWERED:
            return _("We have your request, and a first answer")
        case Template.TICKET_OPENED_FOR:
            return _("%(name)s opened a ticket for you") % {"name": who(Kind.OPENED)}
        case Template.TICKET_REPLY if Kind.RESOLVED in happened:
            return _("%(name)s answered and marked it as resolved") % {"name": who(Kind.REPLIED)}
        case Template.TICKET_REPLY:
            return _("%(name)s answered") % {"name": who(Kind.REPLIED)}
        case Template.MESSAGE_RECEIVED:
            return _("We have your message")
        case Template.TICKET_MESSAGE if reader.is_confirmed:
            return _("%(name)s wrote") % {"name": who(Kind.MESSAGE_ADDED)}
        case Template.TICKET_MESSAGE:
            return _("There is a new message")
        case Template.TICKET_COLLABORATOR if happened[Kind.COLLABORATOR_ADDED].by is None:
            return _("You take part in this ticket now")
        case Template.TICKET_COLLABORATOR:
            return _("%(name)s lets you take part in a ticket") % {"name": who(Kind.COLLABORATOR_ADDED)}
        case Template.TICKET_RESOLVED if reader.part == Part.COLLABORATOR:
            return _("%(name)s marked the ticket as resolved") % {"name": who(Kind.RESOLVED)}
        case Template.TICKET_CLOSED if reader.part == Part.COLLABORATOR:
            return _("The ticket is closed")
        case Template.OVER_LIMIT:
            return _("Your message waits")
        case Template.TICKET_LINK if reader.part == Part.COLLABORATOR:
            return _("Here is the link to the ticket")
        case Template.TICKET_RESOLVED:
            return _("%(name)s marked your ticket as resolved") % {"name": who(Kind.RESOLVED)}
        case Template.TICKET_CLOSED:
            return _("Your ticket is closed")
        case Template.TICKET_LINK:
            return _("Here is the link to your ticket")
        case Template.ALERT_NEW if happened[Kind.OPENED].face == Face.DESK and reader.is_confirmed:
            asking = one_line(mail.ticket.requester.display_name, 80) if mail.ticket else ""
            names = {"name": who(Kind.OPENED), "requester": asking}
            return _("%(name)s opened a ticket for %(requester)s") % names
        case Template.ALERT_NEW:
            return _("New ticket from %(name)s") % {"name": who(Kind.OPENED)}
        case Template.ALERT_MESSAGE if Kind.REOPENED in happened:
            return _("%(name)s reopened the ticket") % {"name": who(Kind.REOPENED)}
        case Template.ALERT_MESSAGE:
            return _("%(name)s wrote") % {"name": who(Kind.MESSAGE_ADDED)}
        case Template.ALERT_NOTE:
            return _("%(name)s wrote an internal note") % {"name": who(Kind.NOTE_ADDED)}
        case Template.ALERT_TRANSFER if "assignee" in happened[Kind.TRANSFERRED].data:
            return _("%(name)s transferred a ticket to you") % {"name": who(Kind.TRANSFERRED)}
        case Template.ALERT_TRANSFER:
            return _("%(name)s transferred a ticket to your department") % {"name": who(Kind.TRANSFERRED)}
        case Template.ALERT_ASSIGNED if str(happened[Kind.ASSIGNED].data["to"]).startswith("team:"):
            return _("%(name)s assigned a ticket to your team") % {"name": who(Kind.ASSIGNED)}
        case Template.ALERT_ASSIGNED:
            return _("%(name)s assigned a ticket to you") % {"name": who(Kind.ASSIGNED)}
        case Template.AGENT_COMMANDS:
            return _("Your mail was not sent on") if confirmation.trouble(mail) else _("Your mail was taken in")
        case Template.ALERT_CLOCK:
            return _clock_heading(happened)
    raise AssertionError(f"no heading for {mail.template}")


def _clock_heading(happened: dict[str, TicketEvent]) -> str:
    if (event := happened.get(Kind.ESCALATED)) and "left_out" in event.data:
        told = {"target": Target(event.data["target"]).label, "why": LeftOut(event.data["left_out"]).label}
        return _("%(target)s is overdue, and a step of its escalation was left out: %(why)s") % told
    if event:
        return _("%(target)s is overdue, and you are to know of it") % {"target": Target(event.data["target"]).label}
    if event := happened.get(Kind.CLOCK_BREACHED):
        return _("%(target)s is overdue") % {"target": Target(event.data["target"]).label}
    return _("%(target)s is due soon") % {"target": Target(happened[Kind.CLOCK_WARNED].data["target"]).label}


def why(mail: OutgoingMail, reader: Reader, ticket: Ticket, common: Common) -> str:
    """Return why this person gets the mail."""
    if not reader.is_agent:
        if mail.template == Template.TICKET_LINK:
            return _("You get this because somebody asked for it with this address. If it was not you, ignore it.")
        if reader.part == Part.COLLABORATOR and not reader.is_confirmed:
            return _("You get this because this address was added to a ticket. If you know nothing of it, ignore it.")
        if not reader.is_confirmed:
            return _("You get this because a ticket was opened with this address. If it was not you, ignore it.")
        if reader.part == Part.REQUESTER:
            return _("You get this because the ticket is yours.")
        return _("You get this because you take part in the ticket.")
    if ticket.assignee_id == reader.user.pk:
        return _("You get this because the ticket is assigned to you.")
    if reader.user.pk in common.in_team(ticket):
        return _("You get this because the ticket is with your team.")
    if mail.template == Template.AGENT_COMMANDS:
        return _("You get this because you wrote to this ticket by mail. Your settings say when.")
    if not reader.reads_words:
        return _("You get this because administrators are told of it, as the page Alerts says.")
    if ticket.department.manager_id == reader.user.pk or reader.user.pk in common.working_there(ticket):
        return _("You get this because you are told about your department's tickets.")
    return _("You get this because you had to do with the ticket, or somebody named you.")


def _actor(event: TicketEvent | None, reader: Reader) -> str:
    """Return the name of who acted. A requester's name was typed by them, so not everybody is told."""
    if event is None or event.by is None:
        return one_line(SiteSettings.load().name)
    if event.by.is_agent or reader.is_confirmed:
        return one_line(event.by.display_name, 80)
    return _("The requester")
