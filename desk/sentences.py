"""Events as sentences: who did what."""

from collections.abc import Callable, Mapping

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from desk.clock_sentences import (
    breached,
    due_date_set,
    escalated,
    reckoned,
    snoozed,
    wait_begun,
    wait_ended,
    warned,
    woken,
)
from desk.names import CHANGED, Names, listed
from desk.routing_sentences import routing_sentence
from tickets.models import Cause, CloseReason, Kind, Source, Stopped, TicketEvent

# Of more recipients only these are named.
MOST_NAMED = 5


def sentence(event: TicketEvent, names: Names) -> SafeString:
    """Return one event as a sentence naming who did what."""
    teller = TELLERS.get(event.kind)
    return teller(event, names) if teller else format_html("{}", event.get_kind_display())


def _opened(event: TicketEvent, names: Names) -> SafeString:
    routing = routing_sentence(event, names)
    opened = format_html(_("{who} opened the ticket"), who=names.by(event))
    return format_html("{}. {}", opened, routing) if routing else opened


def _replied(event: TicketEvent, names: Names) -> SafeString:
    keeps, sender = event.data.get("keeps"), event.data.get("sender")
    if sender:
        words = _("{who} replied from {sender} and keeps working on it") if keeps else _("{who} replied from {sender}")
        return format_html(words, who=names.by(event), sender=names(f"sender:{sender}"))
    return format_html(_("{who} replied and keeps working on it") if keeps else _("{who} replied"), who=names.by(event))


def _stopped(event: TicketEvent, names: Names) -> SafeString:
    why = Stopped(event.data["why"]).label if event.data.get("why") in Stopped.values else "?"
    return format_html(_("A reply of {author} was not sent: {why}"), author=names(event.data.get("of")), why=why)


def _resent(event: TicketEvent, names: Names) -> SafeString:
    to = listed([names(f"address:{pk}") for pk in event.data.get("addresses", ())[:MOST_NAMED]])
    if len(event.data.get("addresses", ())) > MOST_NAMED:
        to = listed([to, escape(_("others"))])
    words = (
        _("{who} had entry {number} tried again at once, to {to}")
        if event.data.get("retried")
        else _("{who} mailed entry {number} again, to {to}, who may have it twice")
        if event.data.get("maybe_twice")
        else _("{who} mailed entry {number} again, to {to}")
    )
    return format_html(words, who=names.by(event), number=event.data.get("entry"), to=to)


def _assigned(event: TicketEvent, names: Names) -> SafeString:
    data, who = event.data, names.by(event)
    if event.cause == Cause.ORGANIZATION:
        return format_html(_("{to} looks after the organisation and got the ticket"), to=names(data.get("to")))
    takes_over = event.by_id is not None and data.get("to") == f"user:{event.by_id}"
    if takes_over and "from" in data:
        return format_html(_("{who} took over from {before}"), who=who, before=names(data["from"]))
    if takes_over:
        return format_html(_("{who} took the ticket"), who=who)
    if "from" in data:
        return format_html(
            _("{who} reassigned the ticket from {before} to {to}"),
            who=who,
            before=names(data["from"]),
            to=names(data.get("to")),
        )
    return format_html(_("{who} assigned the ticket to {to}"), who=who, to=names(data.get("to")))


def _claimed(event: TicketEvent, names: Names) -> SafeString:
    if event.data.get("why") == "reply":
        return format_html(_("{who} has the ticket now, by answering it"), who=names.by(event))
    if "from" in event.data:
        return format_html(
            _("{who} claimed the ticket of {before}"), who=names.by(event), before=names(event.data["from"])
        )
    return format_html(_("{who} claimed the ticket"), who=names.by(event))


def _released(event: TicketEvent, names: Names) -> SafeString:
    before = event.data.get("from")
    if event.data.get("why") == "reopened":
        return format_html(_("Reopened, the ticket is nobody's; {before} had it"), before=names(before))
    if before and before != f"user:{event.by_id}":
        return format_html(
            _("{who} took the ticket from {before}; nobody has it"), who=names.by(event), before=names(before)
        )
    return format_html(_("{who} gave the ticket back"), who=names.by(event))


