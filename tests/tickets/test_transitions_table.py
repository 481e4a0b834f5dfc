"""Every state, every deed, every role: allowed or refused as the table says, and then really done or left alone."""

from collections.abc import Callable
from typing import NamedTuple

import pytest
from django.db import transaction
from django_fsm import TransitionNotAllowed

from accounts.models import Members, Organization, User
from accounts.people import address_of
from accounts.principal import Face, Principal
from sla.models import SLAPlan
from tests import cast
from tests.cast import DAY, EXPANDED, HOUR, LIMITED, MONDAY, TUESDAY, VIEW_ONLY, address_for
from tickets import actions, events, policy
from tickets.errors import NotAllowed
from tickets.models import (
    Awaiting,
    CloseReason,
    Department,
    EntryKind,
    HelpTopic,
    Participant,
    Referral,
    Source,
    Status,
    ThreadEntry,
    Ticket,
    TicketClock,
    TicketEvent,
    TicketTimer,
)
from tickets.models.people import Part
from tickets.policy import Deed
from tickets.thread import add_entry

# What the table speaks of:
#   nobody          nobody is signed in
#   stranger        a requester with an account, not of this ticket
#   other-link      Ada, by a link to another ticket of hers
#   link, portal    Ada, who asked: by the link in her mail, and signed in
#   collaborator    takes part beside Ada, signed in
#   colleague       of Ada's organisation, which shares its tickets among all its people; signed in
#   all, expanded, limited, view-only    agents of the ticket's department, by role
#   manager         manages the ticket's department, and works in another
#   only-assigned   has all access in the department and sees only what is assigned: the ticket, but while it is open
#   other-dept      Linus, with all access in another department
#   holder          no longer works in the department, but has the ticket (nobody has it while it is open)
#   team-member     works elsewhere; the ticket is with a team of theirs (nobody's while it is open)
#   referred        works elsewhere; the ticket was referred to them
#   admin-desk      an administrator without access, at the desk
#   admin           the same, in the admin
#   seen-as         the same, looking at the desk as an agent with all access
#   inactive        an agent of the department who was switched off
#   system          a timer or a rule
# For everybody else's rows an agent of the department has the ticket in all states but open.
#
# A cell says what the state is after the deed; "=" that it stays, "no" that the deed is refused.
TABLE = """
                                                open      assigned  resolved  closed    reopened
view
  link portal collaborator                      =         =         =         =         =
  all manager expanded limited view-only        =         =         =         =         =
  only-assigned                                 no        =         =         =         =
  holder team-member                            no        =         =         =         =
  colleague seen-as                             =         =         =         =         =
  referred admin system                         =         =         =         =         =
  nobody stranger other-link                    no        no        no        no        no
  other-dept admin-desk inactive                no        no        no        no        no
message
  link portal collaborator                      =         =         reopened  reopened  =
  all manager expanded limited view-only        no        no        no        no        no
  only-assigned                                 no        no        no        no        no
  holder team-member                            no        no        no        no        no
  system                                        =         =         reopened  reopened  =
  referred admin                                no        no        no        no        no
  colleague seen-as                             no        no        no        no        no
  nobody stranger other-link                    no        no        no        no        no
  other-dept admin-desk inactive                no        no        no        no        no
reply
  link portal collaborator                      no        no        no        no        no
  all manager expanded limited                  =         =         =         =         =
  only-assigned                                 no        =         =         =         =
  view-only                                     no        no        no        no        no
  holder team-member                            no        =         =         =         =
  referred admin system                         no        no        no        no        no
  colleague seen-as                             no        no        no        no        no
  nobody stranger other-link                    no        no        no        no        no
  other-dept admin-desk inactive                no        no        no        no        no
note
  link portal collaborator                      no        no        no        no        no
  all manager expanded limited                  =         =         =         =         =
  only-assigned                                 no        =         =         =         =
  view-only                                     no        no        no        no        no
  holder team-member                            no        =         =         =         =
  referred system                               =         =         =         =         =
  admin                                         no        no        no        no        no
  colleague seen-as                             no        no        no        no        no
  nobody stranger other-link                    no        no        no        no        no
  other-dept admin-desk inactive                no        no        no        no        no
assign
  link portal collaborator                      no        no        no        no        no
  all manager expanded                          assigned  assigned  no        no        assigned
  only-assigned                                 no        assigned  no        no        assigned
  limited view-only                             no        no        no        no        no
  holder team-member                            no        no        no        no        no
  system                                        assigned  assigned  no        no        assigned
  referred admin                                no        no        no        no        no
  colleague seen-as                             no        no        no        no        no
  nobody stranger other-link                    no        no        no        no        no
  other-dept admin-desk inactive                no        no        no        no        no
claim
  link portal collaborator                      no        no        no        no        no
  all manager expanded limited                  assigned  no        no        no        no
  only-assigned                                 no        no        no        no        no
  view-only                                     no        no        no        no        no
  holder                                        no        no        no        no        no
  team-member                                   no        assigned  no        no        assigned
  referred admin system                         no        no        no        no        no
  colleague seen-as                             no        no        no        no        no
  nobody stranger other-link                    no        no        no        no        no
  other-dept admin-desk inactive                no        no        no        no        no
release
  link portal collaborator                      no        no        no        no        no
  all manager expanded limited                  no        open      no        no        =
  only-assigned                                 no        open      no        no        =
  view-only                                     no        no        no        no        no
  holder team-member                            no        open      no        no        =
  system                                        no        open      no        no        =
  referred admin                                no        no        no        no        no
  colleague seen-as                             no        no        no        no        no
  nobody stranger other-link                    no        no        no        no        no
  other-dept admin-desk inactive                no        no        no        no        no
transfer
  link portal collaborator                      no        no        no        no        no
  all manager expanded                          =         open      no        no        =
  only-assigned                                 no        open      no        no        =
  limited view-only                             no        no        no        no        no
  holder team-member                            no        no        no        no        no
  referred admin system                         no        no        no        no        no
  colleague seen-as                             no        no        no        no        no
  nobody stranger other-link                    no        no        no        no        no
  other-dept admin-desk inactive                no        no        no        no        no
refer
  link portal collaborator                      no        no        no        no        no
  all manager expanded                          =         =         =         =         =
  only-assigned                                 no        =         =         =         =
  limited view-only                             no        no        no        no        no
  holder team-member                            no        no        no        no        no
  referred admin system                         no        no        no        no        no
  colleague seen-as                             no        no        no        no        no
  nobody stranger other-link                    no        no        no        no        no
  other-dept admin-desk inactive                no        no        no        no        no
remove_referral
  link portal collaborator                      no        no        no        no        no
  all manager expanded                          =         =         =         =         =
  only-assigned                                 no        =         =         =         =
  limited view-only                             no        no        no        no        no
  holder team-member                            no        no        no        no        no
  referred admin system                         no        no        no        no        no
  colleague seen-as                             no        no        no        no        no
  nobody stranger other-link                    no        no        no        no        no
  other-dept admin-desk inactive                no        no        no        no        no
add_collaborator
  link portal                                   =         =         =         =         =
  collaborator                                  no        no        no        no        no
  all manager expanded limited                  =         =         =         =         =
  only-assigned                                 no        =         =         =         =
  view-only                                     no        no        no        no        no
  holder team-member                            no        =         =         =         =
  system                                        =         =         =         =         =
  referred admin                                no        no        no        no        no
  colleague seen-as                             no        no        no        no        no
  nobody stranger other-link                    no        no        no        no        no
  other-dept admin-desk inactive                no        no        no        no        no
remove_collaborator
  link portal                                   =         =         =         =         =
  collaborator                                  no        no        no        no        no
  all manager expanded limited                  =         =         =         =         =
  only-assigned                                 no        =         =         =         =
  view-only                                     no        no        no        no        no
  holder team-member                            no        =         =         =         =
  referred admin system                         no        no        no        no        no
  colleague seen-as                             no        no        no        no        no
  nobody stranger other-link                    no        no        no        no        no
  other-dept admin-desk inactive                no        no        no        no        no
leave
  collaborator                                  =         =         =         =         =
  link portal                                   no        no        no        no        no
  all manager expanded limited view-only        no        no        no        no        no
  only-assigned                                 no        no        no        no        no
  holder team-member                            no        no        no        no        no
  referred admin system                         no        no        no        no        no
  colleague seen-as                             no        no        no        no        no
  nobody stranger other-link                    no        no        no        no        no
  other-dept admin-desk inactive                no        no        no        no        no
change_priority
  link portal collaborator                      no        no        no        no        no
  all manager expanded                          =         =         no        no        =
  only-assigned                                 no        =         no        no        =
  limited view-only                             no        no        no        no        no
  holder team-member                            no        no        no        no        no
  system                                        =         =         no        no        =
  referred admin                                no        no        no        no        no
  colleague seen-as                             no        no        no        no        no
  nobody stranger other-link                    no        no        no        no        no
  other-dept admin-desk inactive                no        no        no        no        no
change_topic
  link portal collaborator                      no        no        no        no        no
  all manager expanded                          =         =         no        no        =
  only-assigned                                 no        =         no        no        =
  limited view-only                             no        no        no        no        no
  holder team-member                            no        no        no        no        no
  referred admin system                         no        no        no        no        no
  colleague seen-as                             no        no        no        no        no
  nobody stranger other-link                    no        no        no        no        no
  other-dept admin-desk inactive                no        no        no        no        no
change_plan
  link portal collaborator                      no        no        no        no        no
  all manager expanded                          =         =         no        no        =
  only-assigned                                 no        =         no        no        =
  limited view-only                             no        no        no        no        no
  holder team-member                            no        no        no        no        no
  referred admin system                         no        no        no        no        no
  colleague seen-as                             no        no        no        no        no
  nobody stranger other-link                    no        no        no        no        no
  other-dept admin-desk inactive                no        no        no        no        no
set_due_date
  link portal collaborator                      no        no        no        no        no
  all manager expanded                          =         =         no        no        =
  only-assigned                                 no        =         no        no        =
  limited view-only                             no        no        no        no        no
  holder team-member                            no        no        no        no        no
  system                                        =         =         no        no        =
  referred admin                                no        no        no        no        no
  colleague seen-as                             no        no        no        no        no
  nobody stranger other-link                    no        no        no        no        no
  other-dept admin-desk inactive                no        no        no        no        no
remove_due_date
  link portal collaborator                      no        no        no        no        no
  all manager expanded                          =         =         no        no        =
  only-assigned                                 no        =         no        no        =
  limited view-only                             no        no        no        no        no
  holder team-member                            no        no        no        no        no
  referred admin system                         no        no        no        no        no
  colleague seen-as                             no        no        no        no        no
  nobody stranger other-link                    no        no        no        no        no
  other-dept admin-desk inactive                no        no        no        no        no
change_source
  link portal collaborator                      no        no        no        no        no
  all manager expanded                          =         =         no        no        =
  only-assigned                                 no        =         no        no        =
  limited view-only                             no        no        no        no        no
  holder team-member                            no        no        no        no        no
  referred admin system                         no        no        no        no        no
  colleague seen-as                             no        no        no        no        no
  nobody stranger other-link                    no        no        no        no        no
  other-dept admin-desk inactive                no        no        no        no        no
snooze
  link portal collaborator                      no        no        no        no        no
  all manager expanded limited                  =         =         no        no        =
  only-assigned                                 no        =         no        no        =
  view-only                                     no        no        no        no        no
  holder team-member                            no        =         no        no        =
  referred admin system                         no        no        no        no        no
  colleague seen-as                             no        no        no        no        no
  nobody stranger other-link                    no        no        no        no        no
  other-dept admin-desk inactive                no        no        no        no        no
wake
  link portal collaborator                      no        no        no        no        no
  all manager expanded limited                  =         =         no        no        =
  only-assigned                                 no        =         no        no        =
  view-only                                     no        no        no        no        no
  holder team-member                            no        =         no        no        =
  system                                        =         =         no        no        =
  referred admin                                no        no        no        no        no
  colleague seen-as                             no        no        no        no        no
  nobody stranger other-link                    no        no        no        no        no
  other-dept admin-desk inactive                no        no        no        no        no
await_third_party
  link portal collaborator                      no        no        no        no        no
  all manager expanded limited                  =         =         no        no        =
  only-assigned                                 no        =         no        no        =
  view-only                                     no        no        no        no        no
  holder team-member                            no        =         no        no        =
  referred admin system                         no        no        no        no        no
  colleague seen-as                             no        no        no        no        no
  nobody stranger other-link                    no        no        no        no        no
  other-dept admin-desk inactive                no        no        no        no        no
await_requester
  link portal collaborator                      no        no        no        no        no
  all manager expanded limited                  =         =         no        no        =
  only-assigned                                 no        =         no        no        =
  view-only                                     no        no        no        no        no
  holder team-member                            no        =         no        no        =
  referred admin system                         no        no        no        no        no
  colleague seen-as                             no        no        no        no        no
  nobody stranger other-link                    no        no        no        no        no
  other-dept admin-desk inactive                no        no        no        no        no
stop_waiting
  link portal collaborator                      no        no        no        no        no
  all manager expanded limited                  =         =         no        no        =
  only-assigned                                 no        =         no        no        =
  view-only                                     no        no        no        no        no
  holder team-member                            no        =         no        no        =
  referred admin system                         no        no        no        no        no
  colleague seen-as                             no        no        no        no        no
  nobody stranger other-link                    no        no        no        no        no
  other-dept admin-desk inactive                no        no        no        no        no
move_entry
  link portal collaborator                      no        no        no        no        no
  all manager expanded                          =         =         =         =         =
  only-assigned                                 no        =         =         =         =
  limited view-only                             no        no        no        no        no
  holder team-member                            no        no        no        no        no
  referred admin system                         no        no        no        no        no
  colleague seen-as                             no        no        no        no        no
  nobody stranger other-link                    no        no        no        no        no
  other-dept admin-desk inactive                no        no        no        no        no
resolve
  link portal collaborator                      no        no        no        no        no
  all manager expanded limited                  resolved  resolved  no        no        resolved
  only-assigned                                 no        resolved  no        no        resolved
  view-only                                     no        no        no        no        no
  holder team-member                            no        resolved  no        no        resolved
  referred admin system                         no        no        no        no        no
  colleague seen-as                             no        no        no        no        no
  nobody stranger other-link                    no        no        no        no        no
  other-dept admin-desk inactive                no        no        no        no        no
close
  link portal                                   no        no        closed    no        no
  collaborator                                  no        no        no        no        no
  all manager expanded limited                  no        no        closed    no        no
  only-assigned                                 no        no        closed    no        no
  view-only                                     no        no        no        no        no
  holder team-member                            no        no        closed    no        no
  system                                        no        no        closed    no        no
  referred admin                                no        no        no        no        no
  colleague seen-as                             no        no        no        no        no
  nobody stranger other-link                    no        no        no        no        no
  other-dept admin-desk inactive                no        no        no        no        no
close_unresolved
  link portal collaborator                      no        no        no        no        no
  all manager                                   closed    closed    no        no        closed
  only-assigned                                 no        closed    no        no        closed
  expanded limited view-only                    no        no        no        no        no
  holder team-member                            no        no        no        no        no
  referred admin system                         no        no        no        no        no
  colleague seen-as                             no        no        no        no        no
  nobody stranger other-link                    no        no        no        no        no
  other-dept admin-desk inactive                no        no        no        no        no
reopen
  link portal                                   no        no        reopened  reopened  no
  collaborator                                  no        no        no        no        no
  all manager expanded limited                  no        no        reopened  reopened  no
  only-assigned                                 no        no        reopened  reopened  no
  view-only                                     no        no        no        no        no
  holder team-member                            no        no        reopened  reopened  no
  referred admin system                         no        no        no        no        no
  colleague seen-as                             no        no        no        no        no
  nobody stranger other-link                    no        no        no        no        no
  other-dept admin-desk inactive                no        no        no        no        no
"""

