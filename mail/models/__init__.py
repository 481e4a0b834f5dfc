"""Rows of the mail app: what goes out, what came in, the mailboxes it comes from, and who is not listened to."""

from mail.models.banned import BannedSender
from mail.models.breaker import Breaker
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
    ALERT_TEMPLATES,
    ANSWERS,
    AUTOMATIC_ANSWERS,
    Fault,
    MailState,
    Outage,
    OutgoingMail,
    Suppressed,
    Template,
    new_message_id,
)
from mail.models.sending import OwnAddress, SendingAccount, SendsBy, SignsIn, Writer
from mail.models.template import ABOUT_TICKETS, EVERY_MAIL, Letter, MailTemplate

__all__ = [
    "ABOUT_TICKETS",
    "ALERT_TEMPLATES",
    "ANSWERS",
    "AUTOMATIC_ANSWERS",
    "DONE",
    "EVERY_MAIL",
    "INTO_TICKETS",
    "NOT_WHOLE",
    "AfterFetch",
    "Authentication",
    "BannedSender",
    "Breaker",
    "Door",
    "Fault",
    "Health",
    "IncomingMail",
    "IncomingState",
    "Letter",
    "MailState",
    "MailTemplate",
    "Mailbox",
    "Outage",
    "OutgoingMail",
    "OwnAddress",
    "Protocol",
    "Reason",
    "Remark",
    "Security",
    "SendingAccount",
    "SendsBy",
    "SignsIn",
    "Suppressed",
    "Template",
    "Writer",
    "new_message_id",
]
