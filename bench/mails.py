"""Mails as programs send them: 5 KB in two parts, text and HTML, with what stands around them on the way."""

from datetime import datetime
from email.utils import format_datetime

SENTENCES = (
    "Since this morning the till in the front shop has not been printing receipts.",
    "We have tried another roll of paper and switched the whole thing off and on again.",
    "The light beside the cover blinks twice, stops for a while, and blinks twice again.",
    "My colleague says that it was the same in spring, and that somebody came by then.",
    "Could you tell us whether we need a new one, and how long it would take?",
    "Until then we write receipts by hand, which is fine for a day or two.",
    "The serial number stands on the back: it begins with KX and ends with 4711.",
    "Besides, the invoice of last month names a contract that we gave up long ago.",
)
SIZE = 5 * 1024
LONGEST = max(len(sentence) for sentence in SENTENCES) + 9
# What the parts have around their words.
FRAME = 300


def mail_bytes(
    *,
    sender: str,
    name: str,
    to: str,
    subject: str,
    message_id: str,
    at: datetime,
    in_reply_to: str = "",
    references: str = "",
    size: int = SIZE,
) -> bytes:
    """Return a multipart mail of `size` bytes. An answer quotes what it answers, as programs do."""
    answers = [f"In-Reply-To: {in_reply_to}", f"References: {references or in_reply_to}"] if in_reply_to else []
    head = [
        f"Return-Path: <{sender}>",
        f"Delivered-To: {to}",
        "Received: from mail.customer.example (mail.customer.example [192.0.2.17]) by mx.helpdesk.example",
        f"\t(Postfix) with ESMTPS id 4Zk2lq0x7Qz9; {format_datetime(at)}",
        f"From: {name} <{sender}>",
        f"To: {to}",
        f"Subject: {subject}",
        f"Date: {format_datetime(at)}",
        f"Message-ID: {message_id}",
        *answers,
        "MIME-Version: 1.0",
        'Content-Type: multipart/alternative; boundary="=-part-4711"',
    ]
    around = len(_quote("text")) + len(_quote("html")) if in_reply_to else 0
    # Both parts say the same; HTML takes a little more for it.
    lines = _lines((size - sum(len(line) + 2 for line in head) - FRAME - around) // 2)
    text = "\r\n".join(lines) + (_quote("text") if in_reply_to else "")
    paragraphs = "\r\n".join(f"<p>{line}</p>" for line in lines)
    html = f"<html><body><div>{paragraphs}</div>{_quote('html') if in_reply_to else ''}</body></html>"
    parts = [("text/plain", text), ("text/html", html)]
    body = "".join(
        f"--=-part-4711\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{said}\r\n"
        for kind, said in parts
    )
    mail = "\r\n".join(head) + "\r\n\r\n" + body + "--=-part-4711--\r\n"
    return mail.replace("</body>", f"<!--{'-' * (size - len(mail) - 7)}--></body>").encode()


def _lines(size: int) -> list[str]:
    """Return sentences of so many bytes at most, as paragraphs of HTML."""
    lines: list[str] = []
    while sum(len(line) + 9 for line in lines) + LONGEST < size:
        lines.append(SENTENCES[len(lines) % len(SENTENCES)])
    return lines


def _quote(kind: str) -> str:
    """Return what an answer quotes: some lines of ours."""
    said = ("Thank you for writing to us.", "We look into it and come back to you today.", SENTENCES[6])
    if kind == "html":
        inner = "<br>".join(said)
        return f'<div>On Monday Help desk wrote:</div><blockquote type="cite">{inner}</blockquote>'
    return "\r\n\r\nOn Mon, 2 Nov 2026 at 09:00, Help desk <support@helpdesk.example> wrote:\r\n> " + "\r\n> ".join(
        said
    )