REFUSED, STAYS = "no", "="
Rows = dict[str, list[dict[str, object]]]
ROLES = (
    *("nobody", "stranger", "other-link", "link", "portal", "collaborator", "colleague"),
    *("all", "expanded", "limited", "view-only", "manager", "only-assigned"),
    *("other-dept", "holder", "team-member", "referred"),
    *("admin-desk", "admin", "seen-as", "inactive", "system"),
)


def read_table(text: str) -> dict[tuple[Status, Deed, str], str]:
    """Return (state, deed, role) → cell. Raises ValueError for a role that stands twice for a deed."""
    heading, *lines = text.strip("\n").splitlines()
    states = [Status(word) for word in heading.split()]
    cells: dict[tuple[Status, Deed, str], str] = {}
    for line in lines:
        if not line.startswith(" "):
            deed = Deed(line.strip())
            continue
        words = line.split()
        roles, row = words[: -len(states)], words[-len(states) :]
        for role in roles:
            for state, cell in zip(states, row, strict=True):
                if (state, deed, role) in cells:
                    raise ValueError(f"{deed}: {role} stands twice")
                cells[state, deed, role] = cell
    return cells


CELLS = read_table(TABLE)


def test_the_table_leaves_nothing_out():
    assert set(CELLS) == {(state, deed, role) for state in Status for deed in Deed for role in ROLES}
    assert set(CELLS.values()) <= {REFUSED, STAYS, *Status.values}


