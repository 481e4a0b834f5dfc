"""Mails at the desk: their HTML in the thread, what was odd about them, and how they came."""

import re
from urllib.parse import quote

import pytest
from django.urls import reverse

from accounts.models import User
from mail.models import IncomingMail, Mailbox
from tests import cast
from tests.desk.conftest import AtDesk
from tests.mail.samples import SUPPORT, mail
from tests.mail.shown import PNG, mail_with_pictures, receive
from tickets.models import Attachment, Department, ThreadEntry

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def mailbox(billing: Department) -> Mailbox:
    return Mailbox.objects.create(name="support", address=SUPPORT, department=billing, is_default=True)


def shown(desk: AtDesk, row: IncomingMail, query: str = "") -> str:
    return desk.look(row.ticket, query).content.decode()


def file_url(row: IncomingMail, name: str) -> str:
    return f"/desk/files/{row.entry.attachments.get(name=name).pk}/"


# --- Pictures that came along -------------------------------------------------------------------


def test_a_picture_stands_where_the_mail_shows_it_and_nowhere_else(desk: AtDesk) -> None:
    row = receive(
        mail_with_pictures('<p>See <img src="cid:a@x" alt="the gear"></p>', ("a@x", PNG), ("b@x", PNG + b"b"))
    )

    page = shown(desk, row)

    assert f'<img src="{file_url(row, "a.png")}?inline" alt="the gear"' in page
    assert f'href="{file_url(row, "a.png")}"' not in page
    assert f'href="{file_url(row, "b.png")}"' in page


def test_its_file_is_shown_and_not_saved(desk: AtDesk) -> None:
    row = receive(mail_with_pictures('<img src="cid:a@x">', ("a@x", PNG)))

    answer = desk.client.get(f"{file_url(row, 'a.png')}?inline")

    assert answer["Content-Disposition"].startswith("inline")
    assert answer["Content-Type"] == "image/png"


def test_what_is_no_image_is_never_shown_whatever_it_calls_itself(desk: AtDesk) -> None:
    row = receive(mail_with_pictures('<img src="cid:a@x" alt="words">', ("a@x", b"<script>alert(1)</script>")))

    page = shown(desk, row)
    answer = desk.client.get(f"{file_url(row, 'a.png')}?inline")

    assert '<span class="img-gone">words</span>' in page
    assert f'href="{file_url(row, "a.png")}"' in page
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Type"] == "application/octet-stream"


def test_a_picture_of_another_mail_is_not_found(desk: AtDesk) -> None:
    receive(mail_with_pictures('<img src="cid:secret@x">', ("secret@x", PNG)))
    row = receive(mail_with_pictures('<p>Mine: <img src="cid:secret@x"></p>', message_id="<other@example.org>"))

    assert "<p>Mine: </p>" in shown(desk, row)


@pytest.mark.parametrize("identity", ["a b@x", "a&b@x", 'a"b@x', "ä@x"])
def test_odd_content_ids_are_found(desk: AtDesk, identity: str) -> None:
    row = receive(mail_with_pictures(f'<img src="cid:{quote(identity)}">', ("a@x", PNG)))
    Attachment.objects.filter(entry=row.entry).update(content_id=identity)

    assert f'<img src="{file_url(row, "a.png")}?inline"' in shown(desk, row)


def test_words_that_look_like_images_stay_words(desk: AtDesk) -> None:
    html = '<p title="<img src=&quot;cid:a@x&quot;>">&lt;img src="cid:a@x"&gt; <img src="cid:a@x" alt="<b>">'
    row = receive(mail_with_pictures(html, ("a@x", PNG)))

    page = shown(desk, row)

    assert page.count("?inline") == 1
    assert '<p title="&lt;img src=&quot;cid:a@x&quot;&gt;">&lt;img src="cid:a@x"&gt; <img' in page
    assert 'alt="&lt;b&gt;"' in page


# --- Images from elsewhere ------------------------------------------------------------------------

REMOTE = (
    '<p>Hello <img src="https://track.example/1.gif?who=ada&amp;x=1" width="1" height="1">'
    '<img src="http://cdn.example/logo.png" alt="Our logo"><img src="//cdn.example/logo.png"></p>'
)


