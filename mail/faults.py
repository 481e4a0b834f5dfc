"""Whose fault it is that a mail was not taken: read from what a server says, whoever passes it on."""

import re

from mail.models import Fault

# RFC 3463 section 3.2 and 3.3: nobody has this address, its domain takes no mail (RFC 7505), it was closed.
_NOBODY = re.compile(r"(?<![\d.])5\.(?:1\.(?:0|1|2|3|6|10)|2\.1)(?![\d.]*\d)")
# The mail is at fault, or what somebody thinks of it or of us: another mail may well arrive.
_NOT_THE_ADDRESS = re.compile(r"(?<![\d.])5\.(?:1\.[78]|2\.3|3\.4|6\.\d{1,3}|7\.\d{1,3})(?![\d.]*\d)")
_TOO_LARGE = re.compile(
    r"(?<![\d.])5\.(?:2\.3|3\.4)(?![\d.]*\d)|\b(?:too (?:large|big)|size limit|maximum size)", re.IGNORECASE
)
_ENHANCED = re.compile(r"(?<![\d.])([245])\.\d{1,3}\.\d{1,3}(?![\d.]*\d)")
# Servers that give no such status say it in words.
_NOBODY_IN_WORDS = re.compile(
    r"(?:no such|unknown|invalid|non-?existent) (?:local )?(?:user|mailbox|recipient|address|account)"
    r"|(?:user|mailbox|recipient|address|account)[^.;]{0,40}"
    r"(?:unknown|not found|does ?n[o']t exist|not exist|no longer|disabled)",
    re.IGNORECASE,
)
_FULL_IN_WORDS = re.compile(r"(?:mailbox|quota|storage)[^.;]{0,40}(?:full|exceed|over)|over quota", re.IGNORECASE)
_RELAY = re.compile(r"relay\w* (?:access )?(?:denied|not permitted|not allowed|prohibited)|to relay\b", re.IGNORECASE)


def of_refusal(said: str) -> Fault | None:
    """Return what is at fault when a server refused for good; None where it may be anything, such as spam."""
    if _TOO_LARGE.search(said):
        return Fault.SIZE
    if _NOBODY.search(said):
        return Fault.NOBODY
    if _NOT_THE_ADDRESS.search(said):
        return None
    if _ENHANCED.search(said) is None and _NOBODY_IN_WORDS.search(said):
        return Fault.NOBODY
    if "5.2." in said or _FULL_IN_WORDS.search(said):
        return Fault.FULL
    return None


def is_about_us(said: str) -> bool:
    """Say whether a server takes nothing from us at all, whoever it is for: it does not know who we are."""
    return _RELAY.search(said) is not None
