"""A maildrop read by POP3 (RFC 1939). It has no folders and marks nothing: mails stay there, or are deleted."""

import hashlib
import poplib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from django.utils.translation import gettext as _

from mail.fetching.connecting import connect_pop3, port_of, sign_in_pop3
from mail.fetching.source import About, Letter
from mail.models import AfterFetch, Door, Mailbox
from mail.trouble import CannotTell, NotHandedOut, Trouble, Vanished, answer_of, plain_words

LONGEST_ID = 200


class Maildrop:
    """The maildrop of a mailbox, open. The server keeps others out meanwhile; what is deleted goes at the end."""

    door = Door.POP3
    complaint = ""

    def __init__(self, mailbox: Mailbox) -> None:
        """Connect, sign in and ask what lies there. Raises Trouble."""
        self._mailbox = mailbox
        self._client = connect_pop3(mailbox)
        try:
            sign_in_pop3(self._client, mailbox)
            self._sizes = {int(number): int(size) for number, size in self._pairs(self._client.list)}
            self._ids = self._unique_ids()
        except BaseException:
            self.close()
            raise
        self.count = len(self._sizes)
        self._begin()

    def letters(self, *, through: bool) -> Sequence[Letter]:
        prefix = f"{self._mailbox.generation}:" if self._mailbox.generation else ""
        # Without ids nothing is known again, but what is deleted at once need not be.
        stays = self._mailbox.after_fetch != AfterFetch.DELETE
        places = _places([self._ids[number] for number in sorted(self._ids)], is_stable=stays)
        of = dict(zip(sorted(self._ids), places, strict=True))
        return [
            Letter(prefix + of[number] if of.get(number) else "", number, is_done=stays)
            for number in sorted(self._sizes)
            if not self._ids or number in self._ids
        ]

    def about(self, letters: Sequence[Letter]) -> Mapping[int, About]:
        return {one.key: About(self._sizes[one.key]) for one in letters}

    def read(self, letter: Letter, *, size: int) -> Iterator[bytes]:
        with plain_words(self._mailbox.host, port_of(self._mailbox)):
            try:
                yield from self._client.retrieve(letter.key)
            except poplib.error_proto as error:
                raise self._why_not(error) from error

    def read_head(self, letter: Letter) -> bytes:
        with plain_words(self._mailbox.host, port_of(self._mailbox)):
            try:
                return self._client.head(letter.key)
            except poplib.error_proto as error:
                raise self._why_not(error) from error

    def tell(self, letters: Sequence[Letter]) -> None:
        with plain_words(self._mailbox.host, port_of(self._mailbox)):
            for one in letters:
                try:
                    self._client.dele(one.key)
                except poplib.error_proto as error:
                    raise CannotTell(
                        _("Mails are fetched, but the server does not delete them. It said: %(answer)s")
                        % {"answer": answer_of(error)}
                    ) from error

    def close(self) -> None:
        with suppress(Exception):
            self._client.quit()
        with suppress(Exception):
            self._client.close()

    def _begin(self) -> None:
        """Let ids of another server or user be others, even if they look the same."""
        box = self._mailbox
        source = hashlib.sha256("\0".join(["pop3", box.host.lower(), box.username]).encode()).hexdigest()
        if source != box.source:
            box.generation += bool(box.source)
            box.source, box.looked_through_at = source, None
            box.uid_validity, box.first_uid, box.last_uid = None, 0, 0

    def _unique_ids(self) -> Mapping[int, str]:
        try:
            return {int(number): uid for number, uid in self._pairs(self._client.uidl)}
        except poplib.error_proto as error:
            if answer_of(error).startswith("-ERR EOF"):
                raise
            if self._mailbox.after_fetch == AfterFetch.DELETE:
                return {}
            raise Trouble(
                _("The server gives its mails no lasting names (UIDL), so they cannot stay there. Choose “Delete it”.")
            ) from error

    def _pairs(self, ask: object) -> list[tuple[str, str]]:
        with plain_words(self._mailbox.host, port_of(self._mailbox), but_refusals=True):
            _answer, lines, _octets = ask()  # type: ignore[operator]
        words = [line.decode("utf-8", "backslashreplace").split(None, 1) for line in lines]
        return [(one[0], one[1].strip()) for one in words if len(one) == 2 and one[0].isdigit()]

    def _why_not(self, error: poplib.error_proto) -> Exception:
        answer = answer_of(error)
        if "EOF" in answer:
            return Trouble(_("The server broke the connection off."))
        if "no such" in answer.lower() or "deleted" in answer.lower():
            return Vanished()
        return NotHandedOut(answer)


def _places(ids: Sequence[str], *, is_stable: bool) -> list[str]:
    """Return by what each mail is known in the ledger; "" where its id tells it from no other.

    No two mails may have one id, but some servers make it of what is in them. Of those that lie there side by side the
    first may be deleted, and the other is the first then; where all stay, they keep their order.
    """
    there, met = Counter(ids), Counter[str]()
    places = []
    for one in ids:
        met[one] += 1
        # Of at most 70 visible characters (RFC 1939 section 7); others no database needs to hold.
        is_fine = len(one) <= LONGEST_ID and one.isprintable()
        place = one if is_fine else f"sha256:{hashlib.sha256(one.encode()).hexdigest()}"
        if there[one] > 1:
            place = f"{place}#{met[one]}" if is_stable else ""
        places.append(place)
    return places