# --- The world of the table ------------------------------------------------------------------


class World(NamedTuple):
    ticket: Ticket
    by: Principal
    colleague: User
    frida: User
    support: Department
    referral: Referral
    topic: HelpTopic
    plan: SLAPlan
    carol: Participant
    stray: ThreadEntry
    other: Ticket


def state_and_role(words: str) -> tuple[Status, str]:
    """Return what a parameter says: "reopened team-member"."""
    state, role = words.split()
    return Status(state), role


# Grace has the ticket unless the role itself does; Frida is whom it could be assigned to.
@pytest.fixture
def world(request, ada, grace, support, billing, topic, elsewhere, linus) -> World:
    state, role = state_and_role(request.param)
    frida = cast.make_agent("Frida", billing)
    ticket = cast.make_ticket(ada, topic)
    actions.reply(ticket=ticket, text="We look into it.", by=Principal.agent(grace), at=MONDAY + HOUR, keeps=True)
    by = enter(role, ticket, ada, linus, billing, elsewhere)
    if state != Status.OPEN:
        bring_to(state, ticket, grace, role, by)
    referral = Referral.objects.create(
        ticket=ticket, department=Department.objects.create(name="Archive"), created_at=MONDAY
    )
    other = cast.make_ticket(ada, topic)
    if role == "only-assigned":
        Ticket.objects.filter(pk=other.pk).update(status=Status.ASSIGNED, assignee=by.user)
    # What can be awaited no more can also be ended.
    waiting = {"awaiting": Awaiting.REQUESTER, "snoozed_until": TUESDAY + DAY, "manual_due_at": TUESDAY + DAY}
    Ticket.objects.working().filter(pk=ticket.pk).update(**waiting)
    held = Ticket.objects.get(pk=ticket.pk)
    stray = add_entry(held, EntryKind.NOTE, author=grace, text="Stray.", source=Source.DESK, at=MONDAY)
    held.save(update_fields=["entry_count"])
    return World(
        ticket=Ticket.objects.get(pk=ticket.pk),
        by=by,
        colleague=grace,
        frida=frida,
        support=support,
        referral=referral,
        topic=cast.make_topic("Refunds"),
        plan=cast.make_plan("Slow", resolution=100 * HOUR),
        carol=take_part(ticket, cast.make_person("carol@example.org", "Carol")),
        stray=stray,
        other=other,
    )


