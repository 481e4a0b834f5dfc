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
_ORIGINAL = re.compile(
    r"^[-=_*\s>#]{0,40}"
    + any_of(
        r"""
        original (?:message|mail) | below this line is a copy of the message | this is a copy of (?:the|your) message |
        unsent message (?:follows|below) | message (?:headers|header|text) follow | returned message | transcript |
        header of the original message | copy of (?:the|your) message | undelivered message | the original message |
        the header of the original message | message contents? | ursprüngliche nachricht | originalnachricht |
        rejected message
        """
    )
    + r"\b.{0,80}$",
    re.IGNORECASE | re.MULTILINE,
)
_HEADERS = re.compile(
    r"^(?:(?:Return-Path|Received|Message-ID|Date|From|To|Subject|MIME-Version|X-[\w-]{1,40}|Content-[\w-]{1,30}"
    r"|DKIM-Signature)[ \t]*:.*\n(?:[ \t].*\n)*){3,}",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class BounceWords:
    recipients: tuple[str, ...] = ()
    status: str | None = None
    diagnostic: str | None = None
    says_failure: bool = False
    is_certain: bool = False
    is_delay: bool = False
    original: Head | None = None


def read_words(text: str) -> BounceWords:
    """Return what the words of a report say."""
    text = text[: limits.BOUNCE_TEXT]
    headers = _HEADERS.search(text)
    marker = _ORIGINAL.search(text)
    ends = [match.start() for match in (headers, marker) if match]
    said = text[: min(ends)] if ends and min(ends) > 0 else text
    status = _STATUS.search(said)
    code = _CODE.search(said)
    line = next((one.strip() for one in said.split("\n") if _STATUS.search(one) or _CODE.search(one)), None)
    return BounceWords(
        recipients=tuple(dict.fromkeys(match.group() for match in _ADDRESS.finditer(said)))[:50],
        status=status.group(1) if status else f"{code.group(1)[0]}.0.0" if code else None,
        diagnostic=line,
        says_failure=_FAILURE.search(said) is not None,
        is_certain=_CERTAIN.search(said[:4_000]) is not None,
        is_delay=_DELAY.search(said) is not None,
        original=_head(headers.group()) if headers else None,
    )


def _head(text: str) -> Head | None:
    data = text.encode("utf-8", "ignore")
    fields, _ = read_fields(data, 0, len(data), Remarks())
    return Head(fields, Remarks()) if fields else None
