"""The words of delivery reports that are no reports by the standard: qmail, exim, Exchange, Domino, freemailers."""

import re
from dataclasses import dataclass

from mail.parsing import limits
from mail.parsing.head import Head
from mail.parsing.mime import read_fields
from mail.parsing.remarks import Remarks
from mail.parsing.wordlists import any_of

_FAILURE = re.compile(
    any_of(
        r"""
        undeliver | not be delivered | could ?n[o']t be delivered | cannot be delivered | can't be delivered |
        wasn't able to deliver | unable to deliver | not able to deliver | failed to deliver | failure notice |
        delivery (?:has |to the following .{0,60})?failed |
        delivery (?:status )?(?:notification|failure|error|problem) |
        returned mail | returned to sender | returning (?:message|mail) | mail (?:system )?(?:error|failure) |
        permanent(?:ly)? (?:error|failure|fatal) | permanent fatal errors | did ?n[o']t reach | user unknown |
        unknown user | no such user | mailbox (?:is )?(?:full|unavailable) | has been delayed | could not send |
        message (?:was )?(?:not delivered|rejected|bounced) | nicht zugestellt | unzustellbar |
        zustellung fehlgeschlagen | konnte nicht | n'a pas pu | non remis | échec de la remise | no se ha podido |
        no se pudo | não foi possível | impossibile (?:recapitare|consegnare) | niet worden bezorgd | не доставлено |
        не удалось доставить | недоставлен | 退信 | 无法送达 | 配信できません | 배달되지
        """
    ),
    re.IGNORECASE,
)
# Nobody but a mail server says these.
_CERTAIN = re.compile(
    any_of(
        r"""
        this is the qmail-send program | this message was created automatically by mail delivery software |
        this is the mail(?:er)? (?:system|delivery) |
        your message did not reach some or all of the intended recipients |
        the following (?:address|recipient)\(?e?s?\)? (?:had|failed) | ----- the following addresses had |
        delivery to the following recipients? failed | this is an automatically generated delivery status notification |
        message could not be delivered to one or more
        """
    ),
    re.IGNORECASE,
)
_DELAY = re.compile(
    any_of(
        r"""
        (?:has been|is|was) delayed | not yet been delivered | will (?:be retried|continue to try|keep trying) |
        warning: message .{0,40} delayed | temporar(?:y|ily) (?:delay|problem) | message delayed | still trying
        """
    ),
    re.IGNORECASE,
)
_STATUS = re.compile(r"(?<![\d.])([45]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)")
_CODE = re.compile(r"(?<![\d.])([45][0-5]\d)(?=[ -])")
_ADDRESS = re.compile(r"(?<![\w.+=/-])[\w.+=/!#$%&'*-]{1,100}@[\w-]{1,100}(?:\.[\w-]{1,100}){1,8}")
_POINTED_AT = re.compile(
    r"^[\s>*-]{0,20}(?:<|to:? ?<?|address: ?<?|recipient:? ?<?)?$|rcpt to: ?<?$|address: ?<?$", re.IGNORECASE
)
_HEADER = re.compile(
    r"(?:return-path|received|message-id|date|from|to|cc|subject|mime-version|x-[\w-]{1,40}|content-[\w-]{1,30}|sender|"
    r"dkim-signature|user-agent|reply-to|references|in-reply-to|arc-[\w-]{1,40}|authentication-results)[ \t]*:",
    re.IGNORECASE,
)
_MESSAGE_ID = re.compile(
    r"^[ \t>]{0,8}(?:original[ -])?message-?id[ \t]*:\s{0,4}(<[^<>\s]{3,500}>)", re.IGNORECASE | re.MULTILINE
)
_LEAST_HEADERS = 3
_MOST_NAMED = 50
_MOST_SAID = 8_000  # characters in which the report says what it is
# What a report says in words, as RFC 3463 has it in numbers; the class comes from whether it was given up.
_MEANINGS = {
    "2.2": r"""
        mailbox (?:is )?full | over ?quota | quota (?:is )?exceeded | exceeded (?:its |the )?(?:storage|quota) |
        mail ?box has exceeded | not enough (?:storage|space)
        """,
    "1.1": r"""
        user unknown | unknown user | no such user | user (?:does not|doesn't) exist | no such (?:mailbox|recipient) |
        mailbox (?:not found|does not exist|unavailable) | unknown (?:recipient|address|mailbox|local) |
        recipient (?:not found|unknown) | not listed in | invalid (?:recipient|mailbox|user) | no mailbox here |
        address (?:does not exist|not found|couldn't be found) | wasn't found at | no valid recipients |
        account (?:has been disabled|does not exist)
        """,
    "1.2": r"""
        host unknown | unknown host | host not found | no (?:such domain|mx) | unrouteable | name service error |
        domain (?:name )?(?:not found|does not exist|couldn't be found) |
        domain .{1,80} (?:not found|couldn't be found)
        """,
    "3.4": "message (?:is )?too (?:large|big) | size exceeds | exceeds (?:the )?maximum (?:message )?size",
    "4.7": r"""
        retry timeout | timed? ?out | expired | too long (?:in|on) (?:the )?queue | could not be delivered for |
        not (?:yet )?been delivered | giv(?:en|ing) up after | host not reachable
        """,
    "7.1": "spam | blocked | blacklist | policy | not allowed | not permitted | access denied | unsolicited",
}
_MEANT_BY = {code: re.compile(any_of(listed), re.IGNORECASE) for code, listed in _MEANINGS.items()}