def take_part(ticket: Ticket, person: User) -> Participant:
    return Participant.objects.create(
        ticket=ticket, user=person, address=address_for(person), role=Part.COLLABORATOR, added_at=MONDAY
    )


def enter(role: str, ticket: Ticket, ada: User, linus: User, billing: Department, elsewhere: Department) -> Principal:
    """Return the principal of that role, with everything that makes them it but holding the ticket."""
    match role:
        case "nobody":
            return Principal(user=None, face=Face.PORTAL)
        case "stranger":
            return Principal.requester(cast.make_person("mallory@example.org", "Mallory"))
        case "other-link":
            return Principal.link(ada, cast.make_ticket(ada, ticket.topic).pk)
        case "link":
            return Principal.link(ada, ticket.pk)
        case "portal":
            return Principal.requester(ada)
        case "collaborator":
            bob = cast.make_person("bob@example.org", "Bob")
            take_part(ticket, bob)
            return Principal.requester(bob)
        case "all" | "expanded" | "limited" | "view-only":
            name = {"all": cast.ALL_ACCESS, "expanded": EXPANDED, "limited": LIMITED, "view-only": VIEW_ONLY}[role]
            return Principal.agent(cast.make_agent("Asta", billing, role=name))
        case "other-dept":
            return Principal.agent(linus)
        case "colleague":
            acme = Organization.objects.create(name="Acme", sharing=Members.ALL)
            Ticket.objects.filter(pk=ticket.pk).update(organization=acme)
            return Principal.requester(cast.make_person("carl@example.org", "Carl", organization=acme))
        case "manager":
            asta = cast.make_agent("Asta", elsewhere, role=VIEW_ONLY)
            Department.objects.filter(pk=billing.pk).update(manager=asta)
            return Principal.agent(asta)
        case "only-assigned":
            return Principal.agent(cast.make_agent("Asta", billing, sees_only_assigned=True))
        case "holder":
            return Principal.agent(cast.make_agent("Asta", billing))
        case "team-member":
            return Principal.agent(cast.make_agent("Asta", elsewhere))
        case "referred":
            asta = cast.make_agent("Asta", elsewhere)
            Referral.objects.create(ticket=ticket, agent=asta, created_at=MONDAY)
            return Principal.agent(asta)
        case "admin-desk":
            return Principal.agent(cast.make_person("root@example.com", "Rosa", is_administrator=True))
        case "admin":
            return Principal.administrator(cast.make_person("root@example.com", "Rosa", is_administrator=True))
        case "seen-as":
            rosa = cast.make_person("root@example.com", "Rosa", is_administrator=True)
            return Principal.seen_by(rosa, cast.make_agent("Asta", billing))
        case "inactive":
            return Principal.agent(cast.make_agent("Asta", billing, is_active=False))
        case "system":
            return Principal.system("timer:close_after")
    raise AssertionError(role)


