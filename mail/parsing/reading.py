"""`parse`: one mail, step by step. A step that fails leaves its fields empty and a remark; the others stand."""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar
from urllib.parse import unquote

from mail.parsing import automatic, complaints, ids, limits, moments, quotewords, remarks
from mail.parsing.bodies import Bodies, read_bodies
from mail.parsing.bounces import original_head, read_bounce
from mail.parsing.head import Head
from mail.parsing.htmlclean import block_images, clean_tree, cut_from
from mail.parsing.htmlquotes import find_quotes, quoted_text
from mail.parsing.htmltext import Line, as_text, render
from mail.parsing.htmltree import Tree, read_html, without_tags
from mail.parsing.mime import split
from mail.parsing.parsed import Attachment, Bounce, ParsedMail
from mail.parsing.quotes import Split, split_quote
from mail.parsing.remarks import Remarks

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

_FOOTER = 4  # so many times longer the HTML is than what only stands below it
_CID = re.compile(r"cid:([^\"'\s<>)&]{1,500})", re.IGNORECASE)

_DELIVERED_TO = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-delivered-to", "x-rcpt-to")


def parse(raw: bytes) -> ParsedMail:
    """Return what the mail says, whatever the bytes are. `warnings` names everything that was not in order."""
    notes = Remarks()
    if not raw.strip():
        notes.add(remarks.EMPTY)
        return ParsedMail(warnings=notes.all())
    root = _step("structure", lambda: split(raw, notes), None, notes)
    if root is None:
        return ParsedMail(text=raw[: limits.TEXT].decode("latin-1").replace("\0", ""), warnings=notes.all())
    head = Head(root.fields, notes)
    mail = _step("headers", lambda: _read_head(head, notes), ParsedMail(), notes)
    bodies = _step("parts", lambda: read_bodies(root, notes), Bodies(), notes)
    shown = _step("text", lambda: _show(bodies, mail, notes), _Shown(), notes)
    bounce = _step("bounce", lambda: _bounce(head, root.kind, shown.text, bodies), None, notes)
    is_report = _step("report", lambda: _is_report(shown.text, bodies), False, notes)
    if not shown.text.strip() and not bodies.attachments and not bodies.is_encrypted:
        notes.add(remarks.NO_TEXT)
    answers = bounce is None and (is_report or _step("kind", lambda: automatic.is_auto_reply(head), False, notes))
    return replace(
        mail,
        text=shown.text,
        html=shown.html,
        reply_text=shown.split.reply,
        quoted_text=shown.split.quoted,
        reply_html=shown.reply_html,
        remote_images=shown.images,
        attachments=shown.attachments,
        bounce=bounce,
        auto_reply=answers,
        auto_reply_is_guess=answers and not is_report and automatic.is_guess(head),
        quoted_message_ids=_step("ids", lambda: _quoted_ids(bodies, bounce), (), notes),
        warnings=notes.all(),
    )


def html_as_sent(raw: bytes) -> tuple[str, tuple[Attachment, ...]]:
    """Return the HTML of a mail in no way cleaned, "" if it has none, and the files that it may show."""
    notes = Remarks()
    root = _step("structure", lambda: split(raw, notes), None, notes)
    if root is None:
        return "", ()
    bodies = _step("parts", lambda: read_bodies(root, notes), Bodies(), notes)
    return "\n".join(html for html in bodies.htmls if html.strip()), tuple(bodies.attachments)


def _step(name: str, run: Callable[[], Result], fallback: Result, notes: Remarks) -> Result:
    """Return what the step finds. Our own mistake must not cost the rest of the mail, nor stop the mails behind it."""
    try:
        return run()
    except Exception:
        logger.exception("Reading a mail failed at %s", name)
        notes.add(remarks.FAULT, step=name)
        return fallback


def _read_head(head: Head, notes: Remarks) -> ParsedMail:
    senders = head.addresses("from")
    if not senders:
        notes.add(remarks.NO_FROM)
    elif len(senders) > 1:
        notes.add(remarks.SEVERAL_FROM, count=len(senders))
    written_date = head.first("date")
    date = moments.parse_date(written_date) if written_date else None
    if written_date and date is None:
        notes.add(remarks.BAD_DATE)
    written_id = head.first("message-id")
    message_id = ids.message_id(written_id) if written_id else None
    if written_id is not None and message_id is None:
        notes.add(remarks.BAD_MESSAGE_ID)
    subject = (head.first("subject") or "")[: limits.HEADER_TEXT]
    return ParsedMail(
        subject=subject,
        from_=senders[0] if senders else None,
        to=head.addresses("to"),
        cc=head.addresses("cc"),
        reply_to=head.addresses("reply-to"),
        date=date,
        message_id=message_id,
        in_reply_to=ids.message_id(head.first("in-reply-to") or ""),
        references=ids.message_ids(" ".join(head.all("references"))),
        bulk=automatic.is_bulk(head),
        priority=automatic.priority(head),
        senders=senders,
        sender=next(iter(head.addresses("sender")), None),
        return_path=_return_path(head),
        delivered_to=tuple(box.address for name in _DELIVERED_TO for box in head.addresses(name) if box.address),
        authentication_results=head.all("authentication-results"),
        received=head.all("received"),
        list_id=head.first("list-id"),
        precedence=head.first("precedence"),
        auto_submitted=head.first("auto-submitted"),
        is_forward=quotewords.FORWARD_SUBJECT.match(subject) is not None,
        headers=head.as_pairs(),
    )


