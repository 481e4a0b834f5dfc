"""From a row of the outbox to the message that is sent: addresses, headers, and what mail.rendering says."""

import json
from base64 import b64decode
from email.utils import formataddr, parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import utf8_charset_qp
from django.utils import timezone
from django.utils.crypto import salted_hmac

from core import secrets
from core.models import SiteSettings
from mail import addresses, signing
from mail.models import IncomingMail, IncomingState, MailState, OutgoingMail, Template
from mail.rendering import Reader, rendered_for
from mail.signing import Role
from mail.words import one_line
from tickets.models import Ticket

MOST_REFERENCES = 10
# What an agent wrote by hand; everything else goes out by itself (RFC 3834).
WRITTEN_BY_HAND = {Template.TICKET_REPLY}


def compose(mail: OutgoingMail) -> EmailMultiAlternatives:
    """Return the message to send. Raises NoLongerWanted, and SecretUnreadable for a body without its key."""
    if mail.body is not None:
        return _finished(mail)
    rendered, reader = rendered_for(mail)
    message = EmailMultiAlternatives(
        rendered.subject,
        rendered.text,
        _sender(),
        [mail.recipient],
        reply_to=[_reply_to(mail, reader)],
        headers=_headers(mail),
    )
    # Quoted-printable: a server that takes 7 bits only gets nothing else.
    message.encoding = utf8_charset_qp
    message.attach_alternative(rendered.html, "text/html")
    return message


def thread_root(ticket: Ticket) -> str:
    """Return the Message-ID under which all mails of a ticket hang; guessed by nobody, sent by nobody."""
    digest = salted_hmac("mail.thread", str(ticket.pk), algorithm="sha256").hexdigest()[:32]
    return f"<ticket.{digest}@{settings.MAIL_DOMAIN}>"


def _sender() -> str:
    name, address = parseaddr(settings.MAIL_FROM)
    return formataddr((one_line(name or SiteSettings.load().name), address))


def _reply_to(mail: OutgoingMail, reader: Reader) -> str:
    """Return where an answer goes: to the mailbox that the ticket came by, signed for this ticket and reader."""
    assert mail.ticket is not None
    assert mail.address is not None
    own = addresses.own_addresses()
    mailbox = own.for_answers(_came_by(mail.ticket))
    email = mailbox.address if mailbox else addresses.site_address()
    if mailbox is None or mailbox.plus_addresses:
        role = Role.AGENT if reader.is_agent else Role.REQUESTER
        email = signing.reply_address(
            email, ticket_id=mail.ticket.pk, address=mail.address, role=role, at=timezone.now()
        )
    return formataddr((one_line(SiteSettings.load().name), email))


def _came_by(ticket: Ticket) -> int | None:
    """Return the key of the mailbox by which the ticket came in, if it came by mail."""
    opened = IncomingMail.objects.filter(ticket=ticket, state=IncomingState.TICKET).order_by("id")
    return opened.values_list("mailbox", flat=True).first()


def _headers(mail: OutgoingMail) -> dict[str, str]:
    headers = {"Message-ID": mail.message_id, signing.LOOP_HEADER: signing.loop_mark()}
    if mail.template in WRITTEN_BY_HAND:
        headers["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    else:
        answers = mail.template == Template.TICKET_OPENED
        headers["Auto-Submitted"] = "auto-replied" if answers else "auto-generated"
        headers["X-Auto-Response-Suppress"] = "All"
    if mail.ticket is not None:
        references = [thread_root(mail.ticket), *_earlier(mail)]
        headers["References"] = " ".join(references)
        headers["In-Reply-To"] = references[-1]
    return headers


def _earlier(mail: OutgoingMail) -> list[str]:
    """Message-IDs of what this person wrote and got about the ticket, oldest first."""
    got = OutgoingMail.objects.filter(
        ticket=mail.ticket,
        recipient=mail.recipient,
        pk__lt=mail.pk,
        state__in=[MailState.SENT, MailState.PERHAPS_SENT],
    ).order_by("-pk")
    wrote = (
        IncomingMail.objects.filter(ticket=mail.ticket, sender=mail.recipient, taken_in_at__lte=mail.created_at)
        .exclude(entry=None)
        .exclude(message_id="")
        .order_by("-pk")
    )
    both = [
        *got.values_list("created_at", "message_id")[:MOST_REFERENCES],
        *wrote.values_list("taken_in_at", "message_id")[:MOST_REFERENCES],
    ]
    return [message_id for _at, message_id in sorted(both)][-MOST_REFERENCES:]


def _finished(mail: OutgoingMail) -> EmailMultiAlternatives:
    """Return the message that came through EMAIL_BACKEND (mail.backend)."""
    assert mail.body is not None
    held = json.loads(secrets.decrypt(bytes(mail.body)))
    message = EmailMultiAlternatives(
        held["subject"],
        held["body"],
        _sender(),
        [mail.recipient],
        reply_to=held["reply_to"],
        headers=held["headers"] | _headers(mail),
        attachments=[(name, b64decode(content), kind) for name, content, kind in held["attachments"]],
    )
    message.content_subtype = held["content_subtype"]
    message.encoding = utf8_charset_qp
    for content, kind in held["alternatives"]:
        message.attach_alternative(content, kind)
    return message
