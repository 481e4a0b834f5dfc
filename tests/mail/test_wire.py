"""The bytes of a mail, which are what Django writes but for boundaries that nobody can guess."""

import email
import email.policy

import pytest
from django.core.mail import EmailMultiAlternatives

from mail.transport.wire import SHORT, bytes_of

pytestmark = pytest.mark.once


def a_mail(**given) -> EmailMultiAlternatives:
    mail = EmailMultiAlternatives(
        subject=given.get("subject", "Receipts"),
        body="Zoë wrote:\n.\nFrom here on\n" + "long " * 300,
        from_email=given.get("sender", "Support <support@helpdesk.example>"),
        to=[given.get("to", "ada@example.com")],
        headers={"Message-ID": "<1@helpdesk.example>", "Date": "Mon, 02 Nov 2026 09:00:00 +0000"}
        | given.get("more", {}),
    )
    mail.attach_alternative("<p>Zoë wrote</p>", "text/html")
    return mail


def lines_of(data: bytes, boundary: str) -> list[bytes]:
    return [line for line in data.split(b"\n") if boundary.encode() not in line]


def boundaries(data: bytes) -> list[str]:
    parts = email.message_from_bytes(data).walk()
    return [part.get_boundary() for part in parts if part.is_multipart() and part.get_boundary()]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"subject": "Zoë's receipts are missing"},
        {"subject": "x" * (SHORT - len("Subject"))},
        {"subject": "x" * (SHORT - len("Subject") + 1)},
        {"subject": "receipt " * 60},
        {"subject": "  with blanks  around "},
        {"subject": ""},
        {"subject": "=?utf-8?q?not_a_word?="},
        {"subject": "a\tb"},
        {"sender": '"Zoë, of Support" <support@helpdesk.example>'},
        {"to": "ada@bücher.example"},
        {"more": {"References": " ".join(f"<{n}@helpdesk.example>" for n in range(40)), "X-Empty": ""}},
    ],
)
def test_they_are_what_django_writes(given):
    ours, django = bytes_of(a_mail(**given)), a_mail(**given).message().as_bytes()

    assert lines_of(ours, boundaries(ours)[0]) == lines_of(django, boundaries(django)[0])


def test_every_part_of_several_has_a_boundary_of_its_own_and_all_can_be_read():
    mail = a_mail()
    mail.attach("a.txt", "--\n".join(["=" * 34] * 3), "text/plain")
    mail.attach("forwarded.eml", a_mail().message().as_string(), "message/rfc822")

    data = bytes_of(mail)

    read = email.message_from_bytes(data, policy=email.policy.default)
    assert len(set(boundaries(data))) == 3
    kinds = [part.get_content_type() for part in read.iter_parts()]
    assert kinds == ["multipart/alternative", "text/plain", "message/rfc822"]
    assert "Zoë wrote" in read.get_body(("plain",)).get_content()