def bring_to(state: Status, ticket: Ticket, grace: User, role: str, by: Principal) -> None:
    """Bring an open ticket to `state` by deeds; then take from the role what it is not to have."""
    boss = Principal.agent(grace)
    if role == "team-member":
        to = cast.make_team("Night shift", by.user)
    else:
        to = by.user if role in {"holder", "only-assigned"} else grace
    actions.assign(ticket=ticket, to=to, by=boss, at=MONDAY + HOUR)
    if state != Status.ASSIGNED:
        actions.resolve(ticket=ticket, by=boss, at=MONDAY + 2 * HOUR)
    if state == Status.CLOSED:
        actions.close(ticket=ticket, by=boss, at=MONDAY + 3 * HOUR)
    if state == Status.REOPENED:
        actions.reopen(ticket=ticket, by=boss, at=MONDAY + 3 * HOUR)


@pytest.fixture(autouse=True)
def _withdrawn(request):
    """Who is assigned without working there had access once: nobody else can be assigned to."""
    if "world" in request.fixturenames:
        world = request.getfixturevalue("world")
        if state_and_role(request.node.callspec.params["world"])[1] == "holder":
            world.by.user.department_access.all().delete()


def see(world: World) -> None:
    """Raise NotAllowed unless the ticket is in the lists of `by`, which is what seeing it means."""
    policy.require(world.by, Deed.VIEW, world.ticket)
    assert Ticket.objects.visible_to(world.by).filter(pk=world.ticket.pk).exists()


