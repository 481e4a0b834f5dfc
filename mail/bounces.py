"""A mail of ours came back: which one, and what that says of its recipient.

A bounce is believed only if it names a Message-ID of ours, which nobody can guess: else anybody could have addresses
marked as dead.
"""

from datetime import datetime

from accounts.models import Address
from mail.models import MailState, OutgoingMail
from mail.parsing import ParsedMail

MOST_IDS = 50


def note(parsed: ParsedMail, *, at: datetime) -> OutgoingMail | None:
    """Write down that a mail bounced, or waits somewhere on its way; return it if it is one of ours.

    The address of a mail that was refused for good is left alone from then on (mail.outbox).
    """
    bounce = parsed.bounce
    assert bounce is not None
    ids = [one for one in (bounce.original_message_id, *parsed.quoted_message_ids) if one][:MOST_IDS]
    mail = OutgoingMail.objects.filter(message_id__in=ids).select_related("ticket").order_by("-id").first()
    if mail is None:
        return None
    said = " ".join(part for part in (bounce.status or "", bounce.diagnostic or "") if part)[:500]
    if bounce.action == "delayed":
        OutgoingMail.objects.filter(pk=mail.pk, state=MailState.SENT).update(last_error=said)
        return mail
    sent = OutgoingMail.objects.filter(pk=mail.pk, state__in=[MailState.SENT, MailState.PERHAPS_SENT])
    sent.update(state=MailState.BOUNCED, last_error=said)
    if mail.address_id is not None and (bounce.status or "5").startswith("5"):
        Address.objects.filter(pk=mail.address_id).update(bouncing_at=at)
    return mail
