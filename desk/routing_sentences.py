"""What routing set when a ticket was opened, and why, as one sentence."""

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from desk.names import Decision, Names, decisions, joined, listed
from tickets.models import TicketEvent
from tickets.routing import Skipped


def routing_sentence(event: TicketEvent, names: Names) -> SafeString | None:
    """Return what routing set and why, in one sentence; None where it set nothing."""
    decided = decisions(event)
    done = [decision for decision in decided if not decision.skipped]
    if not done:
        return None
    reasons = list(dict.fromkeys((decision.why, decision.by) for decision in done))
    clauses = [
        _because(
            listed([_set(d, names, is_first=position == 0 and not told) for position, d in enumerate(group)]),
            why,
            by,
            names,
        )
        for told, (why, by) in enumerate(reasons)
        for group in [[d for d in done if (d.why, d.by) == (why, by)]]
    ]
    clauses += [_left_out(decision, names) for decision in decided if decision.skipped]
    return joined(clauses, "; ")


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