def message(world: World) -> None:
    address = address_for(world.by.user or world.ticket.requester)
    actions.add_message(
        ticket=world.ticket, address=address, text="Still wrong.", source=Source.WEB, by=world.by, at=TUESDAY
    )


def await_requester(w: World) -> None:
    """They are awaited already, so somebody else is first."""
    given = {"by": w.by, "at": TUESDAY, "deed": events.new_deed()}
    actions.await_requester(ticket=actions.await_third_party(ticket=w.ticket, **given), **given)


DOING: dict[Deed, Callable[[World], object]] = {
    Deed.VIEW: see,
    Deed.MESSAGE: message,
    Deed.REPLY: lambda w: actions.reply(ticket=w.ticket, text="Here.", by=w.by, at=TUESDAY),
    Deed.NOTE: lambda w: actions.add_note(ticket=w.ticket, text="Hm.", by=w.by, at=TUESDAY),
    Deed.ASSIGN: lambda w: actions.assign(ticket=w.ticket, to=w.frida, by=w.by, at=TUESDAY),
    Deed.CLAIM: lambda w: actions.claim(ticket=w.ticket, by=w.by, at=TUESDAY),
    Deed.RELEASE: lambda w: actions.release(ticket=w.ticket, by=w.by, at=TUESDAY),
    Deed.TRANSFER: lambda w: actions.transfer(ticket=w.ticket, to=w.support, by=w.by, at=TUESDAY),
    Deed.REFER: lambda w: actions.refer(ticket=w.ticket, to=w.support, by=w.by, at=TUESDAY),
    Deed.REMOVE_REFERRAL: lambda w: actions.remove_referral(ticket=w.ticket, referral=w.referral, by=w.by, at=TUESDAY),
    Deed.ADD_COLLABORATOR: lambda w: actions.add_collaborator(
        ticket=w.ticket, address=address_of("dora@example.org"), by=w.by, at=TUESDAY
    ),
    Deed.REMOVE_COLLABORATOR: lambda w: actions.remove_collaborator(
        ticket=w.ticket, participant=w.carol, by=w.by, at=TUESDAY
    ),
    Deed.LEAVE: lambda w: actions.leave(ticket=w.ticket, by=w.by, at=TUESDAY),
    Deed.CHANGE_PRIORITY: lambda w: actions.change_priority(
        ticket=w.ticket, to=cast.priority("Low"), by=w.by, at=TUESDAY
    ),
    Deed.CHANGE_TOPIC: lambda w: actions.change_topic(ticket=w.ticket, to=w.topic, by=w.by, at=TUESDAY),
    Deed.CHANGE_PLAN: lambda w: actions.change_plan(ticket=w.ticket, to=w.plan, by=w.by, at=TUESDAY),
    Deed.CHANGE_SOURCE: lambda w: actions.change_source(ticket=w.ticket, to=Source.PHONE, by=w.by, at=TUESDAY),
    Deed.SET_DUE_DATE: lambda w: actions.set_due_date(ticket=w.ticket, to=TUESDAY + HOUR, by=w.by, at=TUESDAY),
    Deed.REMOVE_DUE_DATE: lambda w: actions.remove_due_date(ticket=w.ticket, by=w.by, at=TUESDAY),
    Deed.SNOOZE: lambda w: actions.snooze(ticket=w.ticket, until=TUESDAY + HOUR, by=w.by, at=TUESDAY),
    Deed.WAKE: lambda w: actions.wake(ticket=w.ticket, by=w.by, at=TUESDAY),
    Deed.AWAIT_THIRD_PARTY: lambda w: actions.await_third_party(ticket=w.ticket, by=w.by, at=TUESDAY),
    Deed.AWAIT_REQUESTER: await_requester,
    Deed.STOP_WAITING: lambda w: actions.stop_waiting(ticket=w.ticket, by=w.by, at=TUESDAY),
    Deed.MOVE_ENTRY: lambda w: actions.move_entry(entry=w.stray, ticket=w.ticket, to=w.other, by=w.by, at=TUESDAY),
    Deed.RESOLVE: lambda w: actions.resolve(ticket=w.ticket, by=w.by, at=TUESDAY),
    Deed.CLOSE: lambda w: actions.close(ticket=w.ticket, by=w.by, at=TUESDAY),
    Deed.CLOSE_UNRESOLVED: lambda w: actions.close_unresolved(
        ticket=w.ticket, reason=CloseReason.SPAM, by=w.by, at=TUESDAY
    ),
    Deed.REOPEN: lambda w: actions.reopen(ticket=w.ticket, by=w.by, at=TUESDAY),
}