def test_images_from_elsewhere_wait_until_somebody_asks(desk: AtDesk) -> None:
    row = receive(mail_with_pictures(REMOTE))

    answer = desk.look(row.ticket)
    page = answer.content.decode()

    assert "track.example" not in page
    assert "cdn.example" not in page
    assert "This message has 3 images from elsewhere." in page
    assert '<span class="img-gone">Our logo</span>' in page
    assert f'href="/desk/tickets/{row.ticket.number}/?images=1#e1"' in page
    assert img_sources(answer) == ["'self'"]


def test_who_asks_gets_them_over_https_and_only_in_that_answer(desk: AtDesk) -> None:
    row = receive(mail_with_pictures(REMOTE))

    answer = desk.look(row.ticket, "?queue=open&images=1")
    page = answer.content.decode()

    assert '<img src="https://track.example/1.gif?who=ada&amp;x=1" alt="" width="1" height="1"' in page
    assert page.count('src="https://cdn.example/logo.png"') == 2
    assert page.count('referrerpolicy="no-referrer"') == 3
    assert "from elsewhere" not in page
    assert img_sources(answer) == ["'self'", "https:"]
    assert answer["Referrer-Policy"] == "same-origin"
    assert img_sources(desk.look(row.ticket)) == ["'self'"]


def test_only_the_message_that_was_asked_for_shows_them(desk: AtDesk) -> None:
    row = receive(mail_with_pictures(REMOTE))
    other = receive(mail_with_pictures(REMOTE, message_id="<2@x>", In_Reply_To="<pictures@example.org>"))
    assert other.ticket == row.ticket

    page = shown(desk, row, "?images=2")

    assert page.count("track.example") == 1
    assert "?images=1#e1" in page


@pytest.mark.parametrize("images", ["", "x", "99", "-1", "9" * 30])
def test_odd_wishes_show_nothing(desk: AtDesk, images: str) -> None:
    row = receive(mail_with_pictures(REMOTE))

    assert "track.example" not in shown(desk, row, f"?images={images}")


def test_it_says_so_when_their_addresses_are_gone(desk: AtDesk) -> None:
    row = receive(mail_with_pictures(REMOTE))
    IncomingMail.objects.update(remote_images=[])

    page = shown(desk, row, "?images=1")

    assert "3 images from elsewhere cannot be shown" in page
    assert "Show images" not in page


def img_sources(answer) -> list[str]:
    return re.search("img-src ([^;]*)", answer["Content-Security-Policy"])[1].split()


# --- What was odd -----------------------------------------------------------------------------------


def stranger(number: str, **headers: str) -> IncomingMail:
    subject = f"About #{number}"
    return receive(mail(sender="mallory@example.org", subject=subject, message_id="<mallory@x>", **headers))


def test_a_stranger_who_quotes_a_ticket_is_told_of_with_a_link(desk: AtDesk) -> None:
    first = receive(mail())

    page = shown(desk, stranger(first.ticket.number))

    assert "It answers a mail of another ticket" in page
    assert f'<a href="/desk/tickets/{first.ticket.number}/">Ticket #{first.ticket.number}</a>' in page


def test_without_a_link_to_a_ticket_that_the_agent_may_not_see(desk: AtDesk, elsewhere: Department) -> None:
    first = receive(mail())
    row = stranger(first.ticket.number)
    first.ticket.department = elsewhere
    first.ticket.save()
    row.ticket.subject = "Mine"
    row.ticket.save()

    page = shown(desk, row)

    assert "It answers a mail of another ticket" in page
    assert f"Ticket #{first.ticket.number}" not in page


def test_trifles_stand_beside_the_mail_alone(desk: AtDesk) -> None:
    row = receive(mail().replace(b"Mon, 02 Nov 2026 09:00:00 +0000", b"some day"))

    assert "Its date cannot be read." not in shown(desk, row)
    assert "Its date cannot be read." in desk.client.get(mail_url(row)).content.decode()


# --- As it came ---------------------------------------------------------------------------------------


def mail_url(row: IncomingMail, name: str = "mail") -> str:
    return reverse(f"desk:{name}", args=[row.ticket.number, row.entry.number])


