"""Rows of the mail app: what goes out, what came in, the mailboxes it comes from, and who is not listened to."""

from mail.models.banned import BannedSender
from mail.models.incoming import (
    DONE,
    INTO_TICKETS,
    NOT_WHOLE,
    Door,
    IncomingMail,
    IncomingState,
    Reason,
    Remark,
)
from mail.models.mailbox import AfterFetch, Authentication, Health, Mailbox, Protocol, Security
from mail.models.outgoing import (
    AUTOMATIC_ANSWERS,
    MailState,
    OutgoingMail,
    Suppressed,
    Template,
    new_message_id,
)

__all__ = [
    "AUTOMATIC_ANSWERS",
    "DONE",
    "INTO_TICKETS",
    "NOT_WHOLE",
    "AfterFetch",
    "Authentication",
    "BannedSender",
    "Door",
    "Health",
    "IncomingMail",
    "IncomingState",
    "MailState",
    "Mailbox",
    "OutgoingMail",
    "Protocol",
    "Reason",
    "Remark",
    "Security",
    "Suppressed",
    "Template",
    "new_message_id",
]
