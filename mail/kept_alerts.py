"""Alerts that waited, as they do through their reader's quiet hours: when they leave, wishes are looked at again.

What is sent as it comes is not asked about twice: the wishes of a moment ago are those of now.
"""

from datetime import datetime, timedelta

from django.db.models import F
from django.utils.translation import gettext as _

from accounts.models import Address
from mail.common import Common
from mail.models import ALERT_TEMPLATES, OutgoingMail
from mail.rendering import NoLongerWanted
from tickets import audience, wishes
from tickets.models import Kind, TicketEvent
from tickets.wishes import About, Channel

# What waits longer than a busy outbox makes it wait was kept.
KEPT_FROM = timedelta(minutes=2)


def still_quiet_until(mail: OutgoingMail, common: Common, at: datetime) -> datetime | None:
    """Return until when a kept alert waits on, since its reader's quiet hours are others by now; None for an end."""
    event = _event_of(mail, common, at)
    if event is None:
        return None
    return wishes.waits_until(_reader(mail, common), audience.ALERT_OF[Kind(event.kind)], at)


def require_wanted(mail: OutgoingMail, common: Common, at: datetime) -> None:
    """Raise NoLongerWanted for a kept alert that its reader has switched off since."""
    event = _event_of(mail, common, at)
    if event is None:
        return
    told_as = next((one.why for one in audience.of(event) if one.address.pk == mail.address_id), None)
    # Somebody else may have the ticket by now; who was told of it as what is not known any more.
    abouts = {audience.ABOUT[why] for why in told_as} if told_as else set(About)
    if not wishes.wants(_reader(mail, common), Channel.MAIL, audience.ALERT_OF[Kind(event.kind)], abouts):
        raise NoLongerWanted(_("%(name)s does not want to hear of this any more.") % {"name": mail.recipient})


def _event_of(mail: OutgoingMail, common: Common, at: datetime) -> TicketEvent | None:
    """Return what a kept alert tells of; None for every other mail."""
    if mail.template not in ALERT_TEMPLATES.values() or mail.address_id is None or mail.ticket is None:
        return None
    if at - mail.created_at < KEPT_FROM:
        return None
    for event in common.story(mail):
        alert = audience.ALERT_OF.get(Kind(event.kind))
        if alert is not None and ALERT_TEMPLATES[alert] == mail.template:
            event.ticket = mail.ticket
            return event
    return None


def _reader(mail: OutgoingMail, common: Common) -> Address:
    """Return the address with the wishes of who reads there, asked for all readers of the bundle at once."""
    assert mail.address_id is not None
    return common.once("wishes", lambda: _readers(common))[mail.address_id]


def _readers(common: Common) -> dict[int, Address]:
    paths = {name: F(f"user__{path}") for name, path in wishes.PATHS.items()}
    return {one.pk: one for one in Address.objects.annotate(**paths).filter(pk__in=common.addresses)}
