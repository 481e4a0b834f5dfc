"""Headers as they come: encoded, half encoded, raw, broken."""

from datetime import UTC, datetime

import pytest

from mail.parsing import Mailbox, parse

pytestmark = pytest.mark.once

SUBJECTS = [
    (b"=?utf-8?Q?Caf=C3=A9?=", "Café"),
    (b"=?UTF-8?b?Q2Fmw6k=?=", "Café"),
    (b"=?iso-8859-1?q?Caf=E9_au_lait?=", "Café au lait"),
    (b"Re: =?utf-8?Q?Caf=C3=A9?= today", "Re: Café today"),
    # White space between encoded words is none; a character may be cut between two.
    (b"=?utf-8?Q?Caf=C3?= =?utf-8?Q?=A9?=", "Café"),
    (b"=?utf-8?B?Q2Fmww==?=\r\n =?utf-8?B?qQ==?=", "Café"),
    (b"=?utf-8?Q?a?= =?iso-8859-1?Q?=E9?=", "aé"),
    (b"=?utf-8?Q?a?= b =?utf-8?Q?c?=", "a b c"),
    # Encoded words without white space around them, and with spaces inside: forbidden, common.
    (b"x=?utf-8?Q?=C3=A9?=y", "xéy"),
    (b"=?utf-8?Q?Caf=C3=A9 au lait?=", "Café au lait"),
    (b"=?utf-8?Q?Why=3F?=", "Why?"),
    (b'"=?utf-8?Q?Caf=C3=A9?="', '"Café"'),
    # RFC 2231 section 5: a language.
    (b"=?utf-8*de?Q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
    (b"=?gb2312?B?xOO6ww==?=", "你好"),
    (b"=?big5?B?p0Gmbg==?=", "你好"),
    (b"=?iso-2022-jp?B?GyRCJDMkcyRLJEEkTxsoQg==?=", "こんにちは"),
    (b"=?shift_jis?B?grGC8YLJgr+CzQ==?=", "こんにちは"),
    (b"=?ks_c_5601-1987?B?vsiz5w==?=", "안녕"),
    (b"=?koi8-r?B?8NLJ18XU?=", "Привет"),
    (b"=?windows-1251?Q?=CF=F0=E8=E2=E5=F2?=", "Привет"),
    # The charset lies or is unknown.
    (b"=?us-ascii?Q?Caf=C3=A9?=", "Café"),
    (b"=?iso-8859-1?Q?Caf=C3=A9?=", "Café"),
    (b"=?iso-8859-1?Q?=80_5?=", "€ 5"),
    (b"=?nonsense-8?Q?Caf=C3=A9?=", "Café"),
    (b"=?unknown-8bit?Q?Caf=E9?=", "Café"),
    # Broken encodings.
    (b"=?utf-8?B?Q2Fmw6k?=", "Café"),
    (b"=?utf-8?B?Q2Fm w6k=?=", "Café"),
    (b"=?utf-8?Q?Caf=C3=A9", "=?utf-8?Q?Caf=C3=A9"),
    (b"=?utf-8?X?Cafe?=", "=?utf-8?X?Cafe?="),
    (b"=?utf-8?Q?=ZZ?=", "=ZZ"),
    (b"=?utf-8?B??=", ""),
    # Raw bytes.
    ("Café".encode(), "Café"),
    ("Café".encode("cp1252"), "Café"),
    ("Привет, как дела".encode("koi8-r"), "Привет, как дела"),
    ("Привет, как дела".encode("cp1251"), "Привет, как дела"),
    # Folding, tabs, and what must not be smuggled into a line of its own.
    (b"one\r\n two\r\n\tthree", "one two three"),
    (b"=?utf-8?Q?one=0D=0ABcc:_x@example.org?=", "one Bcc: x@example.org"),
    (b"=?utf-8?Q?nul=00?=", "nul"),
    (b"", ""),
]

ADDRESSES = [
    (b"ada@example.org", [("", "ada@example.org")]),
    (b"<ada@example.org>", [("", "ada@example.org")]),
    (b"Ada Lovelace <ada@example.org>", [("Ada Lovelace", "ada@example.org")]),
    (b'"Lovelace, Ada" <ada@example.org>', [("Lovelace, Ada", "ada@example.org")]),
    (b'"Ada \\"the Countess\\" L" <ada@example.org>', [('Ada "the Countess" L', "ada@example.org")]),
    (b"=?utf-8?Q?Ad=C3=A9la?= <ada@example.org>", [("Adéla", "ada@example.org")]),
    (b'"=?utf-8?Q?Ad=C3=A9la?=" <ada@example.org>', [("Adéla", "ada@example.org")]),
    (b"=?utf-8?Q?Lovelace=2C_Ada?= <ada@example.org>", [("Lovelace, Ada", "ada@example.org")]),
    (b"ada@example.org (Ada Lovelace)", [("Ada Lovelace", "ada@example.org")]),
    (b"'ada@example.org' <ada@example.org>", [("ada@example.org", "ada@example.org")]),
    (b"ada@example.org <ada@example.org>", [("ada@example.org", "ada@example.org")]),
    (b"a@x.org, B <b@x.org>,c@x.org", [("", "a@x.org"), ("B", "b@x.org"), ("", "c@x.org")]),
    (b"a@x.org; b@x.org", [("", "a@x.org"), ("", "b@x.org")]),
    (b"Team: a@x.org, B <b@x.org>;", [("", "a@x.org"), ("B", "b@x.org")]),
    (b"undisclosed-recipients:;", []),
    (b"undisclosed-recipients: ;, ada@example.org", [("", "ada@example.org")]),
    (b"<ada@example.org", [("", "ada@example.org")]),
    (b"Ada <ada@example.org", [("Ada", "ada@example.org")]),
    (b"Ada ada@example.org", [("Ada", "ada@example.org")]),
    (b"Ada <mailto:ada@example.org>", [("Ada", "ada@example.org")]),
    (b"<<ada@example.org>>", [("", "ada@example.org")]),
    (b'"ada lovelace"@example.org', [("", '"ada lovelace"@example.org')]),
    (b"<@relay.example.net:ada@example.org>", [("", "ada@example.org")]),
    (b"Ada\r\n <ada@example.org>,\r\n Bob <bob@example.org>", [("Ada", "ada@example.org"), ("Bob", "bob@example.org")]),
    ("Jörg <joerg@example.org>".encode("cp1252"), [("Jörg", "joerg@example.org")]),
    ("Jörg <jörg@exämple.org>".encode(), [("Jörg", "jörg@exämple.org")]),
    (b", ,ada@example.org,,", [("", "ada@example.org")]),
    (b"Ada", [("Ada", "")]),
    (b"MAILER-DAEMON <>", [("MAILER-DAEMON", "")]),
    (b"Smith, John <john@example.org>", [("Smith, John", "john@example.org")]),
    (b"", []),
]

DATES = [
    ("Mon, 5 Jan 2026 10:00:00 +0100", datetime(2026, 1, 5, 9, 0, tzinfo=UTC)),
    ("5 Jan 2026 10:00 +0100", datetime(2026, 1, 5, 9, 0, tzinfo=UTC)),
    ("Mon, 05 Jan 26 10:00:00 GMT", datetime(2026, 1, 5, 10, 0, tzinfo=UTC)),
    ("Mon, 5 Jan 2026 10:00:00 EST", datetime(2026, 1, 5, 15, 0, tzinfo=UTC)),
    ("Mon, 5 Jan 2026 10:00:00 +0000 (UTC)", datetime(2026, 1, 5, 10, 0, tzinfo=UTC)),
    ("Mon, 5 Jan 2026 10:00:00 -0000", datetime(2026, 1, 5, 10, 0, tzinfo=UTC)),
    ("Mon, 5 Jan 2026 10:00:00", datetime(2026, 1, 5, 10, 0, tzinfo=UTC)),
    ("Mon Jan  5 10:00:00 2026", datetime(2026, 1, 5, 10, 0, tzinfo=UTC)),
    ("2026-01-05T10:00:00Z", datetime(2026, 1, 5, 10, 0, tzinfo=UTC)),
    ("2026-01-05 10:00:00 +0100", datetime(2026, 1, 5, 9, 0, tzinfo=UTC)),
    ("Mo, 5 Mär 2026 10:00:00 +0100", datetime(2026, 3, 5, 9, 0, tzinfo=UTC)),
    ("Thu, 1 Jan 1970 00:00:00 +0000", datetime(1970, 1, 1, tzinfo=UTC)),
    ("Sun, 1 Jan 2090 00:00:00 +0000", datetime(2090, 1, 1, tzinfo=UTC)),
    ("Mon, 5 Jan 2026 10:00:60 +0000", datetime(2026, 1, 5, 10, 0, 59, tzinfo=UTC)),
    ("Mon, 99 Foo 2026 99:00:00", None),
    ("yesterday", None),
    ("Mon, 5 Jan 99999 10:00:00 +0000", None),
    ("", None),
]

IDS = [
    ("<a@example.org>", "<a@example.org>"),
    ("a@example.org", "<a@example.org>"),
    ("  <a@example.org> (comment)", "<a@example.org>"),
    ("<no-at-sign>", "<no-at-sign>"),
    ("no-at-sign", "<no-at-sign>"),
    ("<a@[192.0.2.1]>", "<a@[192.0.2.1]>"),
    ("", None),
    ("<>", None),
]


@pytest.mark.parametrize(("written", "read"), SUBJECTS, ids=lambda value: repr(value)[:40])
def test_subject(written: bytes, read: str):
    assert parse(b"From: a@b.c\r\nSubject: " + written + b"\r\n\r\nx").subject == read


@pytest.mark.parametrize(("written", "read"), ADDRESSES, ids=lambda value: repr(value)[:40])
def test_addresses(written: bytes, read: list[tuple[str, str]]):
    assert parse(b"To: " + written + b"\r\n\r\nx").to == tuple(Mailbox(*one) for one in read)


@pytest.mark.parametrize(("written", "read"), DATES, ids=lambda value: str(value)[:40])
def test_date(written: str, read: datetime | None):
    mail = parse(f"From: a@b.c\r\nDate: {written}\r\n\r\nx".encode())

    assert mail.date == read
    assert ("bad_date" in [one.code for one in mail.warnings]) is (read is None and written != "")


@pytest.mark.parametrize(("written", "read"), IDS)
def test_message_id(written: str, read: str | None):
    mail = parse(f"Message-ID: {written}\r\nIn-Reply-To: {written}\r\n\r\nx".encode())

    assert (mail.message_id, mail.in_reply_to) == (read, read)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("<a@x> <b@x>", ("<a@x>", "<b@x>")),
        ("<a@x>\r\n <b@x>\r\n\t<a@x>", ("<a@x>", "<b@x>")),
        ("<a@x><b@x>", ("<a@x>", "<b@x>")),
        ("<a@x>,<b@x>", ("<a@x>", "<b@x>")),
        ("a@x b@x", ("<a@x>", "<b@x>")),
        ("", ()),
    ],
)
def test_references(written: str, read: tuple[str, ...]):
    assert parse(f"References: {written}\r\n\r\nx".encode()).references == read


