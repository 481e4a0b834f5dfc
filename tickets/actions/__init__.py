"""Everything that can be done to a ticket: one function per deed, called by every door.

Each locks the ticket, asks the policy, changes rows and records one event, in one transaction. `by` is
who acts (Principal), `at` when, `deed` the id shared with the other actions of the same deed. `seen` is the
number of the last event that the person had before their eyes; newer ones that matter raise ChangedMeanwhile.
"""

from tickets.actions.assign import assign, claim, release
from tickets.actions.canned import archive_canned, write_canned
from tickets.actions.change import change_plan, change_priority, change_source, change_topic
from tickets.actions.collaborators import (
    add_automatically,
    add_collaborator,
    add_received,
    leave,
    remove_collaborator,
)
from tickets.actions.due_date import remove_due_date, set_due_date
from tickets.actions.erasing import erase, go_on, go_on_for_a_while
from tickets.actions.escalating import escalate, put_off
from tickets.actions.held import discard, hold, send_now, send_when_due, take_back, try_again_later
from tickets.actions.message import add_message
from tickets.actions.move_entry import move_entry
from tickets.actions.note import add_note
from tickets.actions.open import foresee, open_ticket
from tickets.actions.open_for import open_for
from tickets.actions.open_received import open_received
from tickets.actions.organizations import archive_organization, delete_organization
from tickets.actions.people import remove_address
from tickets.actions.reckoning import reckon_for_a_while, reckon_step
from tickets.actions.redact import redact
from tickets.actions.refer import refer, remove_referral
from tickets.actions.reply import reply, reply_and_resolve
from tickets.actions.resend import resend
from tickets.actions.status import close, close_unresolved, reopen, resolve
from tickets.actions.sweep import breach_or_warn, let_time_act, sweep_clocks
from tickets.actions.transfer import transfer
from tickets.actions.waiting import await_requester, await_third_party, snooze, stop_waiting, wake

__all__ = [
    "add_automatically",
    "add_collaborator",
    "add_message",
    "add_note",
    "add_received",
    "archive_canned",
    "archive_organization",
    "assign",
    "await_requester",
    "await_third_party",
    "breach_or_warn",
    "change_plan",
    "change_priority",
    "change_source",
    "change_topic",
    "claim",
    "close",
    "close_unresolved",
    "delete_organization",
    "discard",
    "erase",
    "escalate",
    "foresee",
    "go_on",
    "go_on_for_a_while",
    "hold",
    "leave",
    "let_time_act",
    "move_entry",
    "open_for",
    "open_received",
    "open_ticket",
    "put_off",
    "reckon_for_a_while",
    "reckon_step",
    "redact",
    "refer",
    "release",
    "remove_address",
    "remove_collaborator",
    "remove_due_date",
    "remove_referral",
    "reopen",
    "reply",
    "reply_and_resolve",
    "resend",
    "resolve",
    "send_now",
    "send_when_due",
    "set_due_date",
    "snooze",
    "stop_waiting",
    "sweep_clocks",
    "take_back",
    "transfer",
    "try_again_later",
    "wake",
    "write_canned",
]
