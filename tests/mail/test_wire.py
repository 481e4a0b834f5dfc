"""The bytes of a mail, which are what Django writes but for boundaries that nobody can guess."""

import email
import email.policy

import pytest
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.message import utf8_charset_qp

from mail.transport.wire import SHORT, bytes_of

pytestmark = pytest.mark.once


def a_mail(**given) -> EmailMultiAlternatives:
    mail = EmailMultiAlternatives(
        subject=given.get("subject", "Receipts"),
        body="Zoë wrote:\n.\nFrom here on\n" + "long " * 300 + "\n",
        from_email=given.get("sender", "Support <support@helpdesk.example>"),
        to=[given.get("to", "ada@example.com")],
        headers={"Message-ID": "<1@helpdesk.example>", "Date": "Mon, 02 Nov 2026 09:00:00 +0000"}
        | given.get("more", {}),
    )
    mail.attach_alternative("<p>Zoë wrote</p>", "text/html")
    mail.encoding = utf8_charset_qp
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
    # The second time its words are known already.
    bytes_of(a_mail())
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


def test_words_told_to_several_are_the_same_in_each_and_those_of_another_mail_are_not():
    other = a_mail()
    other.body = "Cleo wrote something else:\n\nSubject: of it\n"
    datas = [bytes_of(mail) for mail in (a_mail(), a_mail(to="cleo@example.com"), other)]

    read = [email.message_from_bytes(data, policy=email.policy.default) for data in datas]

    assert [one["To"] for one in read] == ["ada@example.com", "cleo@example.com", "ada@example.com"]
    said = [one.get_body(("plain",)).get_content() for one in read]
    assert said[0] == said[1] == a_mail().body
    assert said[2] == other.body
    assert datas[0].partition(b"\n\n")[2] == datas[1].partition(b"\n\n")[2]


@pytest.mark.parametrize("charset", [None, "iso-8859-1"])
def test_what_is_written_in_another_charset_is_what_django_writes(charset):
    ours, django = a_mail(), a_mail()
    ours.encoding = django.encoding = charset

    ours, django = bytes_of(ours), django.message().as_bytes()

    assert lines_of(ours, boundaries(ours)[0]) == lines_of(django, boundaries(django)[0])


def test_what_has_one_body_alone_is_written_as_it_is():
    mail = EmailMessage("Receipts", "Only words.", "support@helpdesk.example", ["ada@example.com"])
    mail.extra_headers = {"Message-ID": "<1@helpdesk.example>", "Date": "Mon, 02 Nov 2026 09:00:00 +0000"}

    assert bytes_of(mail) == mail.message().as_bytes()
