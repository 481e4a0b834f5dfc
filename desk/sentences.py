"""Events as sentences: who did what, and what routing set."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from desk.names import CHANGED, Decision, Names, decisions
from sla.models import Scope, Target, Wait
from tickets.models import Cause, CloseReason, Kind, LeftOut, Source, Stopped, TicketEvent
from tickets.routing import Skipped

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
    words = _("{who} replied and keeps working on it") if event.data.get("keeps") else _("{who} replied")
    return format_html(words, who=names.by(event))


def _stopped(event: TicketEvent, names: Names) -> SafeString:
    why = Stopped(event.data["why"]).label if event.data.get("why") in Stopped.values else "?"
    return format_html(_("A reply of {author} was not sent: {why}"), author=names(event.data.get("of")), why=why)


def _resent(event: TicketEvent, names: Names) -> SafeString:
    to = _listed([names(f"address:{pk}") for pk in event.data.get("addresses", ())[:MOST_NAMED]])
    if len(event.data.get("addresses", ())) > MOST_NAMED:
        to = _listed([to, escape(_("others"))])
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
    return format_html(_("To {people} alone"), people=_listed([names(f"address:{pk}") for pk in event.data["to"]]))


def _collaborator_added(event: TicketEvent, names: Names) -> SafeString:
    # By address: that is what was added, and guests may have no name.
    added = _listed([names(f"address:{pk}") for pk in event.data.get("addresses", ())])
    if event.cause == Cause.ORGANIZATION:
        return format_html(_("The organisation's rule added {added}"), added=added)
    if event.cause == Cause.RECIPIENT:
        return format_html(_("{added} was written to as well and takes part"), added=added)
    return format_html(_("{who} added {added} as a collaborator"), who=names.by(event), added=added)


def _collaborator_removed(event: TicketEvent, names: Names) -> SafeString:
    if event.by_id is not None and event.by_id in event.data.get("users", ()):
        return format_html(_("{who} left the ticket"), who=names.by(event))
    gone = _listed([names(f"address:{pk}") for pk in event.data.get("addresses", ())])
    return format_html(_("{who} removed the collaborator {gone}"), who=names.by(event), gone=gone)


def _requester_changed(event: TicketEvent, names: Names) -> SafeString:
    match event.data.get("why"):
        case "proved":
            return format_html(_("{who} showed that the requester's address is theirs"), who=names.by(event))
        case "merged":
            return format_html(_("{who} merged the requester with another person"), who=names.by(event))
    return format_html(_("{who} handed the ticket to another person"), who=names.by(event))


def _due_date_set(event: TicketEvent, names: Names) -> SafeString:
    words = (
        _("{who} moved the due date from {before} to {moment}")
        if event.data.get("from")
        else _("{who} set the due date to {moment}")
    )
    return format_html(words, who=names.by(event), before=_moment(event, "from"), moment=_moment(event, "to"))


def _reckoned(event: TicketEvent, names: Names) -> SafeString:
    match event.data.get("scope"):
        case Scope.PLAN:
            words = _("Deadlines were reckoned anew, since the SLA plan was changed")
        case Scope.DEPARTMENT:
            words = _("Deadlines were reckoned anew, since the department has other business hours")
        case _:
            words = _("Deadlines were reckoned anew, since the business hours were changed")
    return escape(words)


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


def _warned(event: TicketEvent, names: Names) -> SafeString:
    return format_html(_("{target} is due at {moment}"), target=_target(event), moment=_deadline(event))


def _breached(event: TicketEvent, names: Names) -> SafeString:
    return format_html(_("{target} was due at {moment} and is overdue"), target=_target(event), moment=_deadline(event))


def _escalated(event: TicketEvent, names: Names) -> SafeString:
    """Return what a step of escalation did; what its action says by itself stands before it."""
    target = _target(event)
    if why := event.data.get("left_out"):
        label = dict(LeftOut.choices).get(str(why), "?")
        return format_html(
            _("A step of escalation was left out, {target} being overdue: {why}"), target=target, why=label
        )
    if "to" in event.data:
        return format_html(_("{to} was told that {target} is overdue"), to=names(event.data["to"]), target=target)
    return format_html(_("since {target} is overdue"), target=target)


def _snoozed(event: TicketEvent, names: Names) -> SafeString:
    words = _("{who} snoozed the ticket until {moment}")
    return format_html(words, who=names.by(event), moment=_moment(event, "until"))


def _woken(event: TicketEvent, names: Names) -> SafeString:
    if event.cause == Cause.SNOOZE:
        return format_html("{}", _("The ticket came back: it was snoozed until now"))
    return format_html(_("{who} ended the snooze"), who=names.by(event))


def _wait_ended(event: TicketEvent, names: Names) -> SafeString:
    words = (
        _("{who} no longer awaits a third party")
        if event.data.get("wait") == Wait.THIRD_PARTY
        else _("{who} no longer awaits the requester")
    )
    return format_html(words, who=names.by(event))


def _target(event: TicketEvent) -> str:
    return str(dict(Target.choices).get(str(event.data.get("target")), _("A promise")))


def _deadline(event: TicketEvent) -> str:
    return _moment(event, "deadline")


def _moment(event: TicketEvent, name: str) -> str:
    moment = parse_datetime(str(event.data.get(name) or ""))
    if moment is None:
        return "?"
    local = timezone.localtime(moment)
    is_near = abs(moment - event.at) < timedelta(hours=12)
    return date_format(local, "H:i" if is_near else "j M Y, H:i")


def _plainly(pattern: Callable[[], str]) -> Callable[[TicketEvent, Names], SafeString]:
    """Return a teller of a sentence that names nobody but who did it."""
    return lambda event, names: format_html(pattern(), who=names.by(event))


TELLERS: Mapping[str, Callable[[TicketEvent, Names], SafeString]] = {
    Kind.OPENED: _opened,
    Kind.MESSAGE_ADDED: _plainly(lambda: _("{who} wrote a message")),
    Kind.REPLIED: _replied,
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
    Kind.DUE_DATE_SET: _due_date_set,
    Kind.DUE_DATE_REMOVED: _plainly(lambda: _("{who} removed the due date: the SLA plan holds again")),
    Kind.RECKONED: _reckoned,
    Kind.SOURCE_CHANGED: _source_changed,
    Kind.ENTRY_MOVED_AWAY: _moved_away,
    Kind.ENTRY_MOVED_HERE: _moved_here,
    Kind.SNOOZED: _snoozed,
    Kind.WOKEN: _woken,
    Kind.WAIT_BEGUN: _plainly(lambda: _("{who} awaits a third party")),
    Kind.WAIT_ENDED: _wait_ended,
    Kind.RESOLVED: _plainly(lambda: _("{who} resolved the ticket")),
    Kind.CLOSED: _closed,
    Kind.REOPENED: _plainly(lambda: _("{who} reopened the ticket")),
    Kind.CLOCK_WARNED: _warned,
    Kind.CLOCK_BREACHED: _breached,
    Kind.ESCALATED: _escalated,
}


# --- Routing ---------------------------------------------------------------------------------------


def routing_sentence(event: TicketEvent, names: Names) -> SafeString | None:
    """Return what routing set and why, in one sentence; None where it set nothing."""
    decided = decisions(event)
    done = [decision for decision in decided if not decision.skipped]
    if not done:
        return None
    reasons = list(dict.fromkeys((decision.why, decision.by) for decision in done))
    clauses = [
        _because(
            _listed([_set(d, names, is_first=position == 0 and not told) for position, d in enumerate(group)]),
            why,
            by,
            names,
        )
        for told, (why, by) in enumerate(reasons)
        for group in [[d for d in done if (d.why, d.by) == (why, by)]]
    ]
    clauses += [_left_out(decision, names) for decision in decided if decision.skipped]
    return _joined(clauses, "; ")


def _set(decision: Decision, names: Names, *, is_first: bool) -> SafeString:
    name = names(decision.to)
    match decision.field:
        case "sla_plan":
            return format_html(_("{plan} applied"), plan=name)
        case "priority":
            words = _("Priority set to {priority}") if is_first else _("priority set to {priority}")
            return format_html(words, priority=name)
        case "topic":
            return format_html(_("Help topic {name}") if is_first else _("help topic {name}"), name=name)
        case "assignee" | "team":
            return format_html(_("Given to {name}") if is_first else _("given to {name}"), name=name)
    return format_html(_("Department {name}") if is_first else _("department {name}"), name=name)


def _left_out(decision: Decision, names: Names) -> SafeString:
    """Return whom the help topic names, and why they did not get it."""
    match decision.skipped:
        case Skipped.VACATION:
            words = _("not given to {name}, whom “{topic}” names: on vacation")
        case Skipped.NOT_IN_DEPARTMENT:
            words = _("not given to {name}, whom “{topic}” names: may not have tickets of this department")
        case Skipped.NOBODY_THERE:
            words = _("not given to {name}, whom “{topic}” names: nobody of the team is there")
        case _:
            words = _("not given to {name}, whom “{topic}” names: no longer active")
    return format_html(words, name=names(decision.to), topic=names(decision.by))


def _because(what: SafeString, why: str, by: str, names: Names) -> SafeString:
    match why:
        case "topic":
            return format_html(_("{what} by “{topic}”"), what=what, topic=names(by))
        case "department":
            return format_html(_("{what} by the department"), what=what)
        case "organization":
            return format_html(_("{what} by the requester's organisation {name}"), what=what, name=names(by))
        case "agent":
            return format_html(_("{what} as the agent chose"), what=what)
        case "mailbox":
            return format_html(_("{what} by the mailbox"), what=what)
        case "api":
            return format_html(_("{what} as the request by the API says"), what=what)
    return format_html(_("{what} by default"), what=what)


def _listed(parts: Sequence[SafeString]) -> SafeString:
    """Return “a, b and c”."""
    if len(parts) < 2:
        return _joined(parts, "")
    return format_html(_("{most} and {last}"), most=_joined(parts[:-1], ", "), last=parts[-1])


def _joined(parts: Sequence[SafeString], separator: str) -> SafeString:
    return SafeString(separator.join(parts))