def rows(ticket: Ticket) -> Rows:
    """Return everything a deed could change, as the database has it."""
    return {
        "ticket": list(Ticket.objects.order_by("pk").values()),
        **{
            model.__name__: list(model.objects.filter(ticket=ticket).order_by("pk").values())
            for model in (TicketEvent, ThreadEntry, TicketClock, TicketTimer, Referral, Participant)
        },
    }


@pytest.mark.parametrize(
    "world",
    # Plain words: side by side, they travel from process to process.
    [f"{state.value} {role}" for state in Status for role in ROLES],
    indirect=True,
)
def test_every_deed_is_done_or_refused_as_the_table_says(world, request, subtests, long_run):
    state, role = state_and_role(request.node.callspec.params["world"])
    assert world.ticket.status == state
    before = rows(world.ticket)
    # Pages show or hide by this, asked once for every deed; it must never say otherwise than the action.
    standing = policy.standing(world.by, world.ticket)
    said = {deed: standing.may(deed, world.ticket, at=TUESDAY).ok for deed in Deed}

    assert said == {deed: CELLS[state, deed, role] != REFUSED for deed in Deed}
    for deed in Deed:
        cell = CELLS[state, deed, role]
        if cell == REFUSED and not (long_run or is_tried(state, deed, role)):
            continue
        with subtests.test(deed.value), transaction.atomic():
            if cell == REFUSED:
                assert_refused(world, deed, before)
            else:
                assert_done(world, deed, state if cell == STAYS else Status(cell))
            transaction.set_rollback(True)


