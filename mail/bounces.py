"""A mail of ours came back: which one, and what that says of its recipient.

Nobody can guess a Message-ID of ours, but who is answered together with its recipient reads it. So a report that names
one is shown to agents, and believed only if it returns the mark that our mail carried and no answer repeats, or if the
recipient's own server, as far as ours checks that, says so: else anybody could have addresses marked as dead. What a
mail service says by a signed web hook is believed, too, and means the same.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from accounts import bouncing
from accounts.people import normalise
from mail import faults, signing
from mail.models import Fault, MailState, OutgoingMail
from mail.parsing import ParsedMail
from mail.parsing.parsed import Bounce
from mail.proof import Proof

MOST_IDS = 50
MOST_MARKS = 10
SPAM = "Reported as spam."
OUT = (MailState.SENT, MailState.PERHAPS_SENT)
# RFC 3463 section 2, else the reply of a server (RFC 5321 section 4.2.1).
_STATUS = re.compile(r"(?<![\d.])([245])\.\d{1,3}\.\d{1,3}(?![\d.])|(?<![\d.-])([45])\d\d(?=[ -])")
_ENHANCED = re.compile(r"(?<![\d.])5\.\d{1,3}\.\d{1,3}(?![\d.])")
# Why a service refuses that is no fault of the address.
NOT_THE_ADDRESS = frozenset({"blocked", "spam", "other", "timed_out"})
# Whom a mail server lets nobody else write as (RFC 2142 section 5, RFC 5321 section 4.5.1).
OF_THE_SERVER = frozenset({"mailer-daemon", "postmaster"})


class Event(Protocol):
    """What a service says of a mail (anymail.signals.AnymailTrackingEvent)."""

    event_type: str
    message_id: str | None
    recipient: str | None
    reject_reason: str | None
    description: str | None
    mta_response: str | None
    esp_event: object


@dataclass(frozen=True, slots=True)
class Noted:
    """The mail of ours that a report is about, and whether that it came back is proved."""

    mail: OutgoingMail
    is_proved: bool


def note(parsed: ParsedMail, *, sender: str, proof: Proof, at: datetime) -> Noted | None:
    """Write down that a mail bounced, or waits somewhere on its way; return it if it is one of ours.

    Where nobody is, nothing more is sent; a full mailbox is left alone for a while (accounts.bouncing). Unproved, it
    is something that was said of the mail, and changes nothing. `proof` is what is believed about the report's sender.
    """
    bounce = parsed.bounce
    assert bounce is not None
    ids = [one for one in (bounce.original_message_id, *parsed.quoted_message_ids) if one][:MOST_IDS]
    mail = OutgoingMail.objects.filter(message_id__in=ids).select_related("ticket").order_by("-id").first()
    if mail is None:
        return None
    said = " ".join(part for part in (bounce.status or "", bounce.diagnostic or "") if part)
    is_proved = _returns_mark(bounce, mail) or (proof == Proof.PASSED and _is_server_of(mail.recipient, sender))
    if bounce.action == "delayed":
        _waits(mail, said)
    elif is_proved:
        _came_back(mail, said, _fault(said, is_for_good=(bounce.status or "5").startswith("5")), at=at)
    else:
        _perhaps_came_back(mail, said)
    return Noted(mail, is_proved)


def _returns_mark(bounce: Bounce, mail: OutgoingMail) -> bool:
    """Say whether the mail that the report returns, or its headers, carry what only our mail carried."""
    name = signing.RETURN_HEADER.lower()
    marks = [value for each, value in bounce.original_headers if each.lower() == name][:MOST_MARKS]
    return any(signing.is_return_mark(mark, mail.message_id) for mark in marks)


def _is_server_of(recipient: str, sender: str) -> bool:
    """Say whether this is the mail server of the recipient's domain, of one below it, or of the one above."""
    local, _, domain = sender.rpartition("@")
    theirs = normalise(recipient).rpartition("@")[2]
    is_above = "." in domain and theirs.endswith(f".{domain}")
    is_theirs = domain == theirs or domain.endswith(f".{theirs}") or is_above
    return local in OF_THE_SERVER and is_theirs


