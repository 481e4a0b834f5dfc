"""Ticket links: signed for one ticket and one address, good for 30 days, as often as wanted (PARITY section 4, rule 8).

A link shows; only a POST does something. Raising the address's `link_epoch` revokes all of them.
"""

from datetime import timedelta

from django.core import signing

from core.absolute import absolute_url
from tickets.models import Participant

LASTS = timedelta(days=30)
SALT = "tickets.links"


class LinkInvalid(Exception):
    """Forged, cut off, expired or revoked; the reader is not told which."""


def token_for(participant: Participant) -> str:
    """Return a fresh token for the participant's ticket and address."""
    address = participant.address
    return signing.dumps([participant.ticket_id, address.pk, address.link_epoch], salt=SALT)


def link_for(participant: Participant) -> str:
    """Return the absolute address of the participant's ticket page. It opens the ticket: keep it out of logs."""
    return absolute_url("portal:ticket", token_for(participant))


def read(token: str) -> Participant:
    """Return who holds the link, with ticket, address and person loaded. Raises LinkInvalid."""
    try:
        ticket_id, address_id, epoch = signing.loads(token, salt=SALT, max_age=LASTS)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise LinkInvalid from error
    rows = Participant.objects.by_own_address().select_related("address", "user", "ticket")
    participant = rows.filter(ticket=ticket_id, address=address_id, address__link_epoch=epoch).first()
    if participant is None:
        raise LinkInvalid
    return participant
