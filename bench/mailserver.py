"""`python -m bench.mailserver [SECONDS]`: a mail server on loopback that takes every mail and keeps none.

It says on which port it listens, and goes when its input ends. Each mail costs it SECONDS, which are 0 by default; a
process of its own, so that what it does is not counted.
"""

import socketserver
import sys
import threading
import time

ANSWERS = {b"EHLO": b"250-bench\r\n250 8BITMIME", b"DATA": b"354 go on", b"QUIT": b"221 bye"}


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    # Mails are taken one after another, whatever number of connections there is.
    one_at_a_time = threading.Lock()
    takes = 0.0


class Conversation(socketserver.StreamRequestHandler):
    server: Server
    disable_nagle_algorithm = True

    def handle(self) -> None:
        self._say(b"220 bench")
        for line in self.rfile:
            verb = line[:4].strip().upper()
            self._say(ANSWERS.get(verb, b"250 fine"))
            if verb == b"QUIT":
                return
            if verb == b"DATA":
                self._take()

    def _take(self) -> None:
        for line in self.rfile:
            if line == b".\r\n":
                break
        with self.server.one_at_a_time:
            time.sleep(self.server.takes)
        self._say(b"250 taken")

    def _say(self, answer: bytes) -> None:
        self.wfile.write(answer + b"\r\n")


def main() -> None:
    with Server(("127.0.0.1", 0), Conversation) as server:
        server.takes = float(sys.argv[1]) if len(sys.argv) > 1 else 0.0
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(server.server_address[1], flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
