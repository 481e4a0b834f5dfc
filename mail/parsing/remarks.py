"""The codes of what can be wrong with a mail, and the list that gathers them. Their sentences are found above."""

from mail.parsing import limits
from mail.parsing.parsed import Remark

EMPTY = "empty"  # not one byte, or nothing but white space
NO_HEADERS = "no_headers"
JUNK_HEADERS = "junk_headers"  # lines among the headers that are none
HEADER_CUT = "header_cut"  # name
REPEATED_HEADER = "repeated_header"  # name
NO_FROM = "no_from"
SEVERAL_FROM = "several_from"  # count
BAD_ADDRESS = "bad_address"  # name
ADDRESSES_CUT = "addresses_cut"  # name, kept
BAD_DATE = "bad_date"
BAD_MESSAGE_ID = "bad_message_id"
CHARSET_UNKNOWN = "charset_unknown"  # charset, used
CHARSET_LIES = "charset_lies"  # charset, used
CHARSET_REFUSED = "charset_refused"  # charset
RAW_HEADER = "raw_header"  # name: bytes beyond ASCII that are not UTF-8
BAD_ENCODED_WORD = "bad_encoded_word"
BAD_ENCODING = "bad_encoding"  # encoding: a transfer encoding that is unknown or broken
NO_BOUNDARY = "no_boundary"
UNCLOSED_MULTIPART = "unclosed_multipart"
TOO_DEEP = "too_deep"
TOO_MANY_PARTS = "too_many_parts"
TEXT_CUT = "text_cut"
HTML_CUT = "html_cut"
HTML_BROKEN = "html_broken"
CONTROL_CHARACTERS = "control_characters"
ENCRYPTED = "encrypted"  # kind: "S/MIME" or "PGP"
SIGNED_UNREADABLE = "signed_unreadable"
TNEF_BROKEN = "tnef_broken"
CALENDAR_BROKEN = "calendar_broken"
NO_TEXT = "no_text"
PARTIAL = "partial"  # number, total: a fragment of a message (RFC 2046 section 5.2.2)
EXTERNAL = "external"  # a part that stands elsewhere (RFC 2046 section 5.2.3)
UNREADABLE_FILE = "unreadable_file"  # said by the command, not by parsing
FAULT = "fault"  # step: our own mistake; the rest of the mail is there

MOST_REMARKS = 50


class Remarks:
    """Gathers remarks, each once, fifty at most; and counts what may be done so often only in one mail."""

    def __init__(self) -> None:
        self._found: dict[Remark, None] = {}
        self._guesses = 0

    def may_guess(self) -> bool:
        """Return whether a charset may be guessed once more: that takes a millisecond, and a mail has many parts."""
        self._guesses += 1
        return self._guesses <= limits.GUESSES

    def add(self, code: str, **params: object) -> None:
        if len(self._found) < MOST_REMARKS:
            self._found[Remark(code, tuple((key, str(value)[:200]) for key, value in params.items()))] = None

    def __contains__(self, code: str) -> bool:
        return any(remark.code == code for remark in self._found)

    def all(self) -> tuple[Remark, ...]:
        return tuple(self._found)
