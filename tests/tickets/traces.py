"""Somebody who is named everywhere, and the search for what is left of them."""

import base64
import html
import re
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings as configured
from django.db import connection
from django.utils import timezone

from accounts.models import User
from core.files import store
from core.models import NewFile
from tests import cast
from tickets import actions, mentions
from tickets.models import Way

NAME, EMAIL, SECOND, PHONE = "Philomena Quistgaard", "philo.q@example.org", "pq@second.example", "+45 3312 9981"
TRACES = ("philomena", "quistgaard", "philo.q", "pq@second", "3312 9981", "quistgaard.pdf")
# The same number, whatever stands between its digits.
DIALLED = re.compile(r"(?<!\d)" + r"[\s()/.-]{0,3}".join("33129981") + r"(?!\d)")
MAIL = (
    b"From: =?iso-8859-1?q?Philomena_Qu=69stgaard?= <somebody@example.org>\r\nSubject: Hello\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + base64.encodebytes(f"It was {NAME} who said so.".encode())
)


def file(name: str, content: bytes, kind: str = "text/plain") -> NewFile:
    return NewFile(store([content]), name, kind)


def files_of_others() -> list[NewFile]:
    """Files in which others wrote about her, each as such files are made."""
    return [
        file("list.csv", "Name;First name;Phone\nQuistgaard;Philomena;0045 33 12 99 81\n".encode("cp1252"), "text/csv"),
        file("page.html", b"<p>Philo<b>mena</b> Quist&#103;aard</p>", "text/html"),
        file("mail.eml", MAIL, "message/rfc822"),
        file("notes.txt", f"As {EMAIL} wrote".encode("utf-16"), "text/plain"),
        file("other.txt", b"Nothing about anybody.", "text/plain"),
        file("picture.png", b"\x89PNG\r\n\x1a\n", "image/png"),
    ]


def erase(person: User, way: Way, grace: User, **given: object) -> None:
    erasure = actions.erase(person=person, way=way, by=cast.principal(grace), at=timezone.now(), **given)
    while not actions.go_on(erasure, claim=erasure.claim, at=timezone.now()):
        pass


def redact_all(person: User, grace: User) -> int:
    """Press every button that is shown, page after page."""
    times, before = 0, None
    while True:
        further = None
        found = mentions.in_own_tickets(person)
        some, further = mentions.elsewhere(person, before)
        for one in [*found, *some]:
            times += actions.redact(
                person=person, source=one.source, pk=one.pk, by=cast.principal(grace), at=timezone.now()
            )
        if further is None:
            return times
        before = further


def everything() -> Iterator[tuple[str, str]]:
    """Return table and text of every row of every table there is."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                yield (
                    table,
                    " ".join(
                        bytes(one).decode(errors="replace") if isinstance(one, memoryview | bytes) else str(one)
                        for one in row
                    ),
                )


def traces() -> set[str]:
    """Return where a name, an address or a phone number still stands: tables, and names of files."""
    found = {table for table, text in everything() if is_traced(text)}
    for path in Path(configured.FILES_DIR).rglob("*"):
        if path.is_file() and is_traced(readable(path.read_bytes())):
            found.add(path.name)
    return found


def is_traced(text: str) -> bool:
    return any(trace in text.lower() for trace in TRACES) or DIALLED.search(text) is not None


def readable(data: bytes) -> str:
    """Return what a person would read in these bytes, packed as this page's files are."""
    packed = data.rpartition(b"\r\n\r\n")[2]
    words = [data.decode(errors="replace"), data.decode("utf-16", errors="replace")]
    if packed != data:
        words.append(base64.b64decode(packed, validate=False).decode(errors="replace"))
    return html.unescape(re.sub("<[^>]*>", "", "\n".join(words)))
