"""What we sign: it says what we put in, to the end of its time, and nothing that anybody else made is believed."""

from datetime import timedelta

import pytest

from accounts.models import Address
from accounts.people import revoke_links
from mail import signing
from mail.models.mailbox import LONGEST_LOCAL_PART
from mail.signing import Role
from tests.cast import MONDAY

BASE = "support@example.com"


@pytest.fixture
def token(ada_address: Address) -> str:
    return signing.reply_address(BASE, ticket_id=77, address=ada_address, role=Role.REQUESTER, at=MONDAY)


def test_a_reply_address_says_ticket_address_and_role(token: str, ada_address: Address) -> None:
    signed = signing.read_reply_address(token, at=MONDAY)

    assert signed is not None
    assert (signed.ticket_id, signed.address, signed.role) == (77, ada_address, Role.REQUESTER)
    local, _, domain = token.partition("@")
    assert domain == "example.com"
    assert len(local) <= 64


def test_programs_may_change_its_case(token: str) -> None:
    assert signing.read_reply_address(token.upper(), at=MONDAY) is not None


@pytest.mark.django_db
@pytest.mark.parametrize(
    "email",
    ["", "@", "support@example.com", "support+@example.com", "support+r1.2.3.abc@example.com", "+" * 300, "\0+\0@\0"],
)
def test_what_is_no_signed_address_says_nothing(email: str) -> None:
    assert signing.read_reply_address(email, at=MONDAY) is None


def test_no_character_of_it_can_be_changed(token: str) -> None:
    local, _, domain = token.partition("@")
    start = local.index("+") + 1
    for place in range(start, len(local)):
        other = "a" if local[place] != "a" else "b"
        forged = f"{local[:place]}{other}{local[place + 1 :]}@{domain}"
        assert signing.read_reply_address(forged, at=MONDAY) is None, forged


def test_revoking_an_address_ends_what_was_signed_for_it(token: str, ada_address: Address) -> None:
    message_id = signing.message_id(77, ada_address)
    revoke_links(ada_address)

    assert signing.read_reply_address(token, at=MONDAY) is None
    assert signing.read_message_id(message_id) is None


def test_an_agents_address_ends_after_ninety_days(ada_address: Address) -> None:
    token = signing.reply_address(BASE, ticket_id=1, address=ada_address, role=Role.AGENT, at=MONDAY)

    assert signing.read_reply_address(token, at=MONDAY + timedelta(days=90)) is not None
    assert signing.read_reply_address(token, at=MONDAY + timedelta(days=91)) is None


def test_a_requesters_address_has_no_end(token: str) -> None:
    assert signing.read_reply_address(token, at=MONDAY + timedelta(days=4000)) is not None


def test_a_message_id_says_ticket_and_address(ada_address: Address) -> None:
    one, other = signing.message_id(77, ada_address), signing.message_id(77, ada_address)

    assert one != other
    signed = signing.read_message_id(one)
    assert signed is not None
    assert (signed.ticket_id, signed.address) == (77, ada_address)
    assert signing.read_message_id(one.strip("<>").upper()) == signed


def test_a_message_id_does_not_pass_for_an_address(ada_address: Address) -> None:
    inner = signing.message_id(77, ada_address).strip("<>").partition("@")[0]

    assert signing.read_reply_address(f"support+{inner}@example.com", at=MONDAY) is None
    assert signing.read_reply_address(f"support+r{inner[1:]}@example.com", at=MONDAY) is None


def test_an_older_key_is_still_believed(token: str, settings: object) -> None:
    before = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key, as long as keys are", []
    assert signing.read_reply_address(token, at=MONDAY) is None

    settings.SECRET_KEY_FALLBACKS = [before]
    assert signing.read_reply_address(token, at=MONDAY) is not None


def test_only_our_own_mark_is_ours(settings: object) -> None:
    mark = signing.loop_mark()
    assert signing.is_own_mark(f" {mark.upper()} ")
    assert not signing.is_own_mark("")
    assert not signing.is_own_mark("yes")

    settings.SECRET_KEY = "another help desk, with a key of its own"
    assert not signing.is_own_mark(mark)


def test_sixty_million_tickets_and_addresses_fit() -> None:
    """64 octets are what a local part may have (RFC 5321 section 4.5.3.1.1)."""
    most = 36**5 - 1
    longest = "a" * LONGEST_LOCAL_PART + "@example.com"
    token = signing.reply_address(longest, ticket_id=most, address=Address(pk=most), role=Role.AGENT, at=MONDAY)

    assert len(token.partition("@")[0]) <= 64


def test_keys_of_any_size_are_read(ada_address: Address) -> None:
    token = signing.reply_address(BASE, ticket_id=2**62, address=ada_address, role=Role.AGENT, at=MONDAY)

    signed = signing.read_reply_address(token, at=MONDAY)
    assert signed is not None
    assert signed.ticket_id == 2**62
