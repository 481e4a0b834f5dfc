"""What mails follow: an entry that goes to another ticket takes the mail along that it came as."""

from mail.models import IncomingMail, MailState, OutgoingMail
from mail.people import WAITING
from tickets.models import ThreadEntry, TicketEvent


def entry_moved(event: TicketEvent) -> None:
    """Let answers to the mail find the ticket in which it is now. What waits to be mailed about it elsewhere is not
    sent: its words are not there any more.

    An entry that went on since is found by the event of that.
    """
    entry = ThreadEntry.objects.filter(ticket=event.ticket_id, number=event.data["number"]).first()
    if entry is None:
        return
    IncomingMail.objects.filter(entry=entry).update(ticket=event.ticket_id)
    waiting = OutgoingMail.objects.filter(entry=entry, state__in=WAITING).exclude(ticket=event.ticket_id)
    waiting.update(state=MailState.CANCELLED, due_at=None, claim=None)
