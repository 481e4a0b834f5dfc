"""A folder read by IMAP (RFC 3501), with MOVE (RFC 6851) and UIDPLUS (RFC 4315) where the server has them."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from imap_tools import BaseMailBox
from imap_tools.errors import MailboxFolderSelectError
from imap_tools.utils import encode_folder

from mail.fetching.connecting import connect_imap, port_of, sign_in_imap
from mail.fetching.source import PIECE, About, Letter
from mail.models import AfterFetch, Door, Mailbox
from mail.trouble import CannotTell, NotHandedOut, Trouble, Vanished, answer_of, plain_words

UID = re.compile(rb"\bUID (\d+)")
SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
INTERNALDATE = re.compile(rb'\bINTERNALDATE "([^"]+)"')
BODY = re.compile(rb"\bBODY\[[^]]*\](<\d+>)?\s*", re.IGNORECASE)
# 32 bits (RFC 3501 section 9, "nz-number"); others are no numbers of mails.
HIGHEST = 2**32 - 1
# SEARCH knows days, and not whose: one more on each side.
SPARE_DAYS = 2
NAMES_SHOWN = 8


class ImapFolder:
    """The folder of a mailbox, open. Writes into `mailbox`, unsaved, where its UIDs begin."""

    door = Door.IMAP

    def __init__(self, mailbox: Mailbox) -> None:
        """Connect, sign in and open the folder. Raises Trouble."""
        self._mailbox = mailbox
        self._client = connect_imap(mailbox)
        try:
            sign_in_imap(self._client, mailbox)
            self._open()
        except BaseException:
            self.close()
            raise

    def letters(self, *, through: bool) -> Sequence[Letter]:
        last = self._mailbox.last_uid
        unread = set(self._search("UNSEEN" if through else f"UNSEEN UID 1:{max(last, 1)}"))
        # "*" is the highest there is, even below the other end (RFC 3501 section 6.4.8).
        lying = self._search("ALL") if through else [uid for uid in self._search(f"UID {last + 1}:*") if uid > last]
        return [self._letter(uid, unread, lying_new=not through) for uid in sorted({*lying, *unread})]

    def about(self, letters: Sequence[Letter]) -> Mapping[int, About]:
        keys = ",".join(str(one.key) for one in letters)
        found = {}
        for line in self._ask("FETCH", keys, "(UID RFC822.SIZE INTERNALDATE)"):
            uid = UID.search(line)
            if uid is not None:
                size = SIZE.search(line)
                found[int(uid[1])] = About(int(size[1]) if size else 0, _moment(line))
        return found

    def read(self, letter: Letter, *, size: int) -> Iterator[bytes]:
        piece = self._part(letter, "BODY.PEEK[]" if 0 < size <= PIECE else f"BODY.PEEK[]<0.{PIECE}>")
        if not piece and size:
            raise NotHandedOut(_("it is empty"))
        yield piece
        begin = len(piece)
        # Fewer bytes than were asked for are the last ones, unless the server said that there are more.
        while not 0 < size <= PIECE and (len(piece) == PIECE or (piece and begin < size)):
            piece = self._part(letter, f"BODY.PEEK[]<{begin}.{PIECE}>")
            yield piece
            begin += len(piece)

    def read_head(self, letter: Letter) -> bytes:
        return self._part(letter, "BODY.PEEK[HEADER]")

    def tell(self, letters: Sequence[Letter]) -> None:
        keys = ",".join(str(one.key) for one in letters)
        if self._mailbox.after_fetch == AfterFetch.SEEN:
            self._command("STORE", keys, "+FLAGS.SILENT", r"(\Seen)")
        elif self._mailbox.after_fetch == AfterFetch.DELETE:
            self._delete(keys)
        elif "MOVE" in self._client.client.capabilities:
            self._command("MOVE", keys, self._archive)
        else:
            self._move_by_copy(letters)

    def close(self) -> None:
        # CLOSE would expunge what others marked; LOGOUT does not (RFC 3501 section 6.4.2).
        with suppress(Exception):
            self._client.client.sock.settimeout(5)
            self._client.logout()
        with suppress(Exception):
            self._client.client.shutdown()

    @property
    def complaint(self) -> str:
        if not self._is_readonly:
            return ""
        return _("The folder can only be read, so mails in it are neither marked nor moved nor deleted.")

    # --- Opening ------------------------------------------------------------------------------------

    def _open(self) -> None:
        with plain_words(self._mailbox.host, port_of(self._mailbox)):
            try:
                self._client.folder.set(self._mailbox.folder)
            except MailboxFolderSelectError as error:
                raise Trouble(missing_folder(self._client, self._mailbox.folder, answer_of(error))) from error
            except self._client.client.readonly:
                self._client.folder.set(self._mailbox.folder, readonly=True)
            answers: Mapping[str, Any] = self._client.client.untagged_responses
            self._is_readonly = "READ-ONLY" in answers or self._client.client.is_readonly
            validity, self._next = number(answers, "UIDVALIDITY"), number(answers, "UIDNEXT")
            self.count = number(answers, "EXISTS")
        if not validity:
            raise Trouble(_("The server gives its mails no lasting numbers (UIDVALIDITY), so none can be fetched."))
        self._begin(validity)

    def _begin(self, validity: int) -> None:
        """Find out whether the UIDs of last time still mean the same; else begin anew."""
        box = self._mailbox
        named = "\0".join(["imap", box.host.lower(), box.username, box.folder])
        source = hashlib.sha256(named.encode()).hexdigest()
        if source == box.source and validity == box.uid_validity:
            return
        # The same folder under new UIDs: what came since we last looked may have been read by somebody meanwhile.
        since = box.connected_at if source == box.source else None
        if source != box.source:
            box.generation += bool(box.source)
        box.source, box.uid_validity, box.looked_through_at = source, validity, None
        begin = self._next or max(self._search("ALL"), default=0) + 1
        if since is not None:
            day = (since.astimezone(UTC) - timedelta(days=SPARE_DAYS)).strftime("%d-%b-%Y")
            begin = min([begin, *self._search(f"SINCE {day}")])
        box.first_uid, box.last_uid = begin, begin - 1

    def _letter(self, uid: int, unread: set[int], *, lying_new: bool) -> Letter:
        box = self._mailbox
        place = f"{box.uid_validity}/{uid}"
        is_done = box.after_fetch == AfterFetch.SEEN and not lying_new and uid not in unread
        return Letter(
            f"{box.generation}:{place}" if box.generation else place,
            uid,
            is_ours=uid >= box.first_uid or uid in unread,
            is_done=is_done or self._is_readonly,
        )

    # --- Talking ------------------------------------------------------------------------------------

    def _search(self, what: str) -> list[int]:
        found: list[int] = []
        for line in self._ask("SEARCH", what):
            found += [int(word) for word in line.split() if word.isdigit() and len(word) <= len(str(HIGHEST))]
        return [uid for uid in found if 0 < uid <= HIGHEST]

    def _part(self, letter: Letter, what: str) -> bytes:
        """Return a part of one mail. Other answers may come along: flags that somebody changed."""
        with plain_words(self._mailbox.host, port_of(self._mailbox)):
            kind, data = self._client.client.uid("FETCH", str(letter.key), f"({what})")
        if kind != "OK":
            raise NotHandedOut(answer_of(Exception(data)))
        for one in data:
            if isinstance(one, tuple) and BODY.search(one[0]):
                named = UID.search(one[0])
                if named is None or int(named[1]) == letter.key:
                    return bytes(one[1])
        for one in data:
            if isinstance(one, bytes) and (named := BODY.search(one)):
                # Short ones need not be literals.
                rest = one[named.end() :].rstrip(b")").strip()
                return rest[1:-1].replace(b'\\"', b'"').replace(b"\\\\", b"\\") if rest.startswith(b'"') else b""
        raise Vanished

    def _ask(self, command: str, *arguments: str) -> list[bytes]:
        """Return the lines of an answer that must be OK. Raises Trouble."""
        with plain_words(self._mailbox.host, port_of(self._mailbox)):
            kind, data = self._client.client.uid(command, *arguments)
        if kind != "OK":
            raise Trouble(_("The server said: %(answer)s") % {"answer": answer_of(Exception(data))})
        return [b"".join(one) if isinstance(one, tuple) else one for one in data if one]

    def _command(self, command: str, *arguments: Any) -> None:
        """Do something that the server may refuse without that being our end. Raises CannotTell."""
        with plain_words(self._mailbox.host, port_of(self._mailbox)):
            kind, data = self._client.client.uid(command, *arguments)
        if kind != "OK":
            raise CannotTell(self._why_not(command, answer_of(Exception(data))))

    def _why_not(self, command: str, answer: str) -> str:
        if command in {"MOVE", "COPY"} and ("TRYCREATE" in answer or "exist" in answer):
            return _("There is no folder “%(folder)s” to move mails to. Make it on the server, or choose another.") % {
                "folder": self._mailbox.archive_folder
            }
        return _("Mails are fetched, but the server does not let us mark or move them. It said: %(answer)s") % {
            "answer": answer
        }

    # --- What becomes of it on the server ---------------------------------------------------------------

    @property
    def _archive(self) -> bytes:
        return encode_folder(self._mailbox.archive_folder)

    def _move_by_copy(self, letters: Sequence[Letter]) -> None:
        """COPY, then delete. What is marked as deleted was copied by a fetcher that did not live to the end."""
        keys = ",".join(str(one.key) for one in letters)
        copied = set(self._search(f"DELETED UID {keys}"))
        if fresh := ",".join(str(one.key) for one in letters if one.key not in copied):
            self._command("COPY", fresh, self._archive)
        self._delete(keys)

    def _delete(self, keys: str) -> None:
        self._command("STORE", keys, "+FLAGS.SILENT", r"(\Deleted)")
        if "UIDPLUS" in self._client.client.capabilities:
            self._command("EXPUNGE", keys)
            return
        # A bare EXPUNGE takes everything that is marked, so nobody else may have marked anything.
        marked, ours = set(self._search("DELETED")), {int(key) for key in keys.split(",")}
        if marked <= ours:
            with plain_words(self._mailbox.host, port_of(self._mailbox)):
                self._client.client.expunge()


def missing_folder(client: BaseMailBox, name: str, answer: str) -> str:
    """Return a sentence that says which folders there are."""
    names = []
    with suppress(Exception):
        names = [one.name for one in client.folder.list() if "\\Noselect" not in one.flags]
    if name in names or not names:
        return _("The folder “%(folder)s” cannot be opened. The server said: %(answer)s") % {
            "folder": name,
            "answer": answer,
        }
    shown = ", ".join(f"“{one}”" for one in names[:NAMES_SHOWN]) + (" …" if len(names) > NAMES_SHOWN else "")
    return _("There is no folder “%(folder)s”. There are: %(names)s.") % {"folder": name, "names": shown}


def number(answers: Mapping[str, Any], name: str) -> int:
    """Return what the server said last under this name; 0 if it said nothing, or no such number."""
    values = answers.get(name) or [b"0"]
    said = int(values[-1] or 0)
    return said if 0 <= said <= HIGHEST else 0


def _moment(line: bytes) -> datetime | None:
    """Return the INTERNALDATE of an answer; None for one that makes no sense."""
    found = INTERNALDATE.search(line)
    if found is None:
        return None
    try:
        return datetime.strptime(found[1].decode("ascii").strip(), "%d-%b-%Y %H:%M:%S %z").astimezone(UTC)
    except (ValueError, OverflowError):
        return None
