"""A Dovecot of the tests' own: IMAP and POP3 on loopback, in a temporary folder, as nobody in particular."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import imap_tools
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from imap_tools.utils import encode_folder

BINARY = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin")
MISSING = "no Dovecot: Debian has it in dovecot-imapd and dovecot-pop3d"
PASSWORD = "open-sesame"
USER = "support"

CONFIGURATION = """
protocols = imap pop3
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
instance_name = {name}
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
mail_location = maildir:{folder}/mail/%u
mail_home = {folder}/home/%u
maildir_stat_dirs = yes
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_max_userip_connections = 100
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home/%u
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
  }}
}}
namespace inbox {{
  inbox = yes
}}
{more}
"""


@dataclass
class Dovecot:
    """A running server. Each user has a mailbox of their own as soon as somebody asks for it; all have PASSWORD."""

    folder: Path
    imap: int
    imaps: int
    pop3: int
    pop3s: int
    process: subprocess.Popen[bytes]

    def client(self, user: str = USER) -> imap_tools.BaseMailBox:
        """Return a signed-in connection, as another mail program has one."""
        return imap_tools.MailBoxUnencrypted("127.0.0.1", self.imap, timeout=20).login(user, PASSWORD)

    def deliver(self, *mails: bytes, user: str = USER, folder: str = "INBOX", at: datetime | None = None) -> None:
        """Put mails into a folder, which is made if it is not there."""
        with self.client(user) as client:
            if not client.folder.exists(folder):
                client.folder.create(folder)
            for mail in mails:
                client.client.append(encode_folder(folder), None, at or datetime.now(UTC), mail)

    def flags(self, *, user: str = USER, folder: str = "INBOX") -> dict[int, set[str]]:
        """Return the flags of every mail in a folder by UID."""
        with self.client(user) as client:
            client.folder.set(folder)
            return {int(mail.uid): set(mail.flags) for mail in client.fetch(mark_seen=False, headers_only=True)}

    def stop(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@contextmanager
def running(more: str = "") -> Iterator[Dovecot]:
    """Give a Dovecot; `more` goes into its configuration."""
    if BINARY is None:
        pytest.skip(MISSING)
    folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
    who = unprivileged()
    ports = dict(zip(("imap", "imaps", "pop3", "pop3s"), free_ports(4), strict=True))
    _make_certificate(folder)
    text = CONFIGURATION.format(
        folder=folder,
        name=folder.name,
        user=who.pw_name,
        group=_group(who.pw_gid),
        uid=who.pw_uid,
        gid=who.pw_gid,
        password=PASSWORD,
        more=more,
        **ports,
    )
    (folder / "dovecot.conf").write_text(text)
    for name in ("run", "state", "mail", "home"):
        (folder / name).mkdir()
    hand_over(folder, who)
    process = subprocess.Popen(
        [BINARY, "-F", "-c", str(folder / "dovecot.conf")],
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        **as_user(who),
    )
    server = Dovecot(folder, process=process, **ports)
    try:
        _wait_for(server)
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def dovecot_server() -> Iterator[Dovecot]:
    with running() as server:
        yield server


def unprivileged() -> pwd.struct_passwd:
    """Return who a server runs as: ourselves, or nobody where we are root."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())


def as_user(who: pwd.struct_passwd) -> dict[str, Any]:
    """Return what makes a process theirs."""
    return {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}


def hand_over(folder: Path, who: pwd.struct_passwd) -> None:
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, who.pw_uid, who.pw_gid)


def free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def _wait_for(server: Dovecot) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", server.imap), timeout=5).close()
        except OSError:
            said = (server.folder / "log").read_text()[-2000:] if (server.folder / "log").exists() else ""
            if server.process.poll() is not None:
                assert server.process.stderr is not None
                said += server.process.stderr.read().decode()
            gives_up = server.process.poll() is not None or time.monotonic() > deadline
            assert not gives_up, f"Dovecot does not start: {said}"
            time.sleep(0.02)
        else:
            return


def _group(gid: int) -> str:
    import grp

    return grp.getgrgid(gid).gr_name


def _make_certificate(folder: Path) -> None:
    """Write a certificate for localhost that vouches for itself: trusting cert.pem is trusting the server."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    begin = datetime.now(UTC) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
