"""What is shown, in which charset, and what is a file."""

import pytest

from mail.parsing import parse
from tests.mail.parsing import samples
from tests.mail.parsing.samples import PNG, encoded, joined, mail, multipart, part

pytestmark = pytest.mark.once

HELLO = {
    "utf-8": "Grüße – €",
    "iso-8859-1": "Grüße",
    "iso-8859-15": "Grüße €",
    "windows-1252": "Grüße – €",
    "iso-8859-2": "Zażółć gęślą",
    "windows-1250": "Zażółć gęślą",
    "koi8-r": "Привет, как дела?",
    "windows-1251": "Привет, как дела?",
    "iso-8859-5": "Привет, как дела?",
    "ibm866": "Привет, как дела?",
    "iso-8859-7": "Καλημέρα",
    "windows-1253": "Καλημέρα",
    "iso-8859-9": "Günaydın",
    "iso-8859-8-i": "שלום",
    "windows-1255": "שלום",
    "windows-1256": "مرحبا",
    "tis-620": "สวัสดี",
    "iso-2022-jp": "こんにちは、お世話になります。",
    "shift_jis": "こんにちは、お世話になります。",
    "euc-jp": "こんにちは、お世話になります。",
    "gb2312": "你好，谢谢",
    "gb18030": "你好，谢谢 𠀀",
    "gbk": "你好，镕",
    "big5": "你好，謝謝",
    "euc-kr": "안녕하세요",
    "ks_c_5601-1987": "안녕하세요",
    "iso-2022-kr": "안녕하세요",
    "hz-gb-2312": "你好",
    "utf-16": "Grüße",
    "macintosh": "Grüße",
}
PYTHON = {"iso-8859-8-i": "iso-8859-8", "ks_c_5601-1987": "euc-kr", "macintosh": "mac-roman", "hz-gb-2312": "hz"}


@pytest.mark.parametrize("charset", ["unicode_escape", "raw-unicode-escape", "punycode", "undefined"])
def test_what_python_calls_a_codec_and_is_no_charset_undoes_nothing(charset: str):
    parsed = parse(mail(f"Content-Type: text/plain; charset={charset}", body="Grüße \\u003cscript\\x3e".encode()))

    assert parsed.text.strip() == "Grüße \\u003cscript\\x3e"


@pytest.mark.parametrize("charset", HELLO)
def test_a_charset_is_read_as_it_says(charset: str):
    words = HELLO[charset]
    body = words.encode(PYTHON.get(charset, charset))

    found = parse(
        mail(f"Content-Type: text/plain; charset={charset}", "Content-Transfer-Encoding: base64", body=encoded(body))
    )

    assert found.text == words
    assert found.warnings == ()


LIES = [
    ("utf-8", "Grüße aus Köln", "cp1252", "charset_lies"),
    ("us-ascii", "Grüße aus Köln", "utf-8", "charset_lies"),
    ("us-ascii", "Grüße aus Köln", "cp1252", None),
    ("iso-8859-1", "Grüße aus Köln", "utf-8", "charset_lies"),
    ("iso-8859-1", "„Grüße“ – 5 €", "cp1252", None),
    ("iso-8859-1", "Привет, как дела? Не работает принтер.", "cp1251", "charset_lies"),
    ("iso-8859-1", "Привет, как дела? Не работает принтер.", "koi8-r", "charset_lies"),
    ("windows-1252", "你好，我的电话不能用了，谢谢你们的帮助。", "gb18030", "charset_lies"),
    ("iso-8859-1", "こんにちは。お世話になります。よろしくお願いします。", "cp932", "charset_lies"),
    ("iso-8859-1", "안녕하세요. 프린터가 작동하지 않습니다.", "euc-kr", "charset_lies"),
    ("utf-8", "Привет, как дела? Не работает принтер.", "cp1251", "charset_lies"),
    ("unknown-8bit", "Grüße aus Köln", "cp1252", None),
    ("x-unknown", "Grüße aus Köln", "utf-8", None),
    ("nonsense", "Grüße aus Köln", "utf-8", "charset_unknown"),
    ("nonsense", "Grüße aus Köln", "cp1252", "charset_unknown"),
    ("cp-850", "Grüße", "cp850", None),
    ("utf8", "Grüße", "utf-8", None),
    ("iso-2022-jp", "①㈱ｶﾅ 高橋", "cp932", None),
    ("utf-16", "Grüße aus Köln", "utf-8", "charset_lies"),
    ("idna", "Grüße", "utf-8", "charset_unknown"),
    ("base64", "Grüße", "utf-8", "charset_unknown"),
]


