"""Domains of organisations: which ones say for whom somebody asks, and how they are written."""

from functools import cache
from pathlib import Path

import idna
from django.utils.translation import gettext as _
from publicsuffixlist import PublicSuffixList

PUBLIC_MAIL = Path(__file__).parent / "data" / "public_mail_domains.txt"
LONGEST = 253


class DomainInvalid(Exception):
    """Why this can be no domain of an organisation; `str()` is a sentence."""


def read_domain(text: str) -> str:
    """Return the domain as it is kept: lower-case, in ASCII (RFC 5891). Raises DomainInvalid.

    Where anybody can have an address, or registers a domain, nobody belongs to one organisation.
    """
    shown = text.strip().lstrip("@").rstrip(".")
    try:
        domain = idna.encode(shown, uts46=True, std3_rules=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError) as error:
        raise DomainInvalid(_("“%(domain)s” is no domain. Write it like example.com.") % {"domain": shown}) from error
    if "." not in domain or len(domain) > LONGEST or domain.rpartition(".")[2].isdecimal():
        raise DomainInvalid(_("“%(domain)s” is no domain. Write it like example.com.") % {"domain": shown})
    registered = _suffixes().privatesuffix(domain)
    if registered is None:
        raise DomainInvalid(_("Under “%(domain)s” anybody registers domains.") % {"domain": shown})
    if domain in _public_mail() or registered in _public_mail():
        raise DomainInvalid(_("Anybody can have an address at “%(domain)s”.") % {"domain": shown})
    return domain


def domain_of(email: str) -> str:
    """Return the domain of an address as `read_domain` writes it, "" where it has none that can be written so."""
    try:
        return idna.encode(email.rpartition("@")[2], uts46=True, std3_rules=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        return ""


def are_of_one_owner(one: str, other: str) -> bool:
    """Say whether two names of servers lie in one registered domain, or are the same name or number."""
    one, other = one.lower().rstrip("."), other.lower().rstrip(".")
    if one == other:
        return bool(one)
    registered = _suffixes().privatesuffix(one)
    # Of numbers it makes a domain too.
    return registered is not None and not registered[-1].isdecimal() and registered == _suffixes().privatesuffix(other)


def spellings(domain: str) -> list[str]:
    """Return how the domain can stand in an address: in ASCII, and as people write it."""
    try:
        return sorted({domain, idna.decode(domain)})
    except (idna.IDNAError, UnicodeError):
        return [domain]


@cache
def _public_mail() -> frozenset[str]:
    lines = PUBLIC_MAIL.read_text().splitlines()
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()
