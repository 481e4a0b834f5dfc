"""Time zones to choose from."""

from zoneinfo import available_timezones


def zones(chosen: str = "") -> list[str]:
    """Return the time zones that people look for, by name: of a place, and UTC; and the one that is `chosen`."""
    known = {zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "SystemV/"))}
    return sorted(known | {"UTC"} | ({chosen} if chosen in available_timezones() else set()))
