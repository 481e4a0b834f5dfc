"""parse and parse_mail: every field there, on an ordinary mail and on none at all."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mail.management.commands.parse_mail import described
from mail.parsing import Mailbox, parse

pytestmark = pytest.mark.once

KEYS = {
    *("file", "subject", "from", "to", "cc", "reply_to", "date", "message_id", "in_reply_to", "references", "text"),
    *("html", "reply_text", "quoted_text", "attachments", "auto_reply", "bulk", "bounce", "priority", "warnings"),
}

ORDINARY = b"""\
Return-Path: <ada@example.org>
Delivered-To: support@example.com
Authentication-Results: mx.example.com; spf=pass smtp.mailfrom=example.org
From: =?utf-8?Q?Ad=C3=A9la?= Lovelace <ada@example.org>
To: Support <support@example.com>, "Billing, urgent" <billing@example.com>
Cc: Grace <grace@example.com>
Reply-To: ada@home.example.org
Subject: =?iso-8859-1?Q?R=E9_the_engine?=
Date: Mon, 5 Jan 2026 10:00:00 +0100
Message-ID: <one@example.org>
In-Reply-To: <zero@example.com>
References: <minus@example.com> <zero@example.com>
X-Priority: 1 (Highest)
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="outer"

--outer
Content-Type: multipart/alternative; boundary=inner

--inner
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

It is broken =E2=80=93 again.

On Sun, 4 Jan 2026 at 09:00, Support <support@example.com> wrote:
> Did you try turning it?
--inner
Content-Type: text/html; charset=utf-8

<p>It is <b>broken</b> <img src="cid:gear@example.org"><img src="https://track.example.net/x.gif"></p>
<script>alert(1)</script><form action="https://evil.example"><input name=x></form>
--inner--
--outer
Content-Type: image/png; name="gear.png"
Content-Disposition: inline; filename="gear.png"
Content-ID: <gear@example.org>
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--outer--
"""


def test_an_ordinary_mail_says_everything():
    mail = parse(ORDINARY)

    assert mail.subject == "Ré the engine"
    assert mail.from_ == Mailbox("Adéla Lovelace", "ada@example.org")
    assert mail.to == (
        Mailbox("Support", "support@example.com"),
        Mailbox("Billing, urgent", "billing@example.com"),
    )
    assert mail.cc == (Mailbox("Grace", "grace@example.com"),)
    assert mail.reply_to == (Mailbox("", "ada@home.example.org"),)
    assert mail.date == datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
    assert mail.message_id == "<one@example.org>"
    assert mail.in_reply_to == "<zero@example.com>"
    assert mail.references == ("<minus@example.com>", "<zero@example.com>")
    assert mail.text.startswith("It is broken – again.\n\nOn Sun")
    assert mail.reply_text == "It is broken – again."
    assert mail.quoted_text.endswith("> Did you try turning it?")
    assert mail.priority == "high"
    assert (mail.auto_reply, mail.bulk, mail.bounce) == (False, False, None)
    assert mail.warnings == ()
    assert mail.return_path == "ada@example.org"
    assert mail.delivered_to == ("support@example.com",)
    assert mail.authentication_results == ("mx.example.com; spf=pass smtp.mailfrom=example.org",)


def test_its_html_is_harmless_and_loads_nothing():
    mail = parse(ORDINARY)

    assert '<img src="cid:gear@example.org">' in mail.html
    assert '<img data-image="0">' in mail.html
    assert mail.remote_images == ("https://track.example.net/x.gif",)
    assert not any(word in mail.html for word in ("script", "alert", "form", "input", "track.example.net"))


def test_its_picture_is_an_inline_file():
    (picture,) = parse(ORDINARY).attachments

    assert (picture.name, picture.type, picture.inline, picture.content_id) == (
        "gear.png",
        "image/png",
        True,
        "gear@example.org",
    )
    assert picture.content == b"\x89PNG\r\n\x1a\n"


def test_an_answer_keeps_its_images_when_what_it_quotes_goes():
    html = (
        b'<p>New.<img src="https://a.example/1.png" data-image="7"></p>'
        b'<blockquote type="cite">Old.<img src="https://a.example/2.png"></blockquote>'
    )
    mail = parse(b"From: ada@example.org\nContent-Type: text/html\n\n" + html)

    assert mail.reply_html == '<p>New.<img data-image="0"></p><span></span>'
    assert mail.remote_images == ("https://a.example/1.png", "https://a.example/2.png")


def test_the_command_prints_a_line_for_each_file_with_every_key(tmp_path: Path):
    (tmp_path / "a.eml").write_bytes(ORDINARY)
    (tmp_path / "empty.eml").write_bytes(b"")
    files = [str(tmp_path / "a.eml"), str(tmp_path / "empty.eml"), str(tmp_path / "absent.eml"), str(tmp_path)]

    lines = [json.loads(line) for line in described(files)]

    assert [line["file"] for line in lines] == files
    assert all(set(line) == KEYS for line in lines)
    assert lines[0]["date"] == "2026-01-05T09:00:00Z"
    assert lines[0]["from"] == {"name": "Adéla Lovelace", "address": "ada@example.org"}
    assert lines[0]["attachments"] == [
        {
            "name": "gear.png",
            "type": "image/png",
            "size": 8,
            "sha256": hashlib.sha256(b"\x89PNG\r\n\x1a\n").hexdigest(),
            "inline": True,
            "content_id": "gear@example.org",
        }
    ]
    assert lines[1]["warnings"] == ["empty"]
    assert lines[1]["from"] is None
    assert [line["warnings"] for line in lines[2:]] == [["unreadable_file"], ["unreadable_file"]]
