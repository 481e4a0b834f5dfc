"""What follows from each kind of event: kind → handlers, all on this page.

Handlers run inside the action's transaction, each in its own savepoint, and only write rows. They may run
twice, late and out of order.
"""

from mail import following
from mail import notifications as mail
from tickets import events
from tickets.events import Handler
from tickets.models import Kind

HANDLERS: dict[Kind, tuple[Handler, ...]] = {
    Kind.OPENED: (mail.acknowledge, mail.alert_new),
    # Who has the ticket and takes part in it gets the agent's mail, which comes first.
    Kind.MESSAGE_ADDED: (mail.alert_message, mail.tell_message),
    Kind.REPLIED: (mail.tell_reply,),
    Kind.COLLABORATOR_ADDED: (mail.welcome,),
    Kind.ASSIGNED: (mail.alert_assigned,),
    Kind.TRANSFERRED: (mail.alert_transfer,),
    Kind.ENTRY_MOVED_HERE: (following.entry_moved,),
    Kind.RESOLVED: (mail.tell_resolved,),
    Kind.CLOSED: (mail.tell_closed,),
    Kind.REOPENED: (mail.alert_message,),
    Kind.CLOCK_WARNED: (mail.alert_clock,),
    Kind.CLOCK_BREACHED: (mail.alert_clock,),
}


def install() -> None:
    events.subscribe(HANDLERS)
