"""Which domains an organisation can have, and how they are written."""

import pytest

from accounts.domains import DomainInvalid, domain_of, read_domain

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Example.COM", "example.com"),
        ("@example.com", "example.com"),
        ("example.com.", "example.com"),
        ("mail.example.co.uk", "mail.example.co.uk"),
        ("Müller.de", "xn--mller-kva.de"),
        ("MÜLLER.DE", "xn--mller-kva.de"),
    ],
)
def test_a_domain_is_kept_in_lower_case_ascii(typed, kept):
    assert read_domain(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "com",
        "co.uk",
        "gmail.com",
        "GMAIL.com",
        "googlemail.com",
        "web.de",
        "mail.yahoo.com",
        "github.io",
        "localhost",
        "127.0.0.1",
        "exa mple.com",
        "-bad-.com",
        "a@b.com",
        "*.example.com",
        "x" * 64 + ".com",
        "",
        "..",
        "\x00.com",
    ],
)
def test_what_belongs_to_everybody_or_is_no_domain_is_refused(typed):
    with pytest.raises(DomainInvalid):
        read_domain(typed)


@pytest.mark.parametrize(
    ("email", "domain"),
    [("ada@Müller.de", "xn--mller-kva.de"), ("a@b@example.com", "example.com"), ("nothing", "nothing")],
)
def test_the_domain_of_an_address_is_written_alike(email, domain):
    assert domain_of(email) == domain