def _transferred(event: TicketEvent, names: Names) -> SafeString:
    words = (
        _("{who} transferred the ticket from {before} to {to} and kept access")
        if event.data.get("kept_access")
        else _("{who} transferred the ticket from {before} to {to}")
    )
    return format_html(
        words,
        who=names.by(event),
        before=names(f"department:{event.data.get('from')}"),
        to=names(f"department:{event.data.get('to')}"),
    )


def _referred(event: TicketEvent, names: Names) -> SafeString:
    if event.cause == Cause.RECIPIENT:
        holder = names(event.data.get("to"))
        return format_html(_("{holder} was written to as well and may read along"), holder=holder)
    return format_html(_("{who} lets {holder} read along"), who=names.by(event), holder=names(event.data.get("to")))


def _referral_removed(event: TicketEvent, names: Names) -> SafeString:
    return format_html(
        _("{who} removed the access of {holder}"), who=names.by(event), holder=names(event.data.get("holder"))
    )


def sent_to(event: TicketEvent, names: Names) -> SafeString | str:
    """Return to whom alone a reply was mailed, "" where nobody chose: then it went to all who take part."""
    if event.kind != Kind.REPLIED or "to" not in event.data:
        return ""
    if not event.data["to"]:
        return _("Mailed to nobody")
    return format_html(_("To {people} alone"), people=listed([names(f"address:{pk}") for pk in event.data["to"]]))


def sent_from(event: TicketEvent, names: Names) -> SafeString | str:
    """Return from which address a reply was mailed, "" where nobody chose one."""
    if event.kind != Kind.REPLIED or not event.data.get("sender"):
        return ""
    return format_html(_("From {address}"), address=names(f"sender:{event.data['sender']}"))


def _collaborator_added(event: TicketEvent, names: Names) -> SafeString:
    # By address: that is what was added, and guests may have no name.
    added = listed([names(f"address:{pk}") for pk in event.data.get("addresses", ())])
    if event.cause == Cause.ORGANIZATION:
        return format_html(_("The organisation's rule added {added}"), added=added)
    if event.cause == Cause.RECIPIENT:
        return format_html(_("{added} was written to as well and takes part"), added=added)
    return format_html(_("{who} added {added} as a collaborator"), who=names.by(event), added=added)


def _collaborator_removed(event: TicketEvent, names: Names) -> SafeString:
    if event.by_id is not None and event.by_id in event.data.get("users", ()):
        return format_html(_("{who} left the ticket"), who=names.by(event))
    gone = listed([names(f"address:{pk}") for pk in event.data.get("addresses", ())])
    return format_html(_("{who} removed the collaborator {gone}"), who=names.by(event), gone=gone)


def _requester_changed(event: TicketEvent, names: Names) -> SafeString:
    match event.data.get("why"):
        case "proved":
            return format_html(_("{who} showed that the requester's address is theirs"), who=names.by(event))
        case "merged":
            return format_html(_("{who} merged the requester with another person"), who=names.by(event))
    return format_html(_("{who} handed the ticket to another person"), who=names.by(event))


def _source_changed(event: TicketEvent, names: Names) -> SafeString:
    labels = dict(Source.choices)
    before, to = (labels.get(str(event.data.get(name)), "?") for name in ("from", "to"))
    pattern = _("{who} changed the source from {before} to {to}")
    return format_html(
        pattern, who=names.by(event), before=format_html("<b>{}</b>", before), to=format_html("<b>{}</b>", to)
    )


def _changed(event: TicketEvent, names: Names) -> SafeString:
    model, data = CHANGED[event.kind], event.data
    patterns = {
        "priority": (
            _("{who} changed the priority from {before} to {to}"),
            _("{who} set the priority to {to}"),
        ),
        "topic": (
            _("{who} changed the help topic from {before} to {to}"),
            _("{who} set the help topic to {to}"),
        ),
        "plan": (
            _("{who} changed the SLA plan from {before} to {to}"),
            _("{who} set the SLA plan to {to}"),
        ),
    }
    from_one, from_none = patterns[model]
    return format_html(
        from_one if data.get("from") else from_none,
        who=names.by(event),
        before=names(f"{model}:{data.get('from')}"),
        to=names(f"{model}:{data.get('to')}"),
    )


