"""A real SMTP server on loopback (aiosmtpd) that takes, refuses, hangs up or dawdles as a test wants."""

import asyncio
import logging
import socket
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

HANG_UP = "hang up"

# It tells every command.
logging.getLogger("mail.log").setLevel(logging.WARNING)


@dataclass
class Received:
    sender: str
    recipient: str
    data: bytes

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.data, policy=policy.default)


@dataclass
class Sink:
    """`answers` maps a step (CONNECT, EHLO, MAIL, RCPT, DATA, END) to a reply, or to HANG_UP.

    DATA answers the command itself, END the message, which is taken after `delay`, and answered after
    `answer_delay` more: whoever hangs up in between has sent it all the same.
    """

    answers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    answer_delay: float = 0.0
    user: str = ""
    password: str = ""
    port: int = 0
    received: list[Received] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)

    def __enter__(self) -> "Sink":
        if not self.port:
            with socket.create_server(("127.0.0.1", 0)) as free:
                self.port = free.getsockname()[1]
        options: dict[str, Any] = {"enable_SMTPUTF8": False}
        if self.user:
            options |= {"authenticator": self._authenticate, "auth_require_tls": False}
        self._controller = _Controller(self, hostname="127.0.0.1", port=self.port, **options)
        self._controller.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._controller.stop()

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        known = (data.login.decode(), data.password.decode()) == (self.user, self.password)
        return AuthResult(success=known, handled=known)

    # --- What aiosmtpd asks of its handler ----------------------------------------------------------

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list) -> str:
        if "MAIL" in self.answers:
            return self._answer("MAIL", server)
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list) -> str:
        if "RCPT" in self.answers:
            return self._answer("RCPT", server)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        await asyncio.sleep(self.delay)
        answer = self._answer("END", server) if "END" in self.answers else "250 OK: taken"
        if answer.startswith("250"):
            for recipient in envelope.rcpt_tos:
                self.received.append(Received(envelope.mail_from, recipient, envelope.original_content))
        await asyncio.sleep(self.answer_delay)
        return answer

    def _answer(self, step: str, server: SMTP) -> str:
        answer = self.answers[step]
        if answer == HANG_UP:
            server.transport.abort()
            return "421 gone"
        return answer


class _Server(SMTP):
    def __init__(self, sink: Sink, *args: Any, **kwargs: Any) -> None:
        super().__init__(sink, *args, **kwargs)
        self.sink = sink

    async def push(self, status: str | bytes) -> None:
        if self.transport is not None and not self.transport.is_closing():
            await super().push(status)

    async def _handle_client(self) -> None:
        answer = self.sink.answers.get("CONNECT")
        if answer == HANG_UP:
            self.transport.abort()
        elif answer:
            await self.push(answer)
            self.transport.close()
        else:
            await super()._handle_client()

    async def smtp_EHLO(self, hostname: str) -> None:
        self.sink.commands.append("EHLO")
        if not await self._interfere("EHLO"):
            await super().smtp_EHLO(hostname)

    async def smtp_HELO(self, hostname: str) -> None:
        if not await self._interfere("EHLO"):
            await super().smtp_HELO(hostname)

    async def smtp_MAIL(self, arg: str | None) -> None:
        self.sink.commands.append("MAIL")
        await super().smtp_MAIL(arg)

    async def smtp_DATA(self, arg: str) -> None:
        self.sink.commands.append("DATA")
        if not await self._interfere("DATA"):
            await super().smtp_DATA(arg)

    async def _interfere(self, step: str) -> bool:
        answer = self.sink.answers.get(step)
        if answer == HANG_UP:
            self.transport.abort()
        elif answer:
            await self.push(answer)
        return answer is not None


class _Controller(Controller):
    def factory(self) -> SMTP:
        return _Server(self.handler, **self.SMTP_kwargs)
