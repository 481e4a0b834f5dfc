"""One file per screen or button of the desk."""

from desk.views.assign import assign
from desk.views.change import plan, priority, topic
from desk.views.claim import claim
from desk.views.close import close
from desk.views.files import file
from desk.views.history import history
from desk.views.note import note
from desk.views.queue import home, queue
from desk.views.release import release
from desk.views.remove_referral import remove_referral
from desk.views.reopen import reopen
from desk.views.reply import reply
from desk.views.resolve import resolve
from desk.views.ticket import ticket
from desk.views.transfer import transfer
from desk.views.undo import undo

__all__ = [
    "assign",
    "claim",
    "close",
    "file",
    "history",
    "home",
    "note",
    "plan",
    "priority",
    "queue",
    "release",
    "remove_referral",
    "reopen",
    "reply",
    "resolve",
    "ticket",
    "topic",
    "transfer",
    "undo",
]
