"""What follows from each kind of event: kind → handlers, all on this page.

Handlers run inside the action's transaction, in a savepoint, and only write rows. They may run twice, late and
out of order.
"""

from mail import following, resending
from mail import notifications as mail
from notices.telling import notify, tell_author
from tickets import events
from tickets.events import Handler
from tickets.models import Kind

HANDLERS: dict[Kind, tuple[Handler, ...]] = {
    Kind.OPENED: (mail.acknowledge, mail.alert, notify),
    Kind.AUTOMATIC_ANSWER: (mail.tell_automatic_answer,),
    # Who has the ticket and takes part in it gets the agent's mail, which comes first.
    Kind.MESSAGE_ADDED: (mail.alert, notify, mail.tell_message, mail.acknowledge_message),
    Kind.REPLIED: (mail.tell_reply,),
    Kind.NOTE_ADDED: (mail.alert, notify),
    Kind.COLLABORATOR_ADDED: (mail.welcome,),
    Kind.REPLY_STOPPED: (tell_author,),
    Kind.RESENT: (resending.tell_again,),
    Kind.ASSIGNED: (mail.alert, notify),
    Kind.TRANSFERRED: (mail.alert, notify),
    Kind.ENTRY_MOVED_HERE: (following.entry_moved,),
    Kind.RESOLVED: (mail.tell_resolved,),
    Kind.CLOSED: (mail.tell_closed,),
    Kind.REOPENED: (mail.alert, notify),
    Kind.CLOCK_WARNED: (mail.alert, notify),
    Kind.CLOCK_BREACHED: (mail.alert, notify),
    Kind.ESCALATED: (mail.alert, notify),
}


def install() -> None:
    events.subscribe(HANDLERS)