@pytest.mark.parametrize(("said", "words", "real", "warning"), LIES)
def test_a_charset_that_lies_or_is_unknown(said: str, words: str, real: str, warning: str | None):
    found = parse(mail(f"Content-Type: text/plain; charset={said}", body=words.encode(real)))

    assert found.text == words
    assert [one.code for one in found.warnings] == ([warning] if warning else [])


def test_a_telephones_iso_2022_jp_with_windows_characters():
    body = b"\x1b$B-!\x1b(B \x1b$B9b66\x1b(B"

    assert parse(mail("Content-Type: text/plain; charset=iso-2022-jp", body=body)).text == "① 高橋"


def test_utf_7_is_not_decoded():
    found = parse(mail("Content-Type: text/plain; charset=utf-7", body="+ADw-script+AD4-"))

    assert found.text == "+ADw-script+AD4-"
    assert [one.code for one in found.warnings] == ["charset_refused"]


def test_a_few_broken_bytes_do_not_cost_the_rest():
    body = "Grüße aus Köln, und viele andere Wörter mit Ümläuten. ".encode() + b"\xfc"

    assert parse(mail("Content-Type: text/plain; charset=utf-8", body=body)).text.endswith("mit Ümläuten. ü")


def test_html_names_its_charset_itself():
    html = '<html><head><meta charset="windows-1251"></head><body>Привет</body></html>'.encode("cp1251")

    assert parse(mail("Content-Type: text/html", body=html)).text == "Привет"


TEXTS = [
    ("text/plain; format=flowed", "one \ntwo\n\nthree\n", "one two\n\nthree"),
    ("text/plain; format=flowed; delsp=yes", "ein \nzwei\n", "einzwei"),
    ("text/plain; format=flowed", "> one \n> two\nthree\n", "> one two\nthree"),
    ("text/plain; format=flowed", " >not quoted\n -- \n", ">not quoted\n--"),
    ("text/plain; format=flowed", "one\n-- \nAda \nL\n", "one\n-- \nAda L"),
    ("text/plain", "one\r\ntwo\rthree\n", "one\ntwo\nthree"),
    ("text/plain", "nul\0 bell\a esc\x1b[0m", "nul bell esc[0m"),
    ("text/plain", "  indented\n\n", "  indented"),
    ("text/html", "<p>One</p><p>Two<br>lines</p>", "One\n\nTwo\nlines"),
    ("text/html", "<ul><li>a</li><li>b<ol><li>c</li></ol></li></ul>", "- a\n- b\n  1. c"),
    ("text/html", "<table><tr><th>A<th>B</tr><tr><td>1<td>2</tr></table>", "A\tB\n1\t2"),
    ("text/html", '<a href="https://example.org/x">here</a>', "here <https://example.org/x>"),
    ("text/html", '<a href="https://example.org/">example.org</a>', "example.org"),
    ("text/html", '<a href="mailto:a@b.c">a@b.c</a>', "a@b.c"),
    ("text/html", '<a href="javascript:alert(1)">here</a>', "here"),
    ("text/html", "<blockquote>said</blockquote>answer", "> said\n\nanswer"),
    ("text/html", "<pre>a\n  b</pre>", "a\n  b"),
    ("text/html", "a &amp; b &lt;c&gt; &nbsp;d &eacute;", "a & b <c>  d é"),
    ("text/html", "<style>p{}</style><script>x()</script><title>t</title>word", "word"),
    ("text/html", '<div style="display:none">preview</div>word', "word"),
    ("text/html", "no tags at all", "no tags at all"),
    ("text/html", "", ""),
    ("text/enriched", "<bold>Now</bold> is << the time", "Now is < the time"),
    ("nonsense", "still text", "still text"),
    ("text", "still text", "still text"),
    ("text/plain charset=utf-8", "still text", "still text"),
    ("multipart/mixed", "no boundary, no parts", "no boundary, no parts"),
]