@dataclass(frozen=True, slots=True)
class BounceWords:
    """What the words of a report say; `is_certain` if nobody but a mail server says them so."""

    recipients: tuple[str, ...] = ()
    status: str | None = None
    meaning: str | None = None  # the status that the words amount to, where no number stands
    diagnostic: str | None = None
    says_failure: bool = False
    is_certain: bool = False
    is_delay: bool = False
    original: Head | None = None
    message_id: str | None = None


def read_words(text: str) -> BounceWords:
    """Return what the words of a report say."""
    text = text[: limits.BOUNCE_TEXT]
    start = _returned_headers(text)
    said = text if start is None else text[:start]
    returned = "" if start is None else text[start:]
    is_delay = _DELAY.search(said) is not None
    line = next((one.strip() for one in said.split("\n") if _STATUS.search(one) or _CODE.search(one)), None)
    message_id = _MESSAGE_ID.search(returned) or _MESSAGE_ID.search(said)
    return BounceWords(
        recipients=_recipients(said),
        status=status.group(1) if (status := _STATUS.search(said)) else None,
        meaning=_meaning(said, is_delay=is_delay),
        diagnostic=line,
        says_failure=_FAILURE.search(said[:_MOST_SAID]) is not None,
        is_certain=_CERTAIN.search(said[:_MOST_SAID]) is not None,
        is_delay=is_delay,
        original=_head(returned),
        message_id=message_id.group(1) if message_id else None,
    )


def says_failure(subject: str) -> bool:
    return _FAILURE.search(subject) is not None


def _returned_headers(text: str) -> int | None:
    """Return where the headers of the mail begin that came back within the text: three lines of them, or more."""
    position, run_start, run = 0, 0, 0
    for line in text.split("\n"):
        bare = line.lstrip("> \t") if line.startswith(">") else line
        if _HEADER.match(bare):
            if not run:
                run_start = position
            run += 1
            if run == _LEAST_HEADERS:
                return run_start
        elif not (run and bare[:1] in {" ", "\t"}):
            run = 0
        position += len(line) + 1
    return None


def _recipients(said: str) -> tuple[str, ...]:
    """Return the addresses that the report points at; if it points at none, all that it names."""
    pointed: list[str] = []
    named: list[str] = []
    for line in said.split("\n"):
        for match in _ADDRESS.finditer(line[:1_000]):
            address = match.group().strip("'")
            named.append(address)
            if _POINTED_AT.search(line[: match.start()]):
                pointed.append(address)
            if len(named) > _MOST_NAMED:
                return tuple(dict.fromkeys(pointed or named))
    return tuple(dict.fromkeys(pointed or named))


def _meaning(said: str, *, is_delay: bool) -> str | None:
    code = _CODE.search(said)
    class_ = code.group(1)[0] if code else "4" if is_delay else "5"
    for meant, pattern in _MEANT_BY.items():
        if pattern.search(said):
            return f"{class_}.{meant}"
    return f"{class_}.0.0" if code else None


def _head(text: str) -> Head | None:
    data = text.lstrip().encode("utf-8", "ignore")
    fields, _ = read_fields(data, 0, len(data), Remarks())
    return Head(fields, Remarks()) if fields else None
