"""One file per screen or button of the desk."""

from desk.views.agents import agents
from desk.views.assign import assign
from desk.views.change import plan, priority, topic
from desk.views.claim import claim
from desk.views.close import close
from desk.views.collaborators import add_collaborator, remove_collaborator
from desk.views.files import file
from desk.views.history import history
from desk.views.mail import mail, mail_file, mail_html
from desk.views.move_entry import move_entry
from desk.views.new import new
from desk.views.note import note
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
from desk.views.person_addresses import add_address, mail_confirmation, make_primary, remove_address
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

__all__ = [
    "add_address",
    "add_collaborator",
    "add_organization",
    "add_person",
    "agents",
    "anonymise_person",
    "archive_organization",
    "assign",
    "claim",
    "close",
    "delete_organization",
    "delete_organization_note",
    "delete_person",
    "delete_person_note",
    "edit_organization",
    "edit_person",
    "erase_person",
    "export_people",
    "file",
    "find_to_merge",
    "hand_over",
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
    "organization",
    "organization_list",
    "people",
    "person",
    "plan",
    "priority",
    "queue",
    "redact",
    "refer",
    "release",
    "remove_address",
    "remove_collaborator",
    "remove_referral",
    "reopen",
    "reply",
    "resolve",
    "restore_organization",
    "revoke_ticket_links",
    "settings",
    "ticket",
    "topic",
    "transfer",
    "undo",
    "unlock_person",
]
