"""One file per screen or button of the desk."""

from desk.views.agents import agents
from desk.views.alerts_off import alerts_off
from desk.views.assign import assign
from desk.views.canned import canned, canned_response
from desk.views.canned_responses import (
    add_canned,
    archive_canned,
    canned_responses,
    canned_upload,
    edit_canned,
    restore_canned,
)
from desk.views.change import plan, priority, source, topic
from desk.views.claim import claim
from desk.views.clocks import clocks
from desk.views.close import close
from desk.views.collaborators import add_collaborator, remove_collaborator
from desk.views.deliveries import clear_bounce, delivery, resend, retry_mail
from desk.views.due_date import due_date, remove_due_date
from desk.views.files import file
from desk.views.held import held_cancel, held_discard, held_send, held_undo
from desk.views.history import history
from desk.views.mail import mail, mail_file, mail_html
from desk.views.move_entry import move_entry
from desk.views.new import new
from desk.views.note import note
from desk.views.notices import notice_news, notices, read_notices
from desk.views.organizations import (
    add_organization,
    archive_organization,
    delete_organization,
    delete_organization_note,
    edit_organization,
    note_organization,
    organization,
    organization_list,
    restore_organization,
)
from desk.views.people import add_person, export_people, people
from desk.views.person import (
    delete_person_note,
    edit_person,
    invite_person,
    lock_person,
    mail_password_link,
    note_person,
    person,
    revoke_ticket_links,
    unlock_person,
)
from desk.views.person_addresses import add_address, clear_address, mail_confirmation, make_primary, remove_address
from desk.views.person_deletion import anonymise_person, delete_person, erase_person, hand_over, redact
from desk.views.person_merging import find_to_merge, merge_people
from desk.views.queue import home, queue
from desk.views.refer import refer
from desk.views.release import release
from desk.views.remove_referral import remove_referral
from desk.views.reopen import reopen
from desk.views.reply import reply
from desk.views.resolve import resolve
from desk.views.settings import settings
from desk.views.ticket import ticket
from desk.views.transfer import transfer
from desk.views.undo import undo
from desk.views.waiting import await_third_party, snooze, stop_waiting, wake
from desk.views.writing import quote, upload

__all__ = [
    "add_address",
    "add_canned",
    "add_collaborator",
    "add_organization",
    "add_person",
    "agents",
    "alerts_off",
    "anonymise_person",
    "archive_canned",
    "archive_organization",
    "assign",
    "await_third_party",
    "canned",
    "canned_response",
    "canned_responses",
    "canned_upload",
    "claim",
    "clear_address",
    "clear_bounce",
    "clocks",
    "close",
    "delete_organization",
    "delete_organization_note",
    "delete_person",
    "delete_person_note",
    "delivery",
    "due_date",
    "edit_canned",
    "edit_organization",
    "edit_person",
    "erase_person",
    "export_people",
    "file",
    "find_to_merge",
    "hand_over",
    "held_cancel",
    "held_discard",
    "held_send",
    "held_undo",
    "history",
    "home",
    "invite_person",
    "lock_person",
    "mail",
    "mail_confirmation",
    "mail_file",
    "mail_html",
    "mail_password_link",
    "make_primary",
    "merge_people",
    "move_entry",
    "new",
    "note",
    "note_organization",
    "note_person",
    "notice_news",
    "notices",
    "organization",
    "organization_list",
    "people",
    "person",
    "plan",
    "priority",
    "queue",
    "quote",
    "read_notices",
    "redact",
    "refer",
    "release",
    "remove_address",
    "remove_collaborator",
    "remove_due_date",
    "remove_referral",
    "reopen",
    "reply",
    "resend",
    "resolve",
    "restore_canned",
    "restore_organization",
    "retry_mail",
    "revoke_ticket_links",
    "settings",
    "snooze",
    "source",
    "stop_waiting",
    "ticket",
    "topic",
    "transfer",
    "undo",
    "unlock_person",
    "upload",
    "wake",
]
