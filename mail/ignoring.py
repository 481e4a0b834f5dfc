"""What becomes of mails that no person wrote: nothing, but for what a bounce says of a mail of ours."""

from dataclasses import dataclass
from datetime import datetime

from mail import bounces, matching, proof
from mail.keeping import Held
from mail.models import IncomingState, Mailbox, Reason, Remark
from mail.outcome import Outcome
from mail.parsing import ParsedMail


@dataclass(frozen=True, slots=True)
class Ignored:
    """A mail that no person wrote; `mailbox` is by which it would be routed."""

    held: Held
    parsed: ParsedMail
    sender: str
    mailbox: Mailbox | None
    at: datetime


def ignored(mail: Ignored, reason: Reason) -> Outcome:
    """Let nothing become of it; where only words speak for that, an administrator decides."""
    if reason == Reason.BOUNCE:
        return _bounced(mail)
    outcome = Outcome(IncomingState.IGNORED, reason)
    if reason == Reason.AUTO_REPLY:
        outcome.ticket = matching.named(mail.parsed, mail.at)
        if mail.parsed.auto_reply_is_guess:
            outcome.state = IncomingState.QUARANTINED
    return outcome


def _bounced(mail: Ignored) -> Outcome:
    assert mail.parsed.bounce is not None
    outcome = Outcome(IncomingState.IGNORED, Reason.BOUNCE)
    mail.held.claim_identity()
    outcome.authentication, proven = proof.checked(mail.held.mail, mail.parsed, mail.sender, mail.mailbox)
    noted = bounces.note(mail.parsed, sender=mail.sender, proof=proven, at=mail.at)
    if noted is not None:
        outcome.bounced, outcome.ticket = noted.mail, noted.mail.ticket
        if not noted.is_proved:
            outcome.remarks.append((Remark.BOUNCE_UNPROVEN, {}))
    elif mail.parsed.bounce.is_guess:
        outcome.state = IncomingState.QUARANTINED
    return outcome