def _moved_away(event: TicketEvent, names: Names) -> SafeString:
    words = _("{who} moved entry {number} to ticket {ticket}")
    ticket = names(f"ticket:{event.data.get('to')}")
    return format_html(words, who=names.by(event), number=event.data.get("number"), ticket=ticket)


def _moved_here(event: TicketEvent, names: Names) -> SafeString:
    words = _("{who} moved this here from ticket {ticket}")
    return format_html(words, who=names.by(event), ticket=names(f"ticket:{event.data.get('from')}"))


def _closed(event: TicketEvent, names: Names) -> SafeString:
    reason, who = event.data.get("reason"), names.by(event)
    if reason == CloseReason.CONFIRMED:
        return format_html(_("{who} confirmed that it is solved, so the ticket is closed"), who=who)
    if reason == CloseReason.SILENCE or event.cause == Cause.CLOSE_AFTER:
        return escape(_("The ticket closed by itself: nobody objected after it was resolved"))
    if reason == CloseReason.AGENT:
        return format_html(_("{who} closed the ticket"), who=who)
    label = dict(CloseReason.choices).get(str(reason), _("no reason told"))
    return format_html(_("{who} closed the ticket without an answer: {reason}"), who=who, reason=label)


def _plainly(pattern: Callable[[], str]) -> Callable[[TicketEvent, Names], SafeString]:
    """Return a teller of a sentence that names nobody but who did it."""
    return lambda event, names: format_html(pattern(), who=names.by(event))


TELLERS: Mapping[str, Callable[[TicketEvent, Names], SafeString]] = {
    Kind.OPENED: _opened,
    Kind.MESSAGE_ADDED: _plainly(lambda: _("{who} wrote a message")),
    Kind.REPLIED: _replied,
    Kind.AUTOMATIC_ANSWER: _plainly(lambda: _("{who} answered automatically, as the help topic says")),
    Kind.REPLY_STOPPED: _stopped,
    Kind.RESENT: _resent,
    Kind.NOTE_ADDED: _plainly(lambda: _("{who} wrote an internal note")),
    Kind.ASSIGNED: _assigned,
    Kind.CLAIMED: _claimed,
    Kind.RELEASED: _released,
    Kind.TRANSFERRED: _transferred,
    Kind.REFERRED: _referred,
    Kind.REFERRAL_REMOVED: _referral_removed,
    Kind.COLLABORATOR_ADDED: _collaborator_added,
    Kind.COLLABORATOR_REMOVED: _collaborator_removed,
    Kind.REQUESTER_CHANGED: _requester_changed,
    Kind.PRIORITY_CHANGED: _changed,
    Kind.TOPIC_CHANGED: _changed,
    Kind.PLAN_CHANGED: _changed,
    Kind.DUE_DATE_SET: due_date_set,
    Kind.DUE_DATE_REMOVED: _plainly(lambda: _("{who} removed the due date: the SLA plan holds again")),
    Kind.RECKONED: reckoned,
    Kind.SOURCE_CHANGED: _source_changed,
    Kind.ENTRY_MOVED_AWAY: _moved_away,
    Kind.ENTRY_MOVED_HERE: _moved_here,
    Kind.SNOOZED: snoozed,
    Kind.WOKEN: woken,
    Kind.WAIT_BEGUN: wait_begun,
    Kind.WAIT_ENDED: wait_ended,
    Kind.RESOLVED: _plainly(lambda: _("{who} resolved the ticket")),
    Kind.CLOSED: _closed,
    Kind.REOPENED: _plainly(lambda: _("{who} reopened the ticket")),
    Kind.CLOCK_WARNED: warned,
    Kind.CLOCK_BREACHED: breached,
    Kind.ESCALATED: escalated,
}