@pytest.mark.parametrize(("type_", "body", "text"), TEXTS)
def test_text(type_: str, body: str, text: str):
    assert parse(mail(f"Content-Type: {type_}", body=body)).text == text


ENCODINGS = [
    ("quoted-printable", b"Gr=C3=BC=C3=9Fe =\naus K=F6ln=", "Grüße aus Köln"),
    ("Quoted-Printable ", b"=4A=4a", "JJ"),
    ("quoted-printable", b"100% = ok =ZZ", "100% = ok =ZZ"),
    ("base64", b"R3LDvMOfZQ==", "Grüße"),
    ("BASE64", b"R3LDv\nMOf\nZQ", "Grüße"),
    ("base64", b"R3LDvMOfZQ==R3LDvMOfZQ==", "GrüßeGrüße"),
    ("base64", b"R3LDvMOfZQ==\n\nAdvertisement below the mail", "Grüße"),
    ("7bit", "Grüße".encode(), "Grüße"),
    ("8-bit", "Grüße".encode(), "Grüße"),
    ("nonsense", "Grüße".encode(), "Grüße"),
    ("", "Grüße".encode(), "Grüße"),
]


@pytest.mark.parametrize(("encoding", "body", "text"), ENCODINGS)
def test_transfer_encoding(encoding: str, body: bytes, text: str):
    found = parse(mail("Content-Type: text/plain; charset=utf-8", f"Content-Transfer-Encoding: {encoding}", body=body))

    assert found.text == text


NAMES = [
    ('attachment; filename="a b.txt"', "", "a b.txt"),
    ("attachment; filename=a.txt", "", "a.txt"),
    ("attachment; filename=a b.txt", "", "a b.txt"),
    ("attachment; filename*=utf-8''%C3%BCber.txt", "", "über.txt"),
    ("attachment; filename=fallback.txt; filename*=utf-8''%C3%BCber.txt", "", "über.txt"),
    ("attachment; filename*0*=utf-8''%C3%BC; filename*1*=ber; filename*2=\".txt\"", "", "über.txt"),
    ('attachment; filename*1="b.txt"; filename*0="a"', "", "ab.txt"),
    ("attachment; filename*=iso-8859-1'de'%FCber.txt", "", "über.txt"),
    ("attachment; filename*=nonsense''%C3%BCber.txt", "", "über.txt"),
    ("attachment; filename*=%C3%BCber.txt", "", "über.txt"),
    ('attachment; filename="=?utf-8?Q?=C3=BCber.txt?="', "", "über.txt"),
    ('attachment; filename="=?utf-8?B?w7xi?= =?utf-8?B?ZXIudHh0?="', "", "über.txt"),
    ("attachment; filename==?utf-8?Q?=C3=BCber.txt?=", "", "über.txt"),
    ('attachment; filename="über.txt"', "", "über.txt"),
    ('attachment; filename="a\\"b.txt"', "", 'a"b.txt'),
    ('attachment; filename="semi;colon.txt"', "", "semi;colon.txt"),
    ('attachment; filename="unclosed.txt', "", "unclosed.txt"),
    ("attachment", "; name=typed.txt", "typed.txt"),
    ("attachment", "; name*=utf-8''%C3%BCber.txt", "über.txt"),
    ("attachment", "", None),
    ('attachment; filename=""', "", None),
    ('attachment; filename="../../etc/passwd"', "", "../../etc/passwd"),
    ('attachment; filename="a\r\n b.txt"', "", "a b.txt"),
    ("inline; filename=shown.txt", "", "shown.txt"),
    ("nonsense; filename=a.txt", "", "a.txt"),
    ("filename=a.txt", "", "a.txt"),
]


