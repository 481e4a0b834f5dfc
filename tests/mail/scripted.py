"""A mail server that follows a script: at each step it answers what it is told to, hangs up, or says nothing."""

import datetime
import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HANG_UP = b"hang up"
SILENCE = b"silence"

ORDERLY = {
    "CONNECT": b"220 ready",
    "EHLO": b"250 hello",
    "HELO": b"250 hello",
    "STARTTLS": b"220 go on",
    "AUTH": b"235 welcome",
    "MAIL": b"250 fine",
    "RCPT": b"250 fine",
    "DATA": b"354 go on",
    "END": b"250 taken",
    "QUIT": b"221 bye",
}


@dataclass
class Scripted:
    """A server on loopback. `script` replaces answers of ORDERLY, line ends are added; `said` is what it was told."""

    certificate: Path | None = None
    script: dict[str, bytes] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)

    def __enter__(self) -> "Scripted":
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._over = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        # Closing alone would not wake who waits in accept().
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def follow(self, script: dict[str, bytes]) -> None:
        self.script, self.said, self.mails = script, [], []

    def _serve(self) -> None:
        while not self._over.is_set():
            try:
                connection, _address = self._listening.accept()
            except OSError:
                return
            with connection, suppress(OSError, IndexError, _Over):
                connection.settimeout(5)
                self._converse(connection)

    def _converse(self, connection: socket.socket) -> None:
        lines = connection.makefile("rb")
        self._answer(connection, "CONNECT")
        while line := lines.readline():
            verb = line.split()[0].decode("latin-1").upper()
            self.said.append(line.decode("latin-1").strip().upper())
            self._answer(connection, verb)
            if verb == "STARTTLS" and self.script.get(verb, ORDERLY[verb]).startswith(b"220"):
                context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
                assert self.certificate is not None
                context.load_cert_chain(self.certificate)
                connection = context.wrap_socket(connection, server_side=True)
                lines = connection.makefile("rb")
            if verb == "DATA" and self.script.get(verb, ORDERLY[verb]).startswith(b"354"):
                self._take(connection, lines)

    def _take(self, connection: socket.socket, lines: BinaryIO) -> None:
        if self.script.get("BODY") == HANG_UP:
            lines.readline()
            raise _Over
        whole = b""
        while (line := lines.readline()) not in {b".\r\n", b""}:
            whole += line
        self.mails.append(whole)
        self._answer(connection, "END")

    def _answer(self, connection: socket.socket, step: str) -> None:
        # Who gets no EHLO tries HELO.
        scripted = self.script.get("EHLO" if step == "HELO" else step)
        answer = ORDERLY.get(step, b"502 what") if scripted is None else scripted
        if answer == HANG_UP:
            raise _Over
        if answer == SILENCE:
            # Until the other side gives up.
            connection.recv(1)
            raise _Over
        connection.sendall(answer + b"\r\n")


class _Over(Exception):
    pass


def self_signed(folder: Path) -> Path:
    """Return a certificate for "localhost", and its key, that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    at = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - datetime.timedelta(days=1))
        .not_valid_after(at + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    both = certificate.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "self-signed.pem"
    path.write_bytes(both)
    return path
