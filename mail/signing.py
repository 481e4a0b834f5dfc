"""What we sign in our mails, so that an answer proves which one it answers.

A reply address is bound to a ticket, to the address the mail went to, to what an answer counts as, and to the day; a
Message-ID to ticket, address and the mail; the loop mark to this help desk; the return mark to one mail, of which it
comes back with the headers and never with an answer. Each carries 128 bits of HMAC-SHA256 in lower case, since some
programs change the case of what they send back. Raising an address's `link_epoch` makes reply addresses and Message-IDs
worthless, as it does its links.
"""

import hmac
import re
import secrets
from base64 import b32encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from django.conf import settings
from django.utils.crypto import salted_hmac

from accounts.models import Address
from core.prepared import Prepared, Question

SALT = "mail.signing"
MAC_BYTES = 16
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
# An agent who answers by mail later than this answers at the desk.
AGENT_ADDRESS_LASTS = timedelta(days=90)
LOOP_HEADER = "X-Helpdesk-Loop"
RETURN_HEADER = "X-Helpdesk-Return"

_ADDRESS = Prepared(lambda pk: Address.objects.select_related("user").filter(pk=pk))

_MAC = r"(?P<mac>[a-z2-7]{26})"
_REPLY = re.compile(
    rf"(?P<role>[ra])(?P<ticket>[0-9a-z]{{1,13}})\.(?P<address>[0-9a-z]{{1,13}})\.(?P<day>[0-9a-z]{{1,6}})\.{_MAC}"
)
_ID = re.compile(rf"t(?P<ticket>[0-9a-z]{{1,13}})\.(?P<address>[0-9a-z]{{1,13}})\.(?P<nonce>[a-z2-7]{{16}})\.{_MAC}")


class Role(StrEnum):
    """What an answer to a signed address counts as."""

    REQUESTER = "r"
    AGENT = "a"


@dataclass(frozen=True, slots=True)
class Signed:
    """What a signature says: about which ticket, to which address, as what an answer counts."""

    ticket_id: int
    address: Address
    role: Role


def reply_address(base: str, *, ticket_id: int, address: Address, role: Role, at: datetime) -> str:
    """Return `base` with a token in its local part (RFC 5233): support+r1.2.3.mac@example.com."""
    local, _, domain = base.rpartition("@")
    parts = (role.value + _short(ticket_id), _short(address.pk), _short(_day(at)))
    return f"{local}+{'.'.join(parts)}.{_mac('reply', *parts, str(address.link_epoch))}@{domain}"


def read_reply_address(email: str, *, at: datetime) -> Signed | None:
    """Return what the address says; None for one that we did not sign, and for one that is revoked or too old."""
    token = email.lower().rpartition("@")[0].rpartition("+")[2]
    found = _REPLY.fullmatch(token)
    if found is None:
        return None
    signed_on, role = int(found["day"], 36), Role(found["role"])
    if role == Role.AGENT and _day(at) - signed_on > AGENT_ADDRESS_LASTS.days:
        return None
    parts = (role.value + found["ticket"], found["address"], found["day"])
    return _checked(found, "reply", parts, role)


def message_id(ticket_id: int | None, address: Address | None) -> str:
    """Return a new Message-ID in angle brackets (RFC 5322 section 3.6.4), signed for ticket and address if given."""
    nonce = b32encode(secrets.token_bytes(10)).decode("ascii").lower()
    if ticket_id is None or address is None:
        return f"<{nonce}.{_mac('id', nonce)}@{settings.MAIL_DOMAIN}>"
    parts = ("t" + _short(ticket_id), _short(address.pk), nonce)
    return f"<{'.'.join(parts)}.{_mac('id', *parts, str(address.link_epoch))}@{settings.MAIL_DOMAIN}>"


def read_message_id(text: str) -> Signed | None:
    """Return what a Message-ID of ours says, with or without angle brackets; None for all others."""
    found = _ID.fullmatch(text.strip("<> \t").lower().rpartition("@")[0])
    if found is None:
        return None
    return _checked(found, "id", ("t" + found["ticket"], found["address"], found["nonce"]), Role.REQUESTER)


def said_by(text: str) -> tuple[int, Question] | None:
    """Return which ticket an address or a Message-ID seems to be signed for, and what will be asked to check that."""
    local = text.strip("<> \t").lower().rpartition("@")[0]
    found = _REPLY.fullmatch(local.rpartition("+")[2]) or _ID.fullmatch(local)
    return (_long(found["ticket"]), (_ADDRESS, {"pk": _long(found["address"])})) if found else None


def loop_mark() -> str:
    """Return what the header X-Helpdesk-Loop of our mails says."""
    return _mac("loop")


def is_own_mark(text: str) -> bool:
    """Say whether this header came from us."""
    return any(hmac.compare_digest(text.strip().lower().encode(), mac.encode()) for mac in _macs("loop"))


def return_mark(message_id: str) -> str:
    """Return what the header X-Helpdesk-Return of the mail with this Message-ID says.

    A Message-ID is seen by everybody who is answered together with its recipient. Answers do not carry this; delivery
    reports do, as far as they return headers (RFC 3464 section 2, RFC 6522 section 3).
    """
    return _mac("return", message_id)


def is_return_mark(text: str, message_id: str) -> bool:
    """Say whether this header was that of our mail with this Message-ID."""
    said = text.strip().lower().encode()
    return any(hmac.compare_digest(said, mac.encode()) for mac in _macs("return", message_id))


def _checked(found: "re.Match[str]", kind: str, parts: tuple[str, ...], role: Role) -> Signed | None:
    address = _ADDRESS.first(pk=_long(found["address"]))
    if address is None:
        return None
    macs = _macs(kind, *parts, str(address.link_epoch))
    if not any(hmac.compare_digest(found["mac"], mac) for mac in macs):
        return None
    return Signed(_long(found["ticket"]), address, role)


def _mac(*parts: str) -> str:
    return next(_macs(*parts))


def _macs(*parts: str) -> Iterator[str]:
    """Yield the signature by our key, then by those that it replaced."""
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        mac = _keyed(key).copy()
        mac.update("\n".join(parts).encode())
        yield b32encode(mac.digest()[:MAC_BYTES]).decode("ascii").rstrip("=").lower()


@lru_cache(maxsize=8)
def _keyed(key: str) -> hmac.HMAC:
    """Return the signature of nothing by this key, to go on with: the key that is made of it is the same each time."""
    return salted_hmac(SALT, "", secret=key, algorithm="sha256")


def _day(at: datetime) -> int:
    return (at.astimezone(UTC).date() - datetime(2020, 1, 1, tzinfo=UTC).date()).days


def _short(number: int) -> str:
    text = ""
    while number:
        number, digit = divmod(number, 36)
        text = DIGITS[digit] + text
    return text or "0"


def _long(text: str) -> int:
    """Return the key; one that no database can hold is nobody's."""
    number = int(text, 36)
    return number if number < 2**63 else 0
