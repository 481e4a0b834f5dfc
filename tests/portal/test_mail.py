"""Mails in the portal: their pictures in their place, images from elsewhere only for who asks, nothing internal."""

import pytest
from django.http import HttpResponse
from django.test import Client

from mail.models import IncomingMail, Mailbox
from tests.cast import address_for
from tests.mail.samples import SUPPORT
from tests.mail.shown import PNG, mail_with_pictures, receive
from tickets import actions, links
from tickets.models import Department

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def mailbox(billing: Department) -> Mailbox:
    return Mailbox.objects.create(name="support", address=SUPPORT, department=billing, is_default=True)


def link_of(row: IncomingMail) -> str:
    return f"/t/{links.token_for(row.ticket.participants.get())}/"


def test_a_picture_stands_in_its_place(client: Client) -> None:
    row = receive(mail_with_pictures('<p>See <img src="cid:a@x"></p>', ("a@x", PNG)))
    url = f"{link_of(row)}files/{row.entry.attachments.get().pk}/"

    page = client.get(link_of(row)).content.decode()

    assert f'<img src="{url}?inline"' in page
    assert f'href="{url}"' not in page
    assert client.get(f"{url}?inline")["Content-Disposition"].startswith("inline")


def images_from(answer: HttpResponse) -> list[str]:
    """Return from where the policy of a page allows images; its parts stand in any order."""
    policy = (part.split() for part in answer["Content-Security-Policy"].split(";"))
    return next(part[1:] for part in policy if part and part[0] == "img-src")


def test_images_from_elsewhere_wait_until_somebody_asks(client: Client, grace, principal) -> None:
    row = receive(mail_with_pictures('<p><img src="https://track.example/1.gif"></p>'))
    # Places are counted among what requesters may read.
    actions.add_note(ticket=row.ticket, text="Internal.", by=principal(grace), at=row.arrived_at)
    actions.add_message(
        ticket=row.ticket,
        address=address_for(row.ticket.requester),
        text="x",
        html='<img data-image="0">',
        source="mail",
        by=principal(row.ticket.requester),
        at=row.arrived_at,
    )

    page = client.get(link_of(row))
    asked = client.get(f"{link_of(row)}?images=1")

    assert "track.example" not in page.content.decode()
    assert "This message has 1 image from elsewhere." in page.content.decode()
    assert "?images=2#e2" in page.content.decode()
    assert images_from(page) == ["'self'"]
    assert '<img src="https://track.example/1.gif"' in asked.content.decode()
    assert sorted(images_from(asked)) == ["'self'", "https:"]
    assert asked["Referrer-Policy"] == "same-origin"
    assert "cannot be shown" in client.get(f"{link_of(row)}?images=2").content.decode()
    assert client.get(f"{link_of(row)}?images=x").status_code == 404


def test_what_was_odd_and_the_mail_itself_are_not_told(client: Client) -> None:
    raw = (
        b"From: ada@example.org\nTo: support@example.com\nSubject: Cut off\nX-Secret: hop-17\n"
        b"Content-Type: multipart/mixed; boundary=x\n\n--x\n\nHello\n"
    )
    row = receive(raw)
    file = row.entry.attachments.get(name="mail.eml")

    page = client.get(link_of(row)).content.decode()

    assert "Hello" in page
    for word in ("breaks off", "mail.eml", "hop-17", "as it came"):
        assert word not in page
    assert client.get(f"{link_of(row)}files/{file.pk}/").status_code == 404
