"""A POP3 server for what no real one does on demand: it knows no UIDL, refuses mails, and never ends."""

import socketserver
import threading
from dataclasses import dataclass, field


@dataclass
class ScriptedPop3:
    """`mails` in their order; those in `refused`, by content, are not handed out. `banner` is how it greets."""

    mails: list[bytes] = field(default_factory=list)
    refused: set[bytes] = field(default_factory=set)
    names: list[bytes] | None = None
    endless: set[str] = field(default_factory=set)
    port: int = 0

    def __enter__(self) -> "ScriptedPop3":
        server = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                deleted: set[int] = set()
                self.wfile.write(b"+OK ready\r\n")
                for line in iter(self.rfile.readline, b""):
                    verb, _, rest = line.decode().strip().partition(" ")
                    answer = server.answer(verb, rest, deleted)
                    if verb == "QUIT":
                        # Before it is answered (RFC 1939, 6): who has the answer finds them gone.
                        server.mails = [one for at, one in enumerate(server.mails) if at not in deleted]
                    try:
                        self.wfile.write(answer)
                    except OSError:
                        return
                    if verb == "QUIT":
                        return

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, verb: str, rest: str, deleted: set[int]) -> bytes:
        if verb in self.endless:
            return b"+OK\r\n" + b"1 x\r\n" * 100_000
        at = int(rest.split()[0]) - 1 if rest[:1].isdigit() else 0
        match verb:
            case "LIST":
                return _lines(b"%d %d" % (number, len(one)) for number, one in enumerate(self.mails, 1))
            case "UIDL" if self.names is not None:
                return _lines(b"%d %s" % (number, name) for number, name in enumerate(self.names, 1))
            case "UIDL":
                return b"-ERR what is that\r\n"
            case "RETR" if self.mails[at] in self.refused:
                return b"-ERR not now\r\n"
            case "RETR":
                return b"+OK\r\n" + self.mails[at] + b".\r\n"
            case "TOP":
                return b"+OK\r\n" + self.mails[at].partition(b"\r\n\r\n")[0] + b"\r\n\r\n.\r\n"
            case "DELE":
                deleted.add(at)
        return b"+OK\r\n"


def _lines(lines: object) -> bytes:
    return b"+OK\r\n" + b"".join(line + b"\r\n" for line in lines) + b".\r\n"
