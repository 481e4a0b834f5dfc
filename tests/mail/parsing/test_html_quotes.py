"""New words told from quotes in HTML, as mail programs write it: in the text made from it, and in what HTML is left."""

import pytest

from mail.parsing import ParsedMail, parse

pytestmark = pytest.mark.once

PROGRAMS = {
    "outlook": (
        '<html xmlns:o="x"><head><style>p{}</style></head><body lang=EN-US><div class=WordSection1><p class=M'
        "soNormal>New words<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p><div><div style='border:non"
        "e;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0in 0in 0in'><p class=MsoNormal><b>From:</b> Grace &l"
        "t;g@example.com&gt; <br><b>Sent:</b> Monday, January 5, 2026 10:00 AM<br><b>To:</b> Ada<br><b>Subjec"
        "t:</b> Old</p></div></div><p class=MsoNormal>Old text</p></div></body></html>"
    ),
    "outlook de": (
        "<div class=WordSection1><p class=MsoNormal>New words</p><div style='border:none;border-top:solid #B5"
        "C4DF 1.0pt'><p class=MsoNormal><b>Von:</b> Grace<br><b>Gesendet:</b> Montag, 5. Januar 2026 10:00<br"
        "><b>An:</b> Ada<br><b>Betreff:</b> Alt</p></div><p>Old text</p></div>"
    ),
    "owa": (
        '<div><div dir="ltr">New words</div><div id="appendonsend"></div><hr style="display:inline-block;widt'
        'h:98%" tabindex="-1"><div id="divRplyFwdMsg" dir="ltr"><font face="Calibri"><b>From:</b> Grace<br><b'
        ">Sent:</b> Monday</font></div><div>Old text</div></div>"
    ),
    "gmail": (
        '<div dir="ltr">New words</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">On Mon,'
        ' Jan 5, 2026 at 10:00 AM Grace &lt;<a href="mailto:g@e.com">g@e.com</a>&gt; wrote:<br></div><blockqu'
        'ote class="gmail_quote" style="margin:0">Old text</blockquote></div>'
    ),
    "gmail sig": (
        '<div dir="ltr">New words<div><br></div>-- <br><div class="gmail_signature">Ada<br>Analyst</div></div'
        '><br><div class="gmail_quote gmail_quote_container"><div class="gmail_attr">On Mon Grace wrote:<br><'
        '/div><blockquote class="gmail_quote">Old text</blockquote></div>'
    ),
    "apple": (
        '<html><body style="word-wrap: break-word;">New words<div><br><div><blockquote type="cite"><div>On 5 '
        "Jan 2026, at 10:00, Grace &lt;g@e.com&gt; wrote:</div><br><div>Old text</div></blockquote></div><br>"
        "</div></body></html>"
    ),
    "iphone": (
        '<html><body dir="auto">New words<br><br><div dir="ltr">Sent from my iPhone</div><div dir="ltr"><br><'
        'blockquote type="cite">On 5 Jan 2026, at 10:00, Grace &lt;g@e.com&gt; wrote:<br><br></blockquote></d'
        'iv><blockquote type="cite"><div dir="ltr">Old text</div></blockquote></body></html>'
    ),
    "thunderbird": (
        '<html><body><p>New words</p><div class="moz-cite-prefix">Am 05.01.26 um 10:00 schrieb Grace:<br></di'
        'v><blockquote type="cite" cite="mid:x@y"><p>Old text</p></blockquote></body></html>'
    ),
    "thunderbird bottom": (
        '<html><body><div class="moz-cite-prefix">On 05.01.26 10:00, Grace wrote:<br></div><blockquote type="'
        'cite" cite="mid:x@y"><p>Old text</p></blockquote><p>New words</p></body></html>'
    ),
    "yahoo": (
        '<div class="ydp1"><div>New words</div><div><br></div></div><div id="yahoo_quoted_123" class="yahoo_q'
        'uoted"><div>On Monday, January 5, 2026, 10:00 AM, Grace &lt;g@e.com&gt; wrote:</div><div>Old text</d'
        "iv></div>"
    ),
    "proton": (
        '<div style="font-family: Arial">New words</div><div class="protonmail_signature_block">Sent with <a '
        'href="https://proton.me">Proton Mail</a> secure email.</div><div class="protonmail_quote">On Monday,'
        ' January 5th, 2026 at 10:00, Grace &lt;g@e.com&gt; wrote:<br><blockquote class="protonmail_quote" ty'
        'pe="cite">Old text</blockquote></div>'
    ),
    "gmx": (
        '<html><body><div style="font-family: Verdana;"><div>New words</div><div name="quote" style="margin:1'
        '0px"><div style="margin:0 0 10px 0;"><b>Gesendet:</b> Montag, 05. Januar 2026 um 10:00 Uhr<br/><b>Vo'
        'n:</b> Grace<br/><b>An:</b> Ada<br/><b>Betreff:</b> Alt</div><div name="quoted-content">Old text</di'
        "v></div></div></body></html>"
    ),
    "outlook mobile": (
        '<div>New words</div><div><br></div><div id="ms-outlook-mobile-signature">Get <a href="https://aka.ms'
        '/o0ukef">Outlook for iOS</a></div><div id="mail-editor-reference-message-container" class="ms-outloo'
        'k-mobile-reference-message"><hr><div id="divRplyFwdMsg"><b>From:</b> Grace<br><b>Sent:</b> Monday<br'
        "></div>Old text</div>"
    ),
    "samsung": (
        '<html><body><div>New words</div><div><br></div><div id="composer_signature"><div>Sent from my Galaxy'
        '</div></div><div><br></div><div style="font-size:100%;color:#000000"><!-- originalMessage --><div>--'
        "------ Original message --------</div><div>From: Grace &lt;g@e.com&gt; </div><div>Date: 05/01/2026  "
        "10:00  (GMT+00:00) </div><div>To: Ada </div><div>Subject: Old </div><div><br></div></div>Old text</b"
        "ody></html>"
    ),
    "qq": (
        '<div>New words</div><div><br></div><div style="font-size: 12px;">------------------&nbsp;原始邮件&nbsp;-'
        '-----------------</div><div><div><b>发件人:</b>&nbsp;"Grace"</div><div><b>发送时间:</b>&nbsp;2026年1月5日</div'
        "><div><b>收件人:</b>&nbsp;Ada</div><div><b>主题:</b>&nbsp;x</div></div><div>Old text</div>"
    ),
    "lotus2": (
        '<font size=2 face="sans-serif">New words</font><br><br><font size=1 color=#5f5f5f>From: &nbsp; &nbsp'
        "; &nbsp; &nbsp;</font><font size=1>Grace &lt;g@e.com&gt;</font><br><font size=1>To: &nbsp; &nbsp; </"
        "font><font size=1>Ada</font><br><font size=1>Date: &nbsp; &nbsp;</font><font size=1>05.01.2026 10:00"
        "</font><br><font size=1>Subject: &nbsp;</font><font size=1>Old</font><br><hr noshade><br>Old text"
    ),
    "zimbra": (
        '<div>New words</div><hr id="zwchr" data-marker="__DIVIDER__"><div data-marker="__HEADERS__"><b>From:'
        ' </b>"Grace"</div><div>Old text</div>'
    ),
    "roundcube": (
        '<p>New words</p><div id="signature"></div><p id="reply-intro">On 2026-01-05 10:00, Grace wrote:</p><'
        'blockquote type="cite" style="padding: 0 0.4em"><div>Old text</div></blockquote>'
    ),
    "yandex": (
        '<div>New words</div><div> </div><div>05.01.2026, 10:00, "Grace" &lt;g@e.com&gt;:</div><blockquote><d'
        "iv>Old text</div></blockquote>"
    ),
    "mailru": (
        '<html><body><div>New words</div><br><blockquote style="border-left:1px solid #0857A6; margin:10px; p'
        'adding:0 0 0 10px;">Понедельник, 5 января 2026, 10:00 +03:00 от Grace &lt;g@e.com&gt;:<br><br><div>O'
        "ld text</div></blockquote></body></html>"
    ),
    "text level": (
        "<div>New words<br><br>On Mon, Jan 5, 2026 at 10:00 AM Grace &lt;g@e.com&gt; wrote:<br>&gt; Old text<"
        "br>&gt; more</div>"
    ),
    "text level2": ("<p>New words</p><p>-----Original Message-----<br>From: x<br>Old text</p><p>Old again</p>"),
    "front": (
        '<div>New words<br></div><div class="front-signature"></div><br><div>On January 5, 2026, 10:00 AM GMT'
        ' g@e.com wrote:<br><blockquote type="cite" class="front-blockquote">Old text</blockquote></div>'
    ),
    "spark": (
        '<html><body><div name="messageBodySection">New words</div><div name="messageReplySection">On 5 Jan 2'
        '026 at 10:00 +0000, G &lt;g@e.com&gt;, wrote:<br><blockquote type="cite">Old text</blockquote></div>'
        "</body></html>"
    ),
    "new outlook mac": ('<div>New words</div><div id="OLK_SRC_BODY_SECTION"><b>From: </b>G<br>Old text</div>'),
}

