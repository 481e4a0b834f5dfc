"""Whether mail can go to a domain that somebody typed: its mail servers are looked up (PARITY I19).

Off unless the site settings ask for it. Only a domain that surely takes no mail is refused: a name server that is slow,
broken or not there is no reason to turn anybody away.
"""

import hashlib

import dns.exception
import dns.resolver
import idna
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from core.models import SiteSettings

# Seconds that somebody waits for name servers at most, and how long an answer holds.
PATIENCE = 2.0
REMEMBERED = 3600


def require_mail_domain(email: str) -> None:
    """Raise ValidationError if the domain of this address takes no mail and the help desk is to look.

    One query, and none where the request has read the site settings.
    """
    domain = email.rpartition("@")[2]
    if domain and SiteSettings.load().checks_domains and takes_mail(domain) is False:
        raise ValidationError(
            _("No mail can be sent to %(domain)s. Is it written as it should be?"),
            code="domain",
            params={"domain": domain},
        )


def takes_mail(domain: str) -> bool | None:
    """Say whether a domain takes mail: by its MX records, else by an address of its own (RFC 5321, 5.1).

    None where the name servers do not say. A single MX of "." says that it takes none (RFC 7505).
    """
    try:
        name = idna.encode(domain.rstrip("."), uts46=True).decode()
    except UnicodeError:
        return False
    key = "takes-mail:" + hashlib.sha256(name.encode()).hexdigest()
    if (known := cache.get(key)) is not None:
        return bool(known)
    found = _ask(f"{name}.")
    if found is not None:
        cache.set(key, found, REMEMBERED)
    return found


def _ask(name: str) -> bool | None:
    try:
        resolver = _resolver()
        servers = resolver.resolve(name, "MX", raise_on_no_answer=False, lifetime=PATIENCE).rrset
        if servers:
            return any(server.exchange.to_text() != "." for server in servers)
        return any(
            resolver.resolve(name, kind, raise_on_no_answer=False, lifetime=PATIENCE).rrset for kind in ("A", "AAAA")
        )
    except dns.resolver.NXDOMAIN:
        return False
    except dns.exception.DNSException:
        # Too slow, broken, or this machine has no name server at all.
        return None


def _resolver() -> dns.resolver.Resolver:
    return dns.resolver.Resolver()
