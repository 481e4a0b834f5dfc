"""From a row of the outbox to the message that is sent: addresses, headers, and what mail.rendering says."""

import json
from base64 import b64decode
from collections.abc import Iterable
from email.mime.image import MIMEImage
from email.utils import formataddr, parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import utf8_charset_qp
from django.utils import timezone
from django.utils.crypto import salted_hmac

from core import secrets
from core.absolute import absolute_url
from core.files import open_blob
from core.models import SiteSettings
from mail import addresses, signing, switching_off
from mail.common import Common
from mail.models import ANSWERS, OutgoingMail, OwnAddress, Template
from mail.rendering import ALERTS, Reader, content_id, rendered_for
from mail.signing import Role
from mail.words import one_line
from tickets.models import Attachment, Ticket

# What an agent wrote by hand; everything else goes out by itself (RFC 3834).
WRITTEN_BY_HAND = {Template.TICKET_REPLY}
# What answers something that somebody sent; the rest goes out because of a deed or a time (RFC 3834 section 5).
AUTO_REPLIED = {*ANSWERS, Template.OVER_LIMIT, Template.AGENT_COMMANDS}


def compose(mail: OutgoingMail, common: Common | None = None) -> EmailMultiAlternatives:
    """Return the message to send. Raises NoLongerWanted, and SecretUnreadable for a body without its key."""
    common = common or Common([mail])
    if mail.body is not None:
        return _finished(mail, common)
    rendered, reader = rendered_for(mail, common)
    message = EmailMultiAlternatives(
        rendered.subject,
        rendered.text,
        _sender(common.sender(mail)),
        [mail.recipient],
        reply_to=[_reply_to(mail, reader, common)],
        headers=_headers(mail, common),
    )
    # Quoted-printable: a server that takes 7 bits only gets nothing else.
    message.encoding = utf8_charset_qp
    message.attach_alternative(rendered.html, "text/html")
    _attach_images(message, rendered.images)
    return message


def _attach_images(message: EmailMultiAlternatives, images: Iterable[Attachment]) -> None:
    """Send along what the HTML shows in its places (RFC 2387); an image that storage lost is left out."""
    for image in images:
        try:
            with open_blob(image.blob) as file:
                content = file.read()
        except FileNotFoundError:
            continue
        part = MIMEImage(content, image.content_type.partition("/")[2])
        part.add_header("Content-ID", f"<{content_id(image)}>")
        part.add_header("Content-Disposition", "inline", filename=image.name)
        message.attach(part)
    # With files beside it, a text with its images is one thing for programs that read it.
    message.mixed_subtype = "related"  # type: ignore[attr-defined]  # the stubs do not know it


def thread_root(ticket: Ticket) -> str:
    """Return the Message-ID under which all mails of a ticket hang; guessed by nobody, sent by nobody."""
    digest = salted_hmac("mail.thread", str(ticket.pk), algorithm="sha256").hexdigest()[:32]
    return f"<ticket.{digest}@{settings.MAIL_DOMAIN}>"


def _sender(own: OwnAddress | None) -> str:
    """Return From: the address of ticket's department, else the site's; no other is ever written."""
    name, address = (own.name, own.email) if own is not None else parseaddr(settings.MAIL_FROM)
    return formataddr((one_line(name or SiteSettings.load().name), address))


def _reply_to(mail: OutgoingMail, reader: Reader, common: Common) -> str:
    """Return where an answer goes, signed for this ticket and reader."""
    assert mail.ticket is not None
    assert mail.address is not None
    own, mailbox = common.sender(mail), common.mailbox_for_answers(mail)
    email = mailbox.address if mailbox else (own.email if own is not None else addresses.site_address())
    if mailbox is None or mailbox.plus_addresses:
        role = Role.AGENT if reader.is_agent else Role.REQUESTER
        email = signing.reply_address(
            email, ticket_id=mail.ticket.pk, address=mail.address, role=role, at=timezone.now()
        )
    name = own.name if own is not None else ""
    return formataddr((one_line(name or SiteSettings.load().name), email))


def _headers(mail: OutgoingMail, common: Common) -> dict[str, str]:
    headers = {
        "Message-ID": mail.message_id,
        signing.LOOP_HEADER: signing.loop_mark(),
        signing.RETURN_HEADER: signing.return_mark(mail.message_id),
    }
    if mail.template in WRITTEN_BY_HAND:
        headers["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    else:
        headers["Auto-Submitted"] = "auto-replied" if mail.template in AUTO_REPLIED else "auto-generated"
        headers["X-Auto-Response-Suppress"] = "All"
    # Only agents have such wishes; administrators are told by the page Alerts.
    if mail.template in ALERTS and mail.address is not None and mail.address.user.is_agent:
        url = absolute_url("desk:alerts-off", switching_off.token(mail.address, Template(mail.template)))
        headers["List-Unsubscribe"] = f"<{url}>"
        if url.startswith("https:"):
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    if mail.ticket is not None:
        references = [thread_root(mail.ticket), *common.earlier(mail)]
        headers["References"] = " ".join(references)
        headers["In-Reply-To"] = references[-1]
    return headers


def _finished(mail: OutgoingMail, common: Common) -> EmailMultiAlternatives:
    """Return the message that came through EMAIL_BACKEND (mail.backend)."""
    assert mail.body is not None
    held = json.loads(secrets.decrypt(bytes(mail.body)))
    own = common.sender(mail)
    if key := held.get("sender"):
        # By the same way, or not at all: a server takes no mail from addresses that it does not know.
        own = OwnAddress.objects.filter(pk=key, account=own.account if own is not None else None).first() or own
    message = EmailMultiAlternatives(
        held["subject"],
        held["body"],
        _sender(own),
        [mail.recipient],
        reply_to=held["reply_to"],
        headers=held["headers"] | _headers(mail, common),
        attachments=[(name, b64decode(content), kind) for name, content, kind in held["attachments"]],
    )
    message.content_subtype = held["content_subtype"]
    message.encoding = utf8_charset_qp
    for content, kind in held["alternatives"]:
        message.attach_alternative(content, kind)
    if keys := held.get("images"):
        # What was taken out of the ticket meanwhile is not mailed.
        _attach_images(message, Attachment.objects.filter(pk__in=keys).select_related("blob").order_by("pk"))
    return message