def test_the_mail_as_it_came(desk: AtDesk) -> None:
    row = receive(mail("Hello <script>alert(1)</script>", cc="Bob <bob@example.org>", x_odd="<b>bold</b>"))
    assert mail_url(row) in shown(desk, row)

    page = desk.client.get(mail_url(row)).content.decode()

    assert "Bob &lt;bob@example.org&gt;" in page
    assert "x-odd: &lt;b&gt;bold&lt;/b&gt;" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    assert "The sender is not verified" in page


def test_what_our_server_found_out_is_told(desk: AtDesk, mailbox: Mailbox) -> None:
    mailbox.authserv_id = "mx.example.com"
    mailbox.save()
    passed = receive(mail(authentication_results="mx.example.com; dmarc=pass header.from=example.org"))
    failed = receive(mail(message_id="<2@x>", authentication_results="mx.example.com; dmarc=fail"))

    assert "The sender is verified" in desk.client.get(mail_url(passed)).content.decode()
    page = desk.client.get(mail_url(failed)).content.decode()
    assert "The sender is not verified: their own mail server does not vouch for it." in page
    assert "DMARC fail" in page


def test_it_is_downloaded_as_it_came(desk: AtDesk) -> None:
    raw = mail()
    row = receive(raw)

    answer = desk.client.get(mail_url(row, "mail-file"))

    assert b"".join(answer.streaming_content) == raw
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Type"] == "application/octet-stream"


def test_its_html_is_shown_where_it_can_do_nothing(desk: AtDesk) -> None:
    html = (
        '<html><head><style>p { color: red }</style><meta http-equiv="refresh" content="0;url=https://evil.example">'
        '<link rel="preconnect" href="https://evil.example"><script>alert(1)</script></head><body bgcolor="yellow">'
        '<p style="font-size: 30px" onclick="x()">Big <img src="cid:a@x"><a href="javascript:x()">a</a>'
        '<a href="data:text/html,x">d</a><form action="https://evil.example"><input></form></p></body></html>'
    )
    row = receive(mail_with_pictures(html, ("a@x", PNG)))

    answer = desk.client.get(mail_url(row, "mail-html"))
    page = answer.content.decode()

    assert "p { color: red }" in page
    assert '<p style="font-size: 30px">Big <img src="data:image/png;base64,iVBOR' in page
    for word in ("script", "onclick", "evil.example", "<form", "<input", "text/html,"):
        assert word not in page
    policy = answer["Content-Security-Policy"]
    assert policy == "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    frame = desk.client.get(mail_url(row))
    assert "frame-src 'self'" in frame["Content-Security-Policy"]
    assert f'src="{mail_url(row, "mail-html")}" sandbox=""' in frame.content.decode()


def test_without_its_bytes_it_says_so(desk: AtDesk) -> None:
    row = receive(mail())
    IncomingMail.objects.update(raw=None)

    answer = desk.client.get(mail_url(row))

    assert answer.status_code == 200
    assert "The mail as it came is no longer kept." in answer.content.decode()
    assert "ada@example.org" in answer.content.decode()
    for name in ("mail-file", "mail-html"):
        assert desk.client.get(mail_url(row, name)).status_code == 404


def test_what_did_not_come_by_mail_has_none(desk: AtDesk, ticket) -> None:
    for name in ("mail", "mail-file", "mail-html"):
        assert desk.client.get(reverse(f"desk:{name}", args=[ticket.number, 1])).status_code == 404
    assert "/mail/1/" not in desk.look(ticket).content.decode()


def test_a_mail_of_a_note_is_for_who_sees_the_ticket(desk: AtDesk, at_desk, linus: User) -> None:
    row = receive(mail())
    ThreadEntry.objects.filter(pk=row.entry.pk).update(kind="note")

    assert desk.client.get(mail_url(row)).status_code == 200
    assert at_desk(linus).client.get(mail_url(row)).status_code == 404
    other = receive(mail(message_id="<2@x>"))
    assert other.ticket != row.ticket
    assert desk.client.get(reverse("desk:mail", args=[other.ticket.number, 2])).status_code == 404


def test_who_sees_only_what_is_assigned_reads_no_mail_of_others(at_desk, billing: Department) -> None:
    olaf = cast.make_agent("Olaf", billing, sees_only_assigned=True)

    assert at_desk(olaf).client.get(mail_url(receive(mail()))).status_code == 404
