"""A notice in words: who did what, in one line."""

from django.utils.translation import gettext as _

from core.models import SiteSettings
from notices.models import Notice
from sla.models import Target
from tickets.models import Kind, LeftOut, Stopped


def sentence(notice: Notice) -> str:
    """Return what happened; the ticket itself is named beside it."""
    event = notice.event
    who = {"name": event.by.display_name if event.by else SiteSettings.load().name}
    match event.kind:
        case Kind.OPENED:
            return _("New ticket from %(name)s") % who
        case Kind.MESSAGE_ADDED:
            return _("%(name)s wrote") % who
        case Kind.REOPENED:
            return _("%(name)s reopened the ticket") % who
        case Kind.NOTE_ADDED:
            return _("%(name)s wrote an internal note") % who
        case Kind.REPLY_STOPPED:
            return _("Your reply was not sent: %(why)s") % {"why": Stopped(event.data["why"]).label}
        case Kind.ASSIGNED if str(event.data["to"]).startswith("team:"):
            return _("%(name)s assigned the ticket to a team") % who
        case Kind.ASSIGNED if event.data["to"] == f"user:{notice.agent_id}":
            return _("%(name)s assigned the ticket to you") % who
        case Kind.ASSIGNED:
            return _("%(name)s assigned the ticket") % who
        case Kind.TRANSFERRED:
            return _("%(name)s transferred the ticket") % who
        case Kind.CLOCK_WARNED:
            return _("%(target)s is due soon") % {"target": Target(event.data["target"]).label}
        case Kind.CLOCK_BREACHED:
            return _("%(target)s is overdue") % {"target": Target(event.data["target"]).label}
        case Kind.ESCALATED if "left_out" in event.data:
            return _("%(target)s is overdue, and a step of its escalation was left out: %(why)s") % {
                "target": Target(event.data["target"]).label,
                "why": LeftOut(event.data["left_out"]).label,
            }
        case Kind.ESCALATED:
            return _("%(target)s is overdue, and you are to know of it") % {
                "target": Target(event.data["target"]).label
            }
    return _("Something happened")
