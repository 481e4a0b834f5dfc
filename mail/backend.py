"""OutboxBackend: what Django and allauth send becomes rows of the outbox, encrypted and shown to nobody."""

import json
from base64 import b64encode
from collections.abc import Iterable, Sequence
from email.mime.base import MIMEBase
from email.utils import parseaddr
from typing import Any
from uuid import uuid4

from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.timezone import now

from accounts.models import Address
from accounts.people import normalise
from core import secrets, wakeups
from mail import outbox, senders, signing
from mail.models import MailState, OutgoingMail, SendingAccount, Template

# What says to whom or from whom it goes is the worker's to set.
OWN_HEADERS = {"message-id", "to", "cc", "bcc", "from", "reply-to", "date", "references", "in-reply-to"}


class OutboxBackend(BaseEmailBackend):
    """Keeps mails in the caller's transaction: what is rolled back is never sent."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        return sum(self._keep(message) for message in email_messages)

    def _keep(self, message: EmailMessage) -> int:
        recipients = list(dict.fromkeys(normalise(parseaddr(text)[1]) for text in message.recipients()))
        recipients = [email for email in recipients if email]
        known = {one.email: one for one in Address.objects.filter(email__in=recipients)}
        deed, at, held = uuid4(), now(), json.dumps(_held(message)).encode()
        account = _account(message)
        mails = []
        for email in recipients:
            address = known.get(email)
            mail = OutgoingMail(
                deed=deed,
                recipient=email,
                address=address,
                user_id=address.user_id if address else None,
                template=Template.ACCOUNT,
                account=account,
                message_id=signing.message_id(None, None),
                created_at=at,
            )
            outbox.settle(mail, address, None, at=at, refused=outbox.why_none())
            if mail.state != MailState.SUPPRESSED:
                # What is never sent need not be kept: it may hold a link that signs in.
                mail.body = secrets.encrypt(held)
            mails.append(mail)
        OutgoingMail.objects.bulk_create(mails)
        wakeups.wake()
        return 1 if mails else 0


def _account(message: EmailMessage) -> SendingAccount | None:
    """Return by which account it goes: that of the site's address, or the one that the message names.

    Told of what is wrong with one account, people are told by another (mail.alarm); None is MAIL_URL then, too.
    """
    if hasattr(message, "by_account"):
        named: SendingAccount | None = message.by_account
        return named
    site = senders.of_site()
    return site.account if site is not None else None


def _held(message: EmailMessage) -> dict[str, Any]:
    """Return all of the message that the worker needs to make it again (mail.rendering)."""
    alternatives: Iterable[Any] = message.alternatives if isinstance(message, EmailMultiAlternatives) else []
    return {
        "subject": str(message.subject),
        "body": str(message.body),
        "content_subtype": message.content_subtype,
        "reply_to": [str(text) for text in message.reply_to],
        # What only our own mails say (mail.template_admin): which address of ours it comes from, and which attachments
        # of a ticket the HTML shows, by their keys.
        "sender": getattr(message, "from_own", None),
        "images": getattr(message, "shown_images", []),
        "headers": {
            name: str(value) for name, value in message.extra_headers.items() if name.lower() not in OWN_HEADERS
        },
        "alternatives": [[str(content), kind] for content, kind in alternatives],
        "attachments": [_attachment(one) for one in message.attachments],
    }


def _attachment(attached: Any) -> list[Any]:
    """Return name, content in base64, type."""
    if isinstance(attached, MIMEBase):
        content = attached.get_payload(decode=True)
        name, kind = attached.get_filename(), attached.get_content_type()
    else:
        name, content, kind = attached
    if isinstance(content, str):
        content = content.encode()
    assert isinstance(content, bytes)
    return [name, b64encode(content).decode("ascii"), kind]