@pytest.mark.parametrize(("disposition", "type_", "name"), NAMES)
def test_the_name_of_a_file(disposition: str, type_: str, name: str | None):
    found = parse(
        multipart(
            "mixed",
            part("text/plain", "Hi"),
            part(f"application/octet-stream{type_}", "bytes", f"Content-Disposition: {disposition}"),
        )
    )

    assert [one.name for one in found.attachments] == [name]
    assert found.text == "Hi"


def test_several_texts_are_shown_in_order():
    found = parse(
        multipart("mixed", part("text/plain", "one"), part("image/png", PNG), part("text/plain; charset=utf-8", "two"))
    )

    assert found.text == "one\n\ntwo"
    assert [one.type for one in found.attachments] == ["image/png"]


def test_an_alternative_shows_one_of_each_kind():
    inner = joined("i", part("text/html", "<p>rich <img src='cid:p'></p>"), part("image/png", PNG, "Content-ID: <p>"))
    found = parse(
        multipart(
            "alternative",
            part("text/plain", "plain"),
            part("text/x-amp-html", "<html amp4email></html>"),
            part("multipart/related; boundary=i", inner),
            part("text/calendar; method=REQUEST", "BEGIN:VCALENDAR"),
        )
    )

    assert found.text == "plain"
    assert "rich" in found.html
    assert [(one.type, one.inline, one.content_id) for one in found.attachments] == [
        ("image/png", True, "p"),
        ("text/calendar", False, None),
    ]


def test_an_empty_text_beside_html_is_made_from_it():
    assert parse(multipart("alternative", part("text/plain", " \n"), part("text/html", "<p>rich</p>"))).text == "rich"


def test_a_text_with_a_name_is_a_file():
    found = parse(multipart("mixed", part("text/plain", "Hi"), part("text/plain; name=log.txt", "a log")))

    assert (found.text, found.attachments[0].name, found.attachments[0].content) == ("Hi", "log.txt", b"a log")


def test_winmail_dat_is_unpacked():
    wrapped = part(
        "application/ms-tnef; name=winmail.dat", encoded(samples.winmail()), "Content-Transfer-Encoding: base64"
    )

    found = parse(multipart("mixed", part("text/plain", ""), wrapped))

    assert found.text == "Text within"
    assert [(one.name, one.type, one.content) for one in found.attachments] == [("Ünïcode.txt", "text/plain", b"Hello")]


def test_a_broken_winmail_dat_is_kept():
    found = parse(
        multipart("mixed", part("text/plain", "Hi"), part("application/ms-tnef; name=winmail.dat", "nonsense"))
    )

    assert [one.name for one in found.attachments] == ["winmail.dat"]
    assert [one.code for one in found.warnings] == ["tnef_broken"]


@pytest.mark.parametrize("wrap", [samples.opaque_signed, samples.opaque_signed_in_pieces])
def test_what_smime_signs_is_shown(wrap):
    signed = wrap(multipart("mixed", part("text/plain", "Signed words"), part("image/png; name=a.png", PNG)))
    found = parse(
        mail(
            "Subject: Outer",
            "Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m",
            "Content-Transfer-Encoding: base64",
            body=encoded(signed),
        )
    )

    assert (found.subject, found.text) == ("Outer", "Signed words")
    assert [one.name for one in found.attachments] == ["a.png"]
    assert found.warnings == ()


def test_a_detached_signature_is_a_file_and_the_text_is_shown():
    found = parse(
        multipart("signed", part("text/plain", "Signed"), part("application/pgp-signature; name=signature.asc", "abc"))
    )

    assert (found.text, [one.name for one in found.attachments]) == ("Signed", ["signature.asc"])
    assert found.warnings == ()


ENCRYPTED = [
    multipart(
        "encrypted",
        part("application/pgp-encrypted", "Version: 1"),
        part("application/octet-stream; name=encrypted.asc", "-----BEGIN PGP MESSAGE-----"),
    ),
    mail("Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", body="abc"),
    mail("Subject: Inline", body="-----BEGIN PGP MESSAGE-----\n\nabc\n-----END PGP MESSAGE-----"),
]


