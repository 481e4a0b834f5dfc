"""Switching an alert off by the link that its mail carries (RFC 8058): bound to the agent's address and its kind.

It is signed under the address's epoch: revoking links makes it worthless. It switches off and can do nothing else.
"""

from django.core import signing
from django.db import transaction

from accounts.models import Address, Preferences
from mail.models import ALERT_TEMPLATES, Template
from tickets import wishes
from tickets.models import Alert

SALT = "mail.switching_off"


def token(address: Address, template: Template) -> str:
    return signing.dumps([address.pk, address.link_epoch, template.value], salt=SALT)


def read(text: str) -> tuple[Address, list[Alert]] | None:
    """Return whose alerts of which kinds the token switches off; None for one that is not ours, or revoked."""
    try:
        pk, epoch, template = signing.loads(text, salt=SALT)
    except signing.BadSignature:
        return None
    address = Address.objects.select_related("user").filter(pk=pk, link_epoch=epoch, user__is_agent=True).first()
    alerts = [alert for alert, one in ALERT_TEMPLATES.items() if one == template]
    return (address, alerts) if address is not None and alerts else None


@transaction.atomic
def switch_off(address: Address, alerts: list[Alert]) -> None:
    """Let the agent get no such mails any more. What reached them by other ways stays as it is."""
    held, _made = Preferences.objects.select_for_update().get_or_create(agent=address.user)
    codes = {wishes.code(wishes.Channel.MAIL, alert, about) for alert in alerts for about in wishes.About}
    held.alerts_off = sorted({*held.alerts_off, *codes.intersection(wishes.CODES)})
    held.save(update_fields=["alerts_off"])
