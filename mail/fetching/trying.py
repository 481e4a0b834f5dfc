"""Trying a mailbox out: what is right with it and what is not, without fetching or changing anything."""

import imaplib
import poplib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from imap_tools.errors import MailboxFolderSelectError

from mail.fetching.connecting import connect_imap, connect_pop3, port_of, sign_in_imap, sign_in_pop3
from mail.fetching.imap import missing_folder, number
from mail.models import AfterFetch, Mailbox, Protocol, Security
from mail.trouble import Trouble, answer_of, plain_words


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence; `is_right` is None for what works but could be better."""

    is_right: bool | None
    text: str


def try_out(mailbox: Mailbox) -> list[Finding]:
    """Return what was found, in the order in which it was tried; what is wrong ends it."""
    found: list[Finding] = []
    try:
        for one in _by_imap(mailbox) if mailbox.protocol == Protocol.IMAP else _by_pop3(mailbox):
            found.append(one)
    except Trouble as trouble:
        found.append(Finding(False, str(trouble)))
    return found


def _by_imap(mailbox: Mailbox) -> Iterator[Finding]:
    client = connect_imap(mailbox)
    with closing(_Shut(client.client)), plain_words(mailbox.host, port_of(mailbox)):
        yield _connected(mailbox)
        sign_in_imap(client, mailbox)
        yield Finding(True, _("It lets us in."))
        try:
            client.folder.set(mailbox.folder, readonly=True)
        except MailboxFolderSelectError as error:
            raise Trouble(missing_folder(client, mailbox.folder, answer_of(error))) from error
        yield Finding(True, _in_folder(mailbox.folder, number(client.client.untagged_responses, "EXISTS")))
        can = client.client.capabilities
        if mailbox.after_fetch == AfterFetch.MOVE:
            if not client.folder.exists(mailbox.archive_folder):
                raise Trouble(missing_folder(client, mailbox.archive_folder, _("it is not listed")))
            text = _("The folder “%(folder)s”, to which mails are moved, is there.")
            yield Finding(True, text % {"folder": mailbox.archive_folder})
        if mailbox.after_fetch != AfterFetch.SEEN and not {"UIDPLUS", "MOVE"} & {*can}:
            text = _("It knows neither MOVE nor UIDPLUS: mails stay marked as deleted while others have marked some.")
            yield Finding(None, text)
        if "IDLE" in can:
            yield Finding(True, _("It tells of new mail at once (IDLE)."))
        else:
            text = _("It does not tell of new mail by itself (IDLE), so it is asked every %(seconds)s seconds.")
            yield Finding(None, text % {"seconds": mailbox.poll_seconds})


def _by_pop3(mailbox: Mailbox) -> Iterator[Finding]:
    client = connect_pop3(mailbox)
    with closing(_Shut(client)), plain_words(mailbox.host, port_of(mailbox)):
        yield _connected(mailbox)
        sign_in_pop3(client, mailbox)
        yield Finding(True, _("It lets us in."))
        count, _octets = client.stat()
        text = ngettext("%(count)s mail lies there.", "%(count)s mails lie there.", count)
        yield Finding(True, text % {"count": count})
        try:
            client.uidl()
        except poplib.error_proto as error:
            if mailbox.after_fetch != AfterFetch.DELETE:
                text = _("It gives its mails no lasting names (UIDL), so they cannot stay there. Choose “Delete it”.")
                raise Trouble(text) from error
            yield Finding(None, _("It gives its mails no lasting names (UIDL). As they are deleted, that will do."))
        else:
            yield Finding(True, _("It gives its mails lasting names (UIDL)."))


def _connected(mailbox: Mailbox) -> Finding:
    where = f"{mailbox.host}:{port_of(mailbox)}"
    if mailbox.security == Security.NONE:
        text = _("%(where)s answers. The connection is not encrypted; it stays on this machine.")
        return Finding(None, text % {"where": where})
    return Finding(True, _("%(where)s answers, and its certificate is good.") % {"where": where})


def _in_folder(folder: str, count: int) -> str:
    text = ngettext(
        "The folder “%(folder)s” is there, with %(count)s mail in it.",
        "The folder “%(folder)s” is there, with %(count)s mails in it.",
        count,
    )
    return text % {"folder": folder, "count": count}


class _Shut:
    """Ends a connection, whatever state it is in."""

    def __init__(self, client: imaplib.IMAP4 | poplib.POP3) -> None:
        self._client = client

    def close(self) -> None:
        try:
            if isinstance(self._client, imaplib.IMAP4):
                self._client.shutdown()
            else:
                self._client.close()
        except OSError:
            pass
