"""Mails read: bytes in, plain values out. Never fails on any bytes, stores nothing, knows no Django."""

from mail.parsing.authentication import AuthenticationResult, read_results, trusted_results
from mail.parsing.parsed import Attachment, Bounce, Mailbox, ParsedMail, Remark
from mail.parsing.reading import html_as_sent, parse

__all__ = [
    "Attachment",
    "AuthenticationResult",
    "Bounce",
    "Mailbox",
    "ParsedMail",
    "Remark",
    "html_as_sent",
    "parse",
    "read_results",
    "trusted_results",
]
