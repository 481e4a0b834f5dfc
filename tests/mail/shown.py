"""Mails with pictures, and what it takes to have them in a ticket."""

from email.message import EmailMessage
from io import BytesIO

from mail.management.commands import receive_mail
from mail.models import IncomingMail
from tests.mail.samples import SUPPORT

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 24


def mail_with_pictures(
    html: str, *pictures: tuple[str, bytes], message_id: str = "<pictures@example.org>", **headers: str
) -> bytes:
    """Return a mail of HTML with pictures that it may show: (Content-ID, content)."""
    message = EmailMessage()
    headers = {"From": "Ada Byron <ada@example.org>", "To": SUPPORT, "Subject": "With pictures"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    for name, value in headers.items():
        message[name] = value
    message["Message-ID"] = message_id
    message["Date"] = "Mon, 02 Nov 2026 09:00:00 +0000"
    message.set_content(html, subtype="html")
    for identity, content in pictures:
        message.add_related(content, "image", "png", cid=f"<{identity}>", filename=f"{identity.partition('@')[0]}.png")
    return message.as_bytes()


def receive(raw: bytes) -> IncomingMail:
    row = receive_mail.receive(BytesIO(raw), mailbox_name="")
    assert row.entry is not None, (row.state, row.reason, row.last_error)
    return row
