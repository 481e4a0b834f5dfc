"""Whom a note calls by an @ and a name: "@grace", "@Grace Hopper"."""

import re
from collections import defaultdict
from collections.abc import Iterator

from accounts.models import User

MOST_CALLED = 10
MOST_WORDS = 4
# Not in the middle of a word, as in an e-mail address.
_CALL = re.compile(r"(?<![\w.@+-])@([\w'.-]{1,60}(?:[ \u00a0][\w'.-]{1,60}){0,3})")


def called(text: str) -> list[int]:
    """Return the keys of the agents whom a text calls, by their whole name or the part of their address before the @.

    The longest name counts. A name that several have calls all of them. Compared here, for SQLite knows the small
    letters of English alone; agents are few among people.
    """
    calls = [list(_beginnings(found)) for found in _CALL.findall(text)[:MOST_CALLED]]
    if not calls:
        return []
    known: dict[str, set[int]] = defaultdict(set)
    for pk, name, email in User.objects.agents().order_by().values_list("pk", "name", "email"):
        known[" ".join(name.casefold().split())].add(pk)
        known[email.partition("@")[0].casefold()].add(pk)
    found: set[int] = set()
    for names in calls:
        found |= next((known[name] for name in names if name in known), set())
    return sorted(found)


def _beginnings(call: str) -> Iterator[str]:
    """Yield what the name may be, the longest first, as names are compared."""
    words = call.replace("\u00a0", " ").casefold().split()
    for count in range(min(len(words), MOST_WORDS), 0, -1):
        name = " ".join(words[:count])
        yield name
        yield name.rstrip(".'-")