ANSWERED_BETWEEN = {
    "interleaved": (
        '<div class="moz-cite-prefix">On 05.01.26 10:00, Grace wrote:<br></div><blockquote type="cite">Q1?</b'
        'lockquote><p>A1</p><blockquote type="cite">Q2?</blockquote><p>A2</p>'
    ),
    "gmail interleaved": (
        '<div dir="ltr"><br><div class="gmail_quote"><div class="gmail_attr">On Mon, 5 Jan 2026 at 10:00, G &'
        'lt;g@e.com&gt; wrote:<br></div><blockquote class="gmail_quote">Q1?</blockquote><div>A1</div><blockqu'
        'ote class="gmail_quote">Q2?</blockquote><div>A2</div></div></div>'
    ),
}


def read(html: str, *headers: str) -> ParsedMail:
    head = "\n".join(
        ["From: ada@example.org", *(headers or ["Subject: Re: x"]), "Content-Type: text/html; charset=utf-8"]
    )
    return parse(f"{head}\n\n{html}".encode())


@pytest.mark.parametrize("program", PROGRAMS)
def test_only_the_new_words_are_left(program: str):
    mail = read(PROGRAMS[program])

    assert mail.reply_text == "New words"
    assert "Old text" in mail.quoted_text or "old" in mail.quoted_text.lower()
    assert "New words" in mail.reply_html
    assert "Old" not in mail.reply_html
    assert "Old text" in mail.html
    assert "Old text" in mail.text


@pytest.mark.parametrize("program", ANSWERED_BETWEEN)
def test_answers_between_quotes_are_kept_with_them(program: str):
    mail = read(ANSWERED_BETWEEN[program])

    assert mail.reply_text.endswith("> Q1?\n\nA1\n\n> Q2?\n\nA2")
    assert all(word in mail.reply_html for word in ("Q1?", "A1", "Q2?", "A2"))


def test_a_forward_keeps_what_it_passes_on():
    mail = read(PROGRAMS["outlook"], "Subject: WG: x")

    assert "Old text" in mail.reply_text
    assert mail.is_forward
    assert mail.quoted_text == ""


def test_plain_text_and_html_agree():
    html = PROGRAMS["gmail"]
    raw = (
        "From: a@example.org\nSubject: Re: x\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\n"
        "New words\n\nOn Mon, Jan 5, 2026 at 10:00 AM Grace <g@e.com> wrote:\n> Old text\n--b\n"
        f"Content-Type: text/html\n\n{html}\n--b--\n"
    )

    mail = parse(raw.encode())

    assert mail.reply_text == "New words"
    assert "Old" not in mail.reply_html
