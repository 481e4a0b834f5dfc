"""From an event to notices: who is told is decided by tickets.audience, as for mails.

Whose reply did not go is told of that, whatever they wish to hear of.
"""

from zoneinfo import ZoneInfo

from accounts.models import Preferences, User
from accounts.quiet import quiet_until
from core.models import SiteSettings
from core.prepared import insert_missing
from notices.models import Notice
from tickets import audience
from tickets.models import Kind, TicketEvent
from tickets.wishes import Channel


def notify(event: TicketEvent) -> None:
    """Leave a notice for everybody at the desk who is told and wants it so. Who has one for this deed gets no second.

    Who only administers has no desk to read it at.
    """
    kind = audience.ALERT_OF[Kind(event.kind)]
    told = [one for one in audience.of(event) if one.is_agent and one.wants(Channel.WEB, kind)]
    insert_missing(
        [
            Notice(
                agent_id=one.address.user_id,
                ticket_id=event.ticket_id,
                event_id=event.pk,
                deed=event.deed,
                alert=kind,
                is_quiet=one.waits_until(kind, event.at) is not None,
                created_at=event.at,
            )
            for one in told
        ]
    )


def tell_author(event: TicketEvent) -> None:
    """Leave a notice for the author of a reply that did not go, if they are at work here."""
    author = User.objects.filter(pk=int(event.data["of"].removeprefix("user:")), is_agent=True, is_active=True).first()
    if author is None:
        return
    zone = ZoneInfo(author.time_zone or SiteSettings.load().time_zone)
    notice = Notice(
        agent=author,
        ticket_id=event.ticket_id,
        event=event,
        deed=event.deed,
        is_quiet=quiet_until(Preferences.of(author).quiet_hours, zone, event.at) is not None,
        created_at=event.at,
    )
    Notice.objects.bulk_create([notice], ignore_conflicts=True)
