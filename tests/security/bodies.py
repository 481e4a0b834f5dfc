"""What is sent to each form, filled in as its page would have it: rows "/ valid" of the table of the access walk."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.timezone import now

from tests import cast
from tests.security.world import World
from tickets.events import ref
from tickets.models import CloseReason, Department, HelpTopic, Ticket

Body = Mapping[str, object]

KEY = "a-key-of-our-own-0001"


def _support() -> Department:
    return Department.objects.get(name="Support")


def _beside(ticket: Ticket) -> Ticket:
    """Return another ticket like this one, of which nothing has been told."""
    other = Ticket.objects.get(pk=ticket.pk)
    other.pk, other.number, other._state.adding = None, "900001", True
    other.save()
    return other


# Every form that answers 422 when it comes empty has its place here.
BODIES: Mapping[str, Callable[[World], Body]] = {
    "account_login": lambda world: {"login": "grace@example.com", "password": cast.PASSWORD},
    "account_change_password": lambda world: {
        "oldpassword": cast.PASSWORD,
        "password1": "another horse with 4 letters",
        "password2": "another horse with 4 letters",
    },
    "account_ask_for_link": lambda world: {"email": "grace@example.com"},
    "account_register": lambda world: {
        "email": "new@example.org",
        "name": "Nora New",
        "password": "another horse with 4 letters",
    },
    "account_reauthenticate": lambda world: {"password": cast.PASSWORD},
    "account_reset_password": lambda world: {"email": "grace@example.com"},
    "portal:new": lambda world: {
        "email": "new@example.org",
        "name": "Nora New",
        "topic": str(world.ticket.topic_id),
        "subject": "A question",
        "text": "Words.",
        "request_key": KEY,
    },
    "portal:check": lambda world: {"email": "ada@example.org", "number": world.ticket.number},
    "portal:message": lambda world: {"text": "It is still wrong.", "request_key": KEY, "seen": 100},
    "desk:reply": lambda world: {"kind": "reply", "then": "await", "body": "Words.", "request_key": KEY},
    "desk:note": lambda world: {"kind": "note", "then": "note", "body": "Words.", "request_key": KEY},
    "desk:upload": lambda world: {"file": SimpleUploadedFile("log.txt", b"lines")},
    "desk:assign": lambda world: {"to": ref(world.people["eve"])},
    "desk:transfer": lambda world: {"department": _support().pk},
    "desk:move-entry": lambda world: {"to": _beside(world.ticket).pk},
    # No mail server is set in this world, so nobody can.
    "desk:resend": lambda world: {"to": [world.ticket.participants.order_by("pk")[0].address_id]},
    "desk:refer": lambda world: {"to": ref(_support())},
    "desk:due-date": lambda world: {"due_at": f"{now() + timedelta(days=3):%Y-%m-%dT%H:%M}"},
    "desk:snooze": lambda world: {"later": "hour"},
    "desk:priority": lambda world: {"to": cast.priority("Low").pk},
    "desk:topic": lambda world: {"to": HelpTopic.objects.create(name="Refunds").pk},
    "desk:source": lambda world: {"to": "phone"},
    "desk:plan": lambda world: {"to": cast.make_plan("Slow", resolution=100 * cast.HOUR).pk},
    "desk:close": lambda world: {"reason": CloseReason.SPAM},
    "desk:remove-referral": lambda world: {"referral": world.ticket.referrals.get().pk},
    "desk:person-add": lambda world: {"name": "Nora New", "email": "new@example.org"},
    "desk:person-note": lambda world: {"text": "Calls back."},
    "desk:person-address": lambda world: {"email": "third@example.org"},
    "desk:person-hand-over": lambda world: {"email": "cora@example.org"},
    "desk:person-merge": lambda world: {"email": "cora@example.org"},
    "desk:canned-upload": lambda world: {"file": SimpleUploadedFile("terms.txt", b"lines")},
    "desk:canned-add": lambda world: _canned(world),
    "desk:canned-edit": lambda world: _canned(world) | {"mark": world.canned.mark()},
    "desk:organization-add": lambda world: {"name": "New one", "sharing": "nobody", "collaborators": "nobody"},
    "desk:organization-edit": lambda world: {"name": "Renamed", "sharing": "all", "collaborators": "nobody"},
    "desk:organization-note": lambda world: {"text": "Pays late."},
    "portal:add_person": lambda world: {"email": "dora@example.org", "name": "Dora"},
    "portal:my_add_person": lambda world: {"email": "dora@example.org", "name": "Dora"},
    "portal:my_message": lambda world: {"text": "It is still wrong.", "request_key": KEY, "seen": 100},
    "desk:add-collaborator": lambda world: {"email": "dora@example.org"},
    "desk:new": lambda world: {
        "email": "new@example.org",
        "source": "phone",
        "subject": "A question",
        "text": "Words.",
        "request_key": KEY,
    },
    "desk:settings": lambda world: {
        "name": "Somebody",
        "default_queue": "open",
        "page_size": "25",
        "thread_order": "oldest",
        "after_reply": "ticket",
        "confirms_mail": "commands",
        "undo_seconds": "8",
        "signs": "own",
    },
    "portal:profile": lambda world: {"name": "Somebody"},
    "portal:add_address": lambda world: {"email": "another@example.org"},
}


def _canned(world: World) -> dict[str, object]:
    return {"title": "Refund", "body": "It is paid back.", "department": world.canned.department_id}
