"""What an agent wants to hear of, in which way and when: what their settings keep, and what that means."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from accounts.quiet import quiet_until
from core.models import SiteSettings
from tickets.models import Alert


class Channel(StrEnum):
    WEB = "web"
    MAIL = "mail"


class About(StrEnum):
    """Whose tickets: one's own, which one has or was named in, or those of one's departments."""

    MINE = "mine"
    DEPARTMENT = "department"


def code(channel: Channel, alert: Alert, about: About) -> str:
    """Return by which name Preferences.alerts_off keeps that somebody does not want this."""
    return f"{channel}:{alert}:{about}"


# What is new is nobody's: who gets it hears that it was assigned.
CODES: Sequence[str] = tuple(
    code(channel, alert, about)
    for alert in Alert
    for about in About
    for channel in Channel
    if (alert, about) != (Alert.NEW, About.MINE)
)

# What comes along with an address (tickets.audience): name → path from the person.
PATHS: Mapping[str, str] = {
    "alerts_off": "preferences__alerts_off",
    "quiet_hours": "preferences__quiet_hours",
    "breaches_pass": "preferences__breaches_pass",
    "zone": "time_zone",
}


def wants(person: Any, channel: Channel, alert: Alert, abouts: set[About]) -> bool:
    """Say whether the person wants this, of which they hear for one of these reasons."""
    off = person.alerts_off or ()
    return any(code(channel, alert, about) not in off for about in abouts)


def waits_until(person: Any, alert: Alert, at: datetime) -> datetime | None:
    """Return when the person's quiet hours are over, None outside of them; what is overdue may pass."""
    hours = person.quiet_hours
    if not hours or (alert == Alert.BREACHED and person.breaches_pass):
        return None
    return quiet_until(hours, ZoneInfo(person.zone or SiteSettings.load().time_zone), at)
