"""An IMAP server for what no real one does on demand: it refuses, drops, dawdles and lies as a test wants it."""

import re
import socketserver
import threading
import time
from base64 import b64decode
from dataclasses import dataclass, field
from typing import Any

DROP = "drop"
HANG = "hang"


@dataclass
class Kept:
    raw: bytes
    seen: bool = False
    deleted: bool = False
    date: str = "02-Nov-2026 09:00:00 +0000"
    # What the server says of its size, if not the truth.
    says_size: int | None = None
    says_literal: int | None = None
    # Of pieces it gives no more than so many bytes at once.
    most_at_once: int | None = None
    says_uid: int | None = None


@dataclass
class ScriptedImap:
    """`mails` by UID. `answers` maps the start of a command ("UID FETCH 3 (BODY.PEEK[]") to a tagged answer such as
    "NO busy", or to DROP, or to HANG. Commands that came stand in `commands`.
    """

    mails: dict[int, Kept] = field(default_factory=dict)
    validity: int = 7
    answers: dict[str, str] = field(default_factory=dict)
    capabilities: str = "IMAP4rev1 UIDPLUS MOVE IDLE"
    readonly: bool = False
    # Blanks, and other things, that an answer to SEARCH begins with.
    found_before: str = ""
    folders: dict[str, list[bytes]] = field(default_factory=lambda: {"INBOX": [], "Archive": []})
    commands: list[str] = field(default_factory=list)
    port: int = 0

    def add(self, *raws: bytes, **fields: Any) -> None:
        first = max(self.mails, default=0) + 1
        for uid, raw in enumerate(raws, first):
            self.mails[uid] = Kept(raw, **fields)

    def __enter__(self) -> "ScriptedImap":
        server = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                _Session(server, self).run()

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Session:
    def __init__(self, server: ScriptedImap, handler: socketserver.StreamRequestHandler) -> None:
        self.server, self.handler = server, handler

    def run(self) -> None:
        self.say(b"* OK ready")
        for line in iter(self.handler.rfile.readline, b""):
            tag, _, command = line.decode().strip().partition(" ")
            self.server.commands.append(command)
            given = next((answer for start, answer in self.server.answers.items() if command.startswith(start)), None)
            if given == DROP:
                return
            if given == HANG:
                time.sleep(30)
                return
            if command.startswith("AUTHENTICATE XOAUTH2") and not given:
                self.say(b"+ ")
                self.server.commands.append(b64decode(self.handler.rfile.readline()).decode())
            try:
                answer = given or self.obey(command)
                self.say(f"{tag} {answer}".encode())
            except OSError:
                return
            if command == "LOGOUT":
                return

    def say(self, line: bytes) -> None:
        self.handler.wfile.write(line + b"\r\n")

    def obey(self, command: str) -> str:
        verb, _, rest = command.partition(" ")
        mails = self.server.mails
        match verb:
            case "CAPABILITY":
                self.say(f"* CAPABILITY {self.server.capabilities}".encode())
            case "LOGOUT":
                self.say(b"* BYE")
            case "LIST":
                for name in self.server.folders:
                    self.say(f'* LIST () "/" "{name}"'.encode())
            case "SELECT" | "EXAMINE":
                if rest.strip('"') not in self.server.folders:
                    return "NO no such mailbox"
                self.say(f"* {len(mails)} EXISTS".encode())
                self.say(f"* OK [UIDVALIDITY {self.server.validity}] ok".encode())
                self.say(f"* OK [UIDNEXT {max(mails, default=0) + 1}] ok".encode())
                return f"OK [{'READ-ONLY' if self.server.readonly or verb == 'EXAMINE' else 'READ-WRITE'}] done"
            case "EXPUNGE":
                self.expunge(set(mails))
            case "UID":
                return self.by_uid(rest)
        return "OK done"

    def by_uid(self, command: str) -> str:
        verb, _, rest = command.partition(" ")
        mails = self.server.mails
        if verb == "SEARCH":
            last = max(mails, default=0)
            found = [uid for uid, mail in list(mails.items()) if _matches(uid, mail, rest, last)]
            self.say(f"* SEARCH {self.server.found_before} {' '.join(map(str, found))}".encode())
            return "OK done"
        keys, _, what = rest.partition(" ")
        uids = [int(key) for key in keys.split(",") if int(key) in mails]
        match verb:
            case "FETCH":
                for uid in uids:
                    self.fetch(uid, mails[uid], what)
            case "STORE":
                for uid in uids:
                    mails[uid].seen |= "\\Seen" in what
                    mails[uid].deleted |= "\\Deleted" in what
            case "COPY" | "MOVE":
                if what.strip('"') not in self.server.folders:
                    return "NO [TRYCREATE] no such mailbox"
                for uid in uids:
                    self.server.folders[what.strip('"')].append(mails[uid].raw)
                    if verb == "MOVE":
                        del mails[uid]
            case "EXPUNGE":
                self.expunge(set(uids))
        return "OK done"

    def fetch(self, uid: int, mail: Kept, what: str) -> None:
        if "RFC822.SIZE" in what:
            size = len(mail.raw) if mail.says_size is None else mail.says_size
            self.say(f'* {uid} FETCH (UID {uid} RFC822.SIZE {size} INTERNALDATE "{mail.date}")'.encode())
            return
        body = mail.raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if "HEADER" in what else mail.raw
        if part := re.search(r"<(\d+)\.(\d+)>", what):
            body = body[int(part[1]) : int(part[1]) + min(int(part[2]), mail.most_at_once or int(part[2]))]
        # Somebody changes a flag at this very moment.
        self.say(f"* {uid} FETCH (FLAGS (\\Answered) UID {uid})".encode())
        if mail.says_uid is not None:
            # What another connection asked for, in the way of ours.
            self.say(b"* 9 FETCH (UID %d BODY[] {6}\r\nothers)" % mail.says_uid)
        size = len(body) if mail.says_literal is None else mail.says_literal
        self.say(b"* %d FETCH (BODY[] {%d}\r\n%s UID %d)" % (uid, size, body, uid))

    def expunge(self, uids: set[int]) -> None:
        for uid in [uid for uid in uids if self.server.mails[uid].deleted]:
            del self.server.mails[uid]


def _matches(uid: int, mail: Kept, what: str, last: int) -> bool:
    if found := re.search(r"UID (\S+)", what):
        low, _, high = found[1].partition(":")
        if "," in found[1] or not high:
            if str(uid) not in found[1].split(","):
                return False
        else:
            low_uid, high_uid = int(low), last if high == "*" else int(high)
            if not min(low_uid, high_uid) <= uid <= max(low_uid, high_uid):
                return False
    words = what.split()
    return not ("UNSEEN" in words and mail.seen) and not ("DELETED" in words and not mail.deleted)
