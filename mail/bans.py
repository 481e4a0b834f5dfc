"""Bans as administrators write them down: what a pattern may be, and whom of those we know it hits."""

import re

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Address
from accounts.people import normalise
from mail.addresses import is_pattern, matches, own_addresses, site_address

# What nobody bans by intent. Names that are nobody's (RFC 2606 section 2).
_ANYBODY = ("anna.k-7@mail.nobody.example", "zoe@elsewhere.test", "q@x.invalid")
_ADDRESS = re.compile(r"[^\s@*?<>(),;:\"]+@[^\s@*?<>(),;:\"]+")
_DOMAIN = re.compile(r"(?:[\w-]+\.)*[\w-]+")


class CannotBeBanned(ValueError):
    """The pattern would ban nobody, everybody, or ourselves; `str()` is one sentence."""


def read(text: str) -> str:
    """Return the pattern as it is kept. Raises CannotBeBanned."""
    pattern = normalise(text).removeprefix("@")
    if is_pattern(pattern):
        if re.search(r"[\s<>(),;\"]", pattern):
            raise CannotBeBanned(
                _("A pattern has no spaces, commas or brackets. Ban each address in a row of its own.")
            )
        if all(matches(pattern, one) for one in _ANYBODY):
            raise CannotBeBanned(_("This would ban everybody. Write more of the address."))
    elif not (_ADDRESS if "@" in pattern else _DOMAIN).fullmatch(pattern):
        raise CannotBeBanned(
            _("Write an address such as jane@example.com, a domain such as example.com, or a pattern.")
        )
    ours = next((one for one in (*own_addresses().mailboxes, site_address()) if matches(pattern, one)), None)
    if ours is not None:
        raise CannotBeBanned(_("This would ban %(address)s, an address of the help desk itself.") % {"address": ours})
    return pattern


def hit_by(pattern: str) -> "QuerySet[Address]":
    """Return the addresses that we know and the pattern is about; mail.addresses.matches says the same of each."""
    if is_pattern(pattern):
        parts = (".*" if sign == "*" else "." if sign == "?" else re.escape(sign) for sign in pattern)
        return Address.objects.filter(email__regex=f"^{''.join(parts)}$")
    if "@" in pattern:
        return Address.objects.filter(email=pattern)
    return Address.objects.filter(Q(email__endswith=f"@{pattern}") | Q(email__endswith=f".{pattern}"))
