"""Somebody whose name stands nowhere else, and everything that names her."""

import pytest

from accounts import addresses, audit, contacts, organizations
from accounts.models import AuditKind, Invitation, Organization, User
from accounts.people import confirm
from core import clients
from tests import cast
from tests.cast import MONDAY, TUESDAY
from tests.tickets.traces import EMAIL, NAME, PHONE, SECOND, file, files_of_others
from tickets import actions
from tickets.models import FailedHandler, Ticket, TicketEvent


@pytest.fixture
def philo(db: None) -> User:
    """Somebody whose name stands nowhere else."""
    person = cast.make_person(EMAIL, NAME, phone=PHONE, time_zone="Europe/Copenhagen")
    person.organization = Organization.objects.create(name="Company")
    person.save()
    return person


@pytest.fixture
def asked(philo: User, ada: User, topic, grace: User) -> Ticket:
    """A ticket of hers, and everything else that names her in every table there is."""
    by = cast.principal(grace)
    files = [file("quistgaard.pdf", f"CV of {NAME}".encode())]
    made = cast.make_ticket(philo, topic, subject=f"{NAME} asks", text=f"I am {NAME}, call {PHONE}.", files=files)
    reply = f"Hello Philomena,\nwe write to {EMAIL}."
    actions.reply(ticket=made, text=reply, by=by, at=TUESDAY, files=[file("own.txt", b"Dear Ms Quistgaard")])
    actions.add_note(ticket=made, text=f"Quistgaard again; {PHONE}", by=by, at=TUESDAY)
    other = cast.make_ticket(ada, topic, subject=f"About {NAME.upper()}", text=f"Ask {SECOND} or {NAME}.")
    actions.add_note(ticket=other, text=f"As {EMAIL} said.", by=by, at=TUESDAY, files=files_of_others())
    actions.add_note(ticket=other, text="Dial (0045) 33-12 99/81, or 33129981.", by=by, at=TUESDAY)
    fields = {"sharing": "nobody", "collaborators": "nobody", "manager": None, "manager_team": None}
    for name in (f"{NAME} & Sons", NAME.replace(" ", "  ") + " & Sons"):
        organizations.save(None, {**fields, "name": name, "assigns_to_manager": False}, [], by=grace, at=MONDAY)
    second = addresses.claim(philo, SECOND)
    confirm(second, at=TUESDAY)
    Invitation.objects.create(address=second, secret="s", invited_at=MONDAY, expires_at=TUESDAY)
    contacts.add_note(philo, f"{NAME} is kind.", by=grace, at=MONDAY)
    contacts.add_note(ada, f"Knows {NAME}.", by=grace, at=MONDAY)
    contacts.add_note(philo.organization, f"Speak to {NAME}.", by=grace, at=MONDAY)
    contacts.change_person(philo, {"name": NAME, "phone": PHONE}, by=grace, at=MONDAY)
    with clients.answering("203.0.113.7"):
        audit.record(AuditKind.SIGNED_IN, by=philo, at=MONDAY, target=philo)
    event = TicketEvent.objects.filter(ticket=made).first()
    FailedHandler.objects.create(event=event, handler="x.y", error=f"no such {EMAIL}", failed_at=MONDAY)
    return made