def _return_path(head: Head) -> str | None:
    written = head.first("return-path")
    return written.strip().strip("<>").strip() if written is not None else None


@dataclass(frozen=True, slots=True)
class _Shown:
    text: str = ""
    html: str = ""
    reply_html: str = ""
    split: Split = field(default_factory=lambda: Split("", ""))
    images: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()


def _show(bodies: Bodies, mail: ParsedMail, notes: Remarks) -> _Shown:
    plain = "\n\n".join(text.rstrip() for text in bodies.texts if text.strip()).rstrip()
    html = "\n".join(html for html in bodies.htmls if html.strip())
    tree = read_html(html, notes) if html else None
    if tree is None:
        text = plain or without_tags(html)
        return _Shown(
            text=text, split=split_quote(text, is_forward=mail.is_forward), attachments=tuple(bodies.attachments)
        )
    quotes = set() if mail.is_forward else find_quotes(tree)
    lines = render(tree) if not plain or not quotes or bodies.lone_htmls else []
    if bodies.lone_htmls and len(plain) * _FOOTER < len(from_html := as_text(lines)):
        # Lists put a footer of plain text below a mail that is HTML alone; the footer is not what was said.
        plain, footer = "", plain
        text = f"{from_html}\n\n{footer}" if footer else from_html
    else:
        text = plain or as_text(lines)
    parts = split_quote(text, is_forward=mail.is_forward)
    if quotes and not plain:
        parts = _without(quotes, tree, parts)
    attachments = _inline_ones(bodies.attachments, html)
    images = block_images(tree)
    cleaned = clean_tree(tree)
    reply_html = cleaned
    if quotes:
        reply_html = clean_tree(tree, without=quotes)
    elif parts.quoted and (line := _first_quoted(lines, parts, is_html_only=not plain)):
        cut_from(line)
        reply_html = clean_tree(tree)
    return _Shown(text, cleaned, reply_html, parts, images, attachments)


def _without(quotes: set[Tree], tree: Tree, by_words: Split) -> Split:
    """Return the new words that are left without the marked quotes, which may hold others that only words tell."""
    left = split_quote(as_text(render(tree, without=quotes)))
    if not left.reply.strip():
        return by_words
    return Split(left.reply, "\n\n".join(text for text in (left.quoted, quoted_text(tree, quotes)) if text))


def _first_quoted(lines: list[Line], parts: Split, *, is_html_only: bool) -> Line | None:
    """Return the line of the HTML from which on all is quoted, None if there is none."""
    if not is_html_only:
        parts = split_quote(as_text(lines))
    return lines[parts.cut] if parts.quoted and parts.cut is not None and 0 < parts.cut < len(lines) else None


def _inline_ones(attachments: list[Attachment], html: str) -> tuple[Attachment, ...]:
    """Return the attachments, those that the HTML shows marked as inline."""
    shown = {unquote(identity).lower() for identity in _CID.findall(html)}
    return tuple(
        replace(one, inline=True) if one.content_id and one.content_id.lower() in shown else one for one in attachments
    )


def _bounce(head: Head, kind: str, text: str, bodies: Bodies) -> Bounce | None:
    return complaints.bounce_in(text) or read_bounce(head, kind, text, bodies.reports)


def _is_report(text: str, bodies: Bodies) -> bool:
    return complaints.is_complaint(bodies.reports) or complaints.is_notification(text)


def _quoted_ids(bodies: Bodies, bounce: Bounce | None) -> tuple[str, ...]:
    """Return the Message-IDs that stand in what came back or was passed on, each once."""
    found: list[str] = []
    for kind, data in bodies.reports[: limits.QUOTED_IDS]:
        if kind in {"message/rfc822", "text/rfc822-headers"} and (head := original_head([data])):
            for name in ("message-id", "in-reply-to", "references", "original-message-id"):
                found.extend(ids.message_ids(" ".join(head.all(name))))
        elif kind == "message/disposition-notification" and (head := original_head([data])):
            found.extend(ids.message_ids(head.first("original-message-id") or ""))
    if bounce and bounce.original_headers:
        for name, value in bounce.original_headers:
            if name.lower() in {"message-id", "in-reply-to", "references"}:
                found.extend(ids.message_ids(value))
    return tuple(dict.fromkeys(found))[: limits.QUOTED_IDS]