def is_tried(state: Status, deed: Deed, role: str) -> bool:
    """Say whether the ordinary run tries what is refused: each deed in each state by a quarter of those whom it is.

    That an action asks the policy is seen by any of them; what the policy says is compared for all.
    """
    refused = [other for other in ROLES if CELLS[state, deed, other] == REFUSED]
    first = (list(Status).index(state) + list(Deed).index(deed)) % 4
    return role in refused[first::4]


def test_the_sample_tries_every_deed_in_every_state():
    refused = {(state, deed, role) for (state, deed, role), cell in CELLS.items() if cell == REFUSED}
    tried = {cell for cell in refused if is_tried(*cell)}

    assert {cell[:2] for cell in tried} == {cell[:2] for cell in refused}
    assert {role for _state, _deed, role in tried} == set(ROLES)


def assert_refused(world: World, deed: Deed, before: Rows) -> None:
    with pytest.raises(NotAllowed) as refusal, transaction.atomic():
        DOING[deed](world)
    sentence = str(refusal.value)
    assert sentence.endswith(".")
    assert len(sentence.split()) >= 3
    assert rows(world.ticket) == before


def assert_done(world: World, deed: Deed, state: Status) -> None:
    before = world.ticket.last_event_number
    DOING[deed](world)
    after = Ticket.objects.get(pk=world.ticket.pk)
    assert after.status == state
    new = list(after.events.filter(number__gt=before).order_by("number"))
    assert len(new) == after.last_event_number - before
    assert bool(new) is (deed != Deed.VIEW)
    assert len({event.deed for event in new}) <= 1
    assert {(event.by, event.face, event.at) for event in new} <= {(world.by.user, world.by.face, TUESDAY)}


# --- The transitions themselves ---------------------------------------------------------------


def test_status_cannot_be_assigned(ticket):
    with pytest.raises(AttributeError):
        ticket.status = Status.CLOSED


def test_a_new_ticket_cannot_be_made_in_another_state(ticket):
    fresh = Ticket(number="1", subject="Made closed")

    assert fresh.status == Status.OPEN
    with pytest.raises(AttributeError):
        fresh.status = Status.RESOLVED


# From where each transition of the model goes, whoever asks. Everything else raises.
MOVES = {
    "assign": {Status.OPEN: Status.ASSIGNED, Status.ASSIGNED: Status.ASSIGNED, Status.REOPENED: Status.ASSIGNED},
    "release": {Status.ASSIGNED: Status.OPEN, Status.REOPENED: Status.REOPENED},
    "transfer": {Status.OPEN: Status.OPEN, Status.ASSIGNED: Status.OPEN, Status.REOPENED: Status.REOPENED},
    "resolve": {
        Status.OPEN: Status.RESOLVED,
        Status.ASSIGNED: Status.RESOLVED,
        Status.REOPENED: Status.RESOLVED,
    },
    "close": {Status.RESOLVED: Status.CLOSED},
    "close_unresolved": {
        Status.OPEN: Status.CLOSED,
        Status.ASSIGNED: Status.CLOSED,
        Status.REOPENED: Status.CLOSED,
    },
    "reopen": {Status.RESOLVED: Status.REOPENED, Status.CLOSED: Status.REOPENED},
}


@pytest.mark.parametrize("state", Status)
@pytest.mark.parametrize("name", MOVES)
def test_the_model_refuses_every_other_move(name, state):
    ticket = Ticket(number="1", subject="Moved")
    ticket.__dict__["status"] = state
    arguments = {
        "assign": [User(name="Grace")],
        "transfer": [Department(name="Support")],
        "resolve": [MONDAY, HOUR],
        "close": [MONDAY, CloseReason.CONFIRMED],
        "close_unresolved": [MONDAY, CloseReason.SPAM],
    }.get(name, [])

    if state in MOVES[name]:
        getattr(ticket, name)(*arguments)
        assert ticket.status == MOVES[name][state]
    else:
        with pytest.raises(TransitionNotAllowed):
            getattr(ticket, name)(*arguments)
        assert ticket.status == state


def test_the_moves_are_all_that_the_model_has():
    found: dict[str, dict[str, str]] = {}
    for move in Ticket._meta.get_field("status").get_all_transitions(Ticket):
        found.setdefault(move.name, {})[move.source] = move.target

    assert found == MOVES
