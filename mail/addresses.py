"""Which addresses are the help desk's own, and from whom nothing is taken."""

from dataclasses import dataclass
from email.utils import parseaddr
from fnmatch import fnmatchcase

from django.conf import settings
from django.db.models import Q

from accounts.people import normalise
from core.aggregates import ListOf
from core.prepared import Prepared, Question
from mail.models import BannedSender, Mailbox, OwnAddress

# A domain is looked up with all above it, so many labels deep.
MOST_LABELS = 10
MOST_PATTERNS = 2_000
# RFC 5321 section 4.5.3.1.3, with the corrections of its erratum 1690.
LONGEST = 254

_MAILBOXES = Prepared(lambda: Mailbox.objects.order_by("pk"))
_SENDERS = Prepared(lambda: OwnAddress.objects.values_list(ListOf("email"), flat=True))
# Those of these patterns, and all with a wildcard, which databases do not match.
_BANS = Prepared(
    lambda patterns: BannedSender.objects.filter(
        pk__in=BannedSender.objects.filter(
            Q(pattern__in=patterns) | Q(pattern__contains="*") | Q(pattern__contains="?"), is_active=True
        ).values("pk")[:MOST_PATTERNS]
    ).values_list(ListOf("pattern"), flat=True)
)


@dataclass(frozen=True, slots=True)
class OwnAddresses:
    """Our addresses: those that mail to us is written to, by address, and those that our mails come from."""

    mailboxes: dict[str, Mailbox]
    senders: frozenset[str] = frozenset()

    def __contains__(self, email: str) -> bool:
        plain = without_extension(email)
        both = (normalise(email), plain)
        return any(one in self.mailboxes or one in self.senders or one == site_address() for one in both)

    def mailbox(self, email: str) -> Mailbox | None:
        """Return the mailbox of an address, whatever stands behind a + in it."""
        return self.mailboxes.get(normalise(email)) or self.mailboxes.get(without_extension(email))

    def for_answers(self, came_by: int | None) -> Mailbox | None:
        """Return where answers are asked for: by which mailbox the ticket came, else the default one.

        None where neither is in use, or there is none: then the site's address has to do.
        """
        used = [one for one in self.mailboxes.values() if one.is_active]
        mine = (one for one in used if one.pk == came_by)
        others = (one for one in used if one.is_default or one.address == site_address())
        return next(mine, None) or max(others, key=lambda one: one.is_default, default=None)


def own_addresses() -> OwnAddresses:
    """Return ours, switched off ones too: mail from them is still ours. There are as many as somebody set up."""
    return OwnAddresses({one.address: one for one in _MAILBOXES.all()}, frozenset(_SENDERS.get() or []))


def site_address() -> str:
    """Return the address that mails come from where no mailbox says otherwise."""
    return normalise(parseaddr(settings.MAIL_FROM)[1])


def without_extension(email: str) -> str:
    """Return the address without what stands between + and @ (RFC 5233)."""
    local, at, domain = normalise(email).rpartition("@")
    return local.partition("+")[0] + at + domain if at else normalise(email)


def is_banned(email: str) -> bool:
    """Say whether the address, a domain that it is in, or a pattern is banned."""
    email = normalise(email)
    return any(matches(pattern, email) for pattern in _BANS.get(patterns=_patterns(email)) or [])


def question_of_all() -> Question:
    """Return what `own_addresses` asks about the mailboxes, of which there may be many."""
    return _MAILBOXES, {}


def questions(sender: str) -> list[Question]:
    """Return what else is asked about ours, and whether the sender is banned."""
    email = normalise(sender)
    return [(_SENDERS, {}), (_BANS, {"patterns": _patterns(email)})]


def matches(pattern: str, email: str) -> bool:
    """Say whether a ban is about this address. In a pattern * stands for any characters and ? for one."""
    if is_pattern(pattern):
        # Brackets are no sets of characters here: an address may have them.
        return fnmatchcase(email, pattern.replace("[", "[[]"))
    return pattern == email or ("@" not in pattern and pattern in _domains(email))


def is_pattern(text: str) -> bool:
    return "*" in text or "?" in text


def can_be_answered(email: str) -> bool:
    """Say whether this looks like an address that a person can have."""
    local, _at, domain = email.strip().rpartition("@")
    fits = len(email) <= LONGEST and not any(c.isspace() or c in '<>(),;"' for c in email.strip())
    return bool(local and domain) and fits


def _patterns(email: str) -> list[str]:
    """Return the bans without wildcards that would be about this address."""
    return [email, *_domains(email)]


def _domains(email: str) -> list[str]:
    labels = email.rpartition("@")[2].split(".")[-MOST_LABELS:]
    return [".".join(labels[start:]) for start in range(len(labels))]
