"""Something that listens and is no mail server: it says one thing to whoever connects."""

import socketserver
import threading


class Greeting:
    """`with Greeting(b"SSH-2.0-…\\r\\n") as port:`"""

    def __init__(self, banner: bytes) -> None:
        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.wfile.write(banner)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    def __enter__(self) -> int:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return int(self._server.server_address[1])

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
