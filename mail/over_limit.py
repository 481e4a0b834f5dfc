"""Telling who has as many open tickets as one may have that what they sent waits (tickets.limit)."""

from datetime import datetime, timedelta
from uuid import NAMESPACE_OID, uuid5

from django.db import transaction

from accounts.models import Address
from core.models import SiteSettings
from mail import outbox
from mail.models import OutgoingMail, Template
from tickets import limit
from tickets.actions.locking import lock_address

# They hear of it so often, however much they send.
AGAIN_AFTER = timedelta(days=1)


@transaction.atomic
def tell(address: Address, *, about: str, site: SiteSettings, at: datetime) -> None:
    """Tell it once in a window, where that is wanted, with a link to a ticket. `about` is the key of what waits."""
    tickets = limit.open_tickets(address.user).filter(participants__address=address)
    ticket = tickets.order_by("-pk").first()
    if ticket is None or not site.tells_over_limit:
        return
    # Of two that come at once, the second waits here and finds what the first wrote.
    lock_address(address)
    told = OutgoingMail.objects.filter(recipient=address.email, template=Template.OVER_LIMIT)
    latest = told.order_by("-pk").values_list("created_at", flat=True).first()
    if latest is None or latest <= at - AGAIN_AFTER:
        deed = uuid5(NAMESPACE_OID, f"{about}/over-limit")
        outbox.write([address], Template.OVER_LIMIT, deed=deed, at=at, ticket_id=ticket.pk)