def heard(event: Event, *, at: datetime) -> OutgoingMail | None:
    """Write down what a mail service says became of a mail; return it if it is one of ours. Twice it says the same."""
    mail = _meant(event)
    if mail is None:
        return None
    said = " ".join(part for part in (event.mta_response or "", event.description or "") if part)
    match event.event_type:
        case "delivered":
            _arrived(mail, at)
        case "deferred":
            _waits(mail, said)
        case "bounced" | "rejected" | "failed":
            # Posted again by whomever it says nothing new: by now the address may be alive.
            fault = _fault_told(event, said) if mail.state in OUT else None
            _came_back(mail, said or event.reject_reason or event.event_type, fault, at=at)
        case "complained":
            # Who calls our mail spam gets none, as if it had come back, until somebody says otherwise.
            told = OutgoingMail.objects.filter(pk=mail.pk, state__in=OUT).exclude(last_error=SPAM)
            if told.update(last_error=SPAM):
                _mark(mail, Fault.NOBODY, SPAM, at)
    return mail


def _meant(event: Event) -> OutgoingMail | None:
    said = (event.message_id or "").strip()[:300]
    if not said:
        return None
    bare = said.strip("<>")
    rows = OutgoingMail.objects.filter(message_id=f"<{bare}>")
    mail = rows.first() or OutgoingMail.objects.filter(service_id__in=[said, bare]).order_by("-id").first()
    if mail is None or (event.recipient and normalise(event.recipient) != normalise(mail.recipient)):
        return None
    return mail


def _fault(said: str, *, is_for_good: bool) -> Fault | None:
    """Return what is at fault by the words of a bounce; the address, where they say nothing that could be read."""
    if not is_for_good:
        return Fault.FULL
    if fault := faults.of_refusal(said):
        return fault
    return None if _ENHANCED.search(said) else Fault.NOBODY


def _fault_told(event: Event, said: str) -> Fault | None:
    """Return what is at fault by what a service says; without a word about it, the address is, for good."""
    if event.event_type == "failed" or event.reject_reason in NOT_THE_ADDRESS:
        return None
    if _is_soft(event.esp_event):
        return Fault.FULL
    found = _STATUS.search(said)
    return _fault(said, is_for_good=found is None or (found[1] or found[2]) == "5")


def _is_soft(said: object) -> bool:
    """Say whether the service calls it a soft bounce in its own words."""
    if not isinstance(said, dict):
        return False
    named = (said.get(name) for name in ("event", "type", "Type", "status"))
    return any(isinstance(each, str) and "soft" in each.lower() for each in named) or said.get("hard_bounce") is False


def _waits(mail: OutgoingMail, said: str) -> None:
    sent = OutgoingMail.objects.filter(pk=mail.pk, state=MailState.SENT)
    sent.exclude(fault=Fault.UNPROVEN).update(last_error=said[:500])


def _perhaps_came_back(mail: OutgoingMail, said: str) -> None:
    sent = OutgoingMail.objects.filter(pk=mail.pk, state=MailState.SENT)
    sent.update(fault=Fault.UNPROVEN, last_error=said[:500])


def _came_back(mail: OutgoingMail, said: str, fault: Fault | None, *, at: datetime) -> None:
    sent = OutgoingMail.objects.filter(pk=mail.pk, state__in=OUT)
    if sent.update(state=MailState.BOUNCED, last_error=said[:500], fault=fault or "") or fault == Fault.NOBODY:
        _mark(mail, fault, said, at)


def _arrived(mail: OutgoingMail, at: datetime) -> None:
    """End the doubt about a mail that was perhaps sent, or perhaps came back, and about its address."""
    doubted = OutgoingMail.objects.filter(pk=mail.pk, state=MailState.PERHAPS_SENT)
    doubted.update(state=MailState.SENT, sent_at=at, last_error="", body=None)
    refuted = OutgoingMail.objects.filter(pk=mail.pk, state=MailState.SENT, fault=Fault.UNPROVEN)
    refuted.update(fault="", last_error="")
    if mail.address_id is not None and mail.handed_over_at is not None:
        bouncing.arrived(mail.address_id, handed_over_at=mail.handed_over_at)


def _mark(mail: OutgoingMail, fault: Fault | None, said: str, at: datetime) -> None:
    """Leave the address alone from now on, or for a while."""
    if mail.address_id is None:
        return
    if fault == Fault.NOBODY:
        bouncing.mark(mail.address_id, said, at=at)
    elif fault == Fault.FULL:
        bouncing.rest(mail.address_id, said, at=at)