def test_of_very_many_references_the_first_and_the_newest_count():
    found = parse(b"References: " + b" ".join(b"<%d@x>" % n for n in range(1_000)) + b"\r\n\r\nx").references

    assert len(found) == 200
    assert (found[0], found[1], found[-1]) == ("<0@x>", "<801@x>", "<999@x>")


def test_several_senders_and_none():
    several = parse(b"From: Ada <ada@x.org>, bob@x.org\r\n\r\nx")
    none = parse(b"Subject: x\r\n\r\nx")

    assert several.from_ == Mailbox("Ada", "ada@x.org")
    assert several.senders == (Mailbox("Ada", "ada@x.org"), Mailbox("", "bob@x.org"))
    assert [one.code for one in several.warnings] == ["several_from"]
    assert (none.from_, [one.code for one in none.warnings]) == (None, ["no_from"])


@pytest.mark.parametrize(
    ("headers", "priority"),
    [
        ("X-Priority: 1", "high"),
        ("X-Priority: 2 (High)", "high"),
        ("X-Priority: 3", "normal"),
        ("X-Priority: 5 (Lowest)", "low"),
        ("Importance: High", "high"),
        ("Importance: low", "low"),
        ("Priority: urgent", "high"),
        ("Priority: non-urgent", "low"),
        ("X-MSMail-Priority: Normal", "normal"),
        ("X-Priority: nonsense", None),
        ("Subject: urgent", None),
    ],
)
def test_priority(headers: str, priority: str | None):
    assert parse(f"{headers}\r\n\r\nx".encode()).priority == priority


def test_what_is_no_header_ends_nothing():
    mail = parse(b"From: ada@example.org\nthis is junk\nSubject: There\n\nBody")

    assert (mail.subject, mail.text) == ("There", "Body")
    assert "junk_headers" in [one.code for one in mail.warnings]


@pytest.mark.parametrize(
    "raw",
    [
        b"From ada@example.org Mon Jan  5 10:00:00 2026\nSubject: There\n\nBody",
        b"\xef\xbb\xbfSubject: There\n\nBody",
        b"\r\n\r\nSubject: There\r\n\r\nBody",
        b"Subject: There\r\rBody",
        b"Subject: There\r\r\n\r\r\nBody",
        b"Subject : There\n\nBody",
        b"SUBJECT:There\n \nBody",
    ],
)
def test_how_a_mail_may_begin(raw: bytes):
    mail = parse(raw)

    assert (mail.subject, mail.text) == ("There", "Body")
