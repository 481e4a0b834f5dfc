"""Remarks in words: what an agent should know of an entry that came by mail."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from mail.models import Remark
from mail.parsing import remarks as codes

SENTENCES: Mapping[str, "str | Promise"] = {
    **{remark: remark.label for remark in Remark},
    Remark.FILES_LEFT_OUT: _("Files were left out (%(count)s), such as programs. The mail as it came has them."),
    Remark.COMMAND_UNKNOWN: _("“%(line)s” is no command that we know, so it was not sent and nothing was done."),
    Remark.COMMAND_REFUSED: _("“%(line)s” was refused, so it was not sent and nothing was done. %(why)s"),
    codes.EMPTY: _("The mail is empty."),
    codes.NO_HEADERS: _("It has no headers, so nothing says who sent it or when."),
    codes.JUNK_HEADERS: _("Its headers are damaged. Some of them were left out."),
    codes.HEADER_CUT: _("The header %(name)s was too long and is cut off."),
    codes.REPEATED_HEADER: _("The header %(name)s stands there more than once. The first one counts."),
    codes.NO_FROM: _("It does not say who wrote it."),
    codes.SEVERAL_FROM: _("It names several senders (%(count)s). The first one counts."),
    codes.BAD_ADDRESS: _("An address in the header %(name)s is none that mails could go to."),
    codes.ADDRESSES_CUT: _("The header %(name)s has more addresses than are read. The first %(kept)s count."),
    codes.BAD_DATE: _("Its date cannot be read."),
    codes.BAD_MESSAGE_ID: _("Its Message-ID is damaged. Answers to it may not find this ticket by it."),
    codes.CHARSET_UNKNOWN: _("Nobody knows its character set %(charset)s. It was read as %(used)s."),
    codes.CHARSET_LIES: _("Its text is not in %(charset)s as it says. It was read as %(used)s."),
    codes.CHARSET_REFUSED: _("Its character set %(charset)s is not read, for that can be used to hide text."),
    codes.RAW_HEADER: _("The header %(name)s has letters that do not say how to read them. Some may be wrong."),
    codes.BAD_ENCODED_WORD: _("Some words in its headers were encoded wrongly and may look odd."),
    codes.BAD_ENCODING: _("A part of it was encoded wrongly (%(encoding)s). Something may be missing."),
    codes.NO_BOUNDARY: _("It does not say where its parts begin. They are shown as one text."),
    codes.UNCLOSED_MULTIPART: _("It breaks off. The end may be missing."),
    codes.TOO_DEEP: _("Its parts are nested too deeply. What lies below was left out."),
    codes.TOO_MANY_PARTS: _("It has more parts than are read. The rest was left out."),
    codes.TEXT_CUT: _("Its text was too long and is cut off."),
    codes.HTML_CUT: _("Its HTML was too long and is cut off."),
    codes.HTML_BROKEN: _("Its HTML could not be read. Only its words are shown."),
    codes.CONTROL_CHARACTERS: _("Characters that cannot be shown were left out."),
    codes.ENCRYPTED: _(
        "It is encrypted (%(kind)s) and cannot be read here. The attached mail can be, by who has the key."
    ),
    codes.SIGNED_UNREADABLE: _("It is signed in a way that cannot be opened here. Its content is attached."),
    codes.TNEF_BROKEN: _("Its winmail.dat is damaged. Files from it may be missing."),
    codes.CALENDAR_BROKEN: _("The invitation in it could not be read. It is attached."),
    codes.NO_TEXT: _("There is no text in it."),
    codes.PARTIAL: _("It is only part %(number)s of %(total)s of a mail that was sent in pieces."),
    codes.EXTERNAL: _("A part of it is kept elsewhere, and did not come along."),
    codes.UNREADABLE_FILE: _("Its file could not be read."),
    codes.FAULT: _("We failed to read a part of it (%(step)s). The mail as it came has everything."),
}

# Of use to who looks closely, and on far too many ordinary mails: told beside the mail as it came.
MINOR = frozenset(
    {
        codes.REPEATED_HEADER,
        codes.BAD_ADDRESS,
        codes.BAD_DATE,
        codes.BAD_MESSAGE_ID,
        codes.CHARSET_UNKNOWN,
        codes.CHARSET_LIES,
        codes.RAW_HEADER,
        codes.BAD_ENCODED_WORD,
        codes.CONTROL_CHARACTERS,
        codes.NO_TEXT,
        # Said by Remark.TWO_SENDERS.
        codes.SEVERAL_FROM,
    }
)


@dataclass(frozen=True, slots=True)
class Told:
    """A remark in words, and the number of the ticket that it is about, "" if it is about none."""

    sentence: str
    ticket: str = ""


def told(remarks: Iterable[tuple[str, Mapping[str, str]]], *, with_minor: bool = False) -> list[Told]:
    """Return remarks, as IncomingMail keeps them, in words; the minor ones only if asked for."""
    shown = [(code, params) for code, params in remarks if with_minor or code not in MINOR]
    return [Told(sentence(code, params), params.get("ticket", "")) for code, params in shown]


def sentence(code: str, params: Mapping[str, str]) -> str:
    """Return one remark in words, whatever it names; of a code that nobody knows any more, the code itself."""
    if code not in SENTENCES:
        return _now("Something was unusual about it: %(code)s.") % {"code": code}
    return str(SENTENCES[code]) % _Named(params)


class _Named(dict[str, str]):
    """What a sentence names; what is missing is left open."""

    def __missing__(self, name: str) -> str:
        return "…"