@pytest.mark.parametrize("raw", ENCRYPTED, ids=["PGP", "S/MIME", "PGP in the text"])
def test_what_is_encrypted_is_kept_and_said(raw: bytes):
    found = parse(raw)

    assert "encrypted" in [one.code for one in found.warnings]
    assert found.attachments or "BEGIN PGP MESSAGE" in found.text


def test_a_mail_within_the_mail_is_a_file_whose_ids_are_known():
    inner = mail("Subject: Inner", "Message-ID: <inner@x>", "References: <root@x>", body="Inner words")

    found = parse(multipart("mixed", part("text/plain", "See below"), part("message/rfc822; name=a.eml", inner)))

    assert found.text == "See below"
    assert [(one.name, one.type) for one in found.attachments] == [("a.eml", "message/rfc822")]
    assert found.attachments[0].content == inner
    assert found.quoted_message_ids == ("<inner@x>", "<root@x>")


def test_an_invitation_alone_says_what_it_is_about():
    calendar = (
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Talk\\, soon\nDTSTART:20260105T100000Z\nDTEND;TZID=Europe/Berlin:"
        "20260105T120000\nLOCATION:Room 1\nEND:VEVENT\nEND:VCALENDAR"
    )

    found = parse(mail("Content-Type: text/calendar; charset=utf-8; method=REQUEST", body=calendar))

    assert found.text == "Talk, soon\n2026-01-05 10:00 UTC - 2026-01-05 12:00 Europe/Berlin\nRoom 1"
    assert [one.type for one in found.attachments] == ["text/calendar"]


def test_a_uuencoded_file_is_taken_out_of_the_text():
    found = parse(mail("Subject: x", body="See:\n\nbegin 644 cat.txt\n#0V%T\n`\nend\n\nBye"))

    assert (found.attachments[0].name, found.attachments[0].content) == ("cat.txt", b"Cat")
    assert found.text == "See:\n\n\nBye"


def test_words_that_look_like_a_uuencoded_file_stay():
    body = "begin 644 the story\nOnce upon a time\nend"

    assert parse(mail("Subject: x", body=body)).text == body


BOUNDARIES = [
    b"--b\n\none\n--b\n\ntwo\n--b--\n",
    b"preamble\n--b\n\none\n--b\n\ntwo\n--b--\nepilogue\n",
    b"--b  \n\none\n--b\t\n\ntwo\n--b--  \n",
    b"--b\n\none\n--b\n\ntwo\n",
    b"--b\n\none\n--b\n\ntwo",
    b"--b\n\none\n--b\n\ntwo\n--b--",
    b"--b\n\none\n--bb\n--b\n\ntwo\n--b--".replace(b"\n--bb", b""),
]


@pytest.mark.parametrize("body", BOUNDARIES)
def test_boundaries(body: bytes):
    assert parse(b"Content-Type: multipart/mixed; boundary=b\n\n" + body).text == "one\n\ntwo"


def test_a_boundary_that_is_not_the_one_named_is_found():
    found = parse(
        b"Content-Type: multipart/mixed; boundary=wrong\n\n--right\nContent-Type: text/plain\n\none\n--right--\n"
    )

    assert found.text == "one"
    assert [one.code for one in found.warnings] == ["no_boundary", "no_from"]


def test_a_lists_footer_below_html_is_not_all_that_was_said():
    words = "The engine stopped again this morning. " * 10

    found = parse(multipart("mixed", part("text/html", f"<p>{words}</p>"), part("text/plain", "____\nusers list")))

    assert found.text == f"{words.strip()}\n\n____\nusers list"


def test_html_beside_plain_text_that_says_the_same_is_not_said_twice():
    inner = joined("i", part("text/plain", "Short"), part("text/html", "<p>Short</p>" + "<p>and decorated</p>" * 50))

    assert parse(multipart("mixed", part("multipart/alternative; boundary=i", inner))).text == "Short"


def test_a_mail_that_is_nothing_but_another_shows_its_words():
    found = parse(
        mail("Subject: Outer", "Content-Type: message/rfc822", body=mail("Subject: Inner", body="Inner words"))
    )

    assert (found.subject, found.text) == ("Outer", "Inner words")
    assert [one.type for one in found.attachments] == ["message/rfc822"]
