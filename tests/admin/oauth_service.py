"""An authorisation server on loopback that gives tokens, or what a test wants it to."""

import base64
import hashlib
import json
import threading
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from mail.oauth import Service


@dataclass
class OAuthService:
    """`answers` are given first, (status, JSON) each; then tokens that count up. `requests` are what was asked."""

    answers: list[tuple[int, Any]] = field(default_factory=list)
    requests: list[dict[str, str]] = field(default_factory=list)

    def __enter__(self) -> "OAuthService":
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status, answer = service.answer(dict(parse_qsl(body)))
                raw = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def instead_of(self, service: Service) -> Service:
        here = f"http://127.0.0.1:{self._server.server_address[1]}"
        return replace(service, token=f"{here}/token")

    def answer(self, asked: dict[str, str]) -> tuple[int, Any]:
        self.requests.append(asked)
        if self.answers:
            return self.answers.pop(0)
        number = len(self.requests)
        given = {"access_token": f"access-{number}", "expires_in": 3600, "token_type": "Bearer"}
        if asked["grant_type"] == "authorization_code":
            given |= {"refresh_token": f"refresh-{number}", "refresh_token_expires_in": 604_799}
        return 200, given

    def fits(self, verifier: str, challenge: str) -> bool:
        digest = hashlib.sha256(verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == challenge
