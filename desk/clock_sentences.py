"""What became of clocks, deadlines and waits, as sentences."""

from datetime import timedelta

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from core.moments import full_moment
from desk.names import Names
from sla.models import Scope, Target, Wait
from tickets.models import Cause, LeftOut, TicketEvent


def due_date_set(event: TicketEvent, names: Names) -> SafeString:
    words = (
        _("{who} moved the due date from {before} to {moment}")
        if event.data.get("from")
        else _("{who} set the due date to {moment}")
    )
    return format_html(words, who=names.by(event), before=_moment(event, "from"), moment=_moment(event, "to"))


def reckoned(event: TicketEvent, names: Names) -> SafeString:
    match event.data.get("scope"):
        case Scope.PLAN:
            words = _("Deadlines were reckoned anew, since the SLA plan was changed")
        case Scope.DEPARTMENT:
            words = _("Deadlines were reckoned anew, since the department has other business hours")
        case _:
            words = _("Deadlines were reckoned anew, since the business hours were changed")
    return escape(words)


def warned(event: TicketEvent, names: Names) -> SafeString:
    return format_html(_("{target} is due at {moment}"), target=_target(event), moment=_deadline(event))


def breached(event: TicketEvent, names: Names) -> SafeString:
    return format_html(_("{target} was due at {moment} and is overdue"), target=_target(event), moment=_deadline(event))


def escalated(event: TicketEvent, names: Names) -> SafeString:
    """Return what became of a step of escalation; what its action did says the action by itself."""
    target = _target(event)
    if why := event.data.get("left_out"):
        label = dict(LeftOut.choices).get(str(why), "?")
        return format_html(
            _("A step of escalation was left out, {target} being overdue: {why}"), target=target, why=label
        )
    if "to" in event.data:
        return format_html(_("{to} was told that {target} is overdue"), to=names(event.data["to"]), target=target)
    return format_html(_("A step of escalation was taken, since {target} is overdue"), target=target)


def why_escalated(event: TicketEvent, names: Names) -> SafeString:
    """Return why a step did what stands before it, as the sentence goes on."""
    if "left_out" in event.data or "to" in event.data:
        return escalated(event, names)
    return format_html(_("since {target} is overdue"), target=_target(event))


def snoozed(event: TicketEvent, names: Names) -> SafeString:
    words = _("{who} snoozed the ticket until {moment}")
    return format_html(words, who=names.by(event), moment=_moment(event, "until"))


def woken(event: TicketEvent, names: Names) -> SafeString:
    if event.cause == Cause.SNOOZE:
        return format_html("{}", _("The ticket came back: it was snoozed until now"))
    return format_html(_("{who} ended the snooze"), who=names.by(event))


def wait_begun(event: TicketEvent, names: Names) -> SafeString:
    words = (
        _("{who} awaits a third party")
        if event.data.get("wait") == Wait.THIRD_PARTY
        else _("{who} awaits the requester again")
    )
    return format_html(words, who=names.by(event))


def wait_ended(event: TicketEvent, names: Names) -> SafeString:
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
    is_near = abs(moment - event.at) < timedelta(hours=12)
    return date_format(timezone.localtime(moment), "TIME_FORMAT") if is_near else full_moment(moment)
