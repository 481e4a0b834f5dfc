"""Loading the demo: configuration by rows, tickets by the same actions that every door calls."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from uuid import uuid4

from django.db import transaction

from accounts.models import Address, Organization, Role, Team, User
from accounts.people import address_of, confirm, enrol
from accounts.principal import Face, Principal
from core.models import NewFile, SiteSettings
from helpdesk.demo import cast, files, mails
from helpdesk.demo.mails import DemoMail
from helpdesk.demo.tickets import TICKETS, DemoTicket, Step
from mail.models import MailState, OutgoingMail, Suppressed
from pages import live as pages
from pages.models import Page, PageText
from sla import holidays
from sla.models import BusinessHours, Priority, SLAPlan, Target
from sla.models.business_hours import WEEKDAYS
from tickets import actions
from tickets.models import (
    CannedResponse,
    Cause,
    CloseReason,
    Department,
    DepartmentAccess,
    FailedHandler,
    HelpTopic,
    Source,
    Ticket,
    TicketClock,
    TicketTimer,
)


class InUse(Exception):
    """The demo would stand among real people and tickets."""


def is_new() -> bool:
    """Say whether nobody has used this help desk yet: no people, no tickets."""
    return not User.objects.exists() and not Ticket.objects.exists()


def sign_ins() -> Sequence[Mapping[str, str]]:
    """Return the demo's sign-ins, as the sign-in page and the command show them: name, role, email, password."""
    if not SiteSettings.load().is_demo:
        return []
    return [
        {"name": agent.name, "role": agent.role, "email": agent.email, "password": agent.password}
        for agent in cast.AGENTS
    ]


def load(at: datetime) -> int:
    """Load the whole demo as if `at` were now, in one transaction; return how many tickets it has.

    Nothing is sent: every mail that loading writes is suppressed (demo) before any worker can see it. Of two at once,
    the later one finds the other's tickets. Raises InUse where there are people or tickets already.
    """
    if not is_new():
        raise InUse
    # Bytes reach the disk before the transaction that refers to them.
    stored = {name: files.make(name) for ticket in TICKETS for name in ticket.files}
    mailed = {ticket: mails.make(ticket, stored) for ticket in TICKETS if ticket.is_mail}
    with transaction.atomic():
        SiteSettings.objects.select_for_update().get(pk=1)
        if not is_new():
            raise InUse
        SiteSettings.objects.filter(pk=1).update(name=cast.SITE_NAME, is_demo=True)
        _configure(at)
        loader = Loader(stored, mailed, at)
        for ticket in sorted(TICKETS, key=lambda ticket: -ticket.ago):
            loader.live(ticket)
        OutgoingMail.objects.update(state=MailState.SUPPRESSED, why=Suppressed.DEMO, due_at=None, claim=None)
        User.objects.update(is_demo=True)
        if failed := FailedHandler.objects.first():
            # Tried again later, it might send.
            raise RuntimeError(f"the demo does not load: {failed.error}")
    return len(TICKETS)


class Loader:
    """Lives the demo's tickets through, one after the other. Methods that steps name take (ticket, step, at)."""

    def __init__(self, stored: Mapping[str, NewFile], mailed: Mapping[DemoTicket, DemoMail], now: datetime) -> None:
        self.stored = stored
        self.mailed = mailed
        self.now = now
        self.people = {user.name: user for user in User.objects.all()}
        self.addresses = {address.user.name: address for address in Address.objects.select_related("user")}
        self.teams = {team.name: team for team in Team.objects.all()}
        self.departments = {department.name: department for department in Department.objects.all()}

    def live(self, told: DemoTicket) -> None:
        """Open the ticket, let its steps and its deadlines happen in their order, up to now."""
        opened_at = self.now - timedelta(minutes=told.ago)
        mail = self.mailed.get(told)
        ticket = actions.open_ticket(
            address=self.addresses[told.who],
            topic=HelpTopic.objects.get(name=told.topic),
            subject=told.subject,
            text=told.text,
            html=mail.parsed.html if mail else "",
            source=Source.MAIL if mail else Source.WEB,
            by=self._requester(told.who),
            at=opened_at,
            files=mail.files if mail else [self.stored[name] for name in told.files],
        )
        if mail is not None:
            mails.enter(mail, told, ticket)
        for step in told.steps:
            at = opened_at + timedelta(minutes=step.after)
            self._let_time_pass(ticket, at)
            ticket.refresh_from_db()
            getattr(self, step.deed)(ticket, step, at)
        self._let_time_pass(ticket, self.now)

    def claim(self, ticket: Ticket, step: Step, at: datetime) -> None:
        actions.claim(ticket=ticket, by=self._agent(step.who), at=at)

    def assign(self, ticket: Ticket, step: Step, at: datetime) -> None:
        to = self.teams.get(step.to) or self.people[step.to]
        actions.assign(ticket=ticket, to=to, note=step.text, by=self._agent(step.who), at=at)

    def reply(self, ticket: Ticket, step: Step, at: datetime) -> None:
        actions.reply(ticket=ticket, text=step.text, by=self._agent(step.who), at=at)

    def reply_and_keep(self, ticket: Ticket, step: Step, at: datetime) -> None:
        actions.reply(ticket=ticket, text=step.text, by=self._agent(step.who), at=at, keeps=True)

    def note(self, ticket: Ticket, step: Step, at: datetime) -> None:
        actions.add_note(ticket=ticket, text=step.text, by=self._agent(step.who), at=at)

    def message(self, ticket: Ticket, step: Step, at: datetime) -> None:
        name = ticket.requester.name
        actions.add_message(
            ticket=ticket,
            address=self.addresses[name],
            text=step.text,
            source=Source.WEB,
            by=self._requester(name),
            at=at,
        )

    def transfer(self, ticket: Ticket, step: Step, at: datetime) -> None:
        to = self.departments[step.to]
        actions.transfer(ticket=ticket, to=to, note=step.text, by=self._agent(step.who), at=at)

    def solve(self, ticket: Ticket, step: Step, at: datetime) -> None:
        actions.reply_and_resolve(ticket=ticket, text=step.text, by=self._agent(step.who), at=at)

    def confirm(self, ticket: Ticket, step: Step, at: datetime) -> None:
        actions.close(ticket=ticket, by=self._requester(ticket.requester.name), at=at)

    def dismiss(self, ticket: Ticket, step: Step, at: datetime) -> None:
        reason = CloseReason(step.to)
        actions.close_unresolved(ticket=ticket, reason=reason, note=step.text, by=self._agent(step.who), at=at)

    def _agent(self, name: str) -> Principal:
        return Principal(user=self.people[name], face=Face.DESK, cause=Cause.DEMO)

    def _requester(self, name: str) -> Principal:
        return Principal(user=self.people[name], face=Face.PORTAL, cause=Cause.DEMO)

    def _let_time_pass(self, ticket: Ticket, until: datetime) -> None:
        """Do what the relay would have had done by then: warnings, breaches, closing after silence."""
        while due := self._next_due(ticket, until):
            claim = uuid4()
            type(due).objects.filter(pk=due.pk).update(claim=claim)
            assert due.due_at is not None  # asked for by _next_due
            if isinstance(due, TicketClock):
                actions.breach_or_warn(clock=due, claim=claim, at=due.due_at)
            else:
                actions.let_time_act(timer=due, claim=claim, at=due.due_at)

    def _next_due(self, ticket: Ticket, until: datetime) -> TicketClock | TicketTimer | None:
        clock = TicketClock.objects.filter(ticket=ticket, due_at__lte=until).order_by("due_at").first()
        timer = TicketTimer.objects.filter(ticket=ticket, due_at__lte=until).order_by("due_at").first()
        waiting = [row for row in (clock, timer) if row is not None]
        return min(waiting, key=lambda row: row.due_at or until, default=None)


def _configure(at: datetime) -> None:
    for name in cast.ORGANIZATIONS:
        Organization.objects.get_or_create(name=name)
    for plan in cast.PLANS:
        row = SLAPlan.objects.create(name=plan.name)
        row.targets.create(target=Target.FIRST_RESPONSE, within=plan.first_response)
        row.targets.create(target=Target.RESOLUTION, within=plan.resolution)
    _make_business_hours(at)
    for name in cast.DEPARTMENTS:
        Department.objects.get_or_create(name=name)
    for name, parent in cast.PART_OF.items():
        Department.objects.filter(name=name).update(parent=Department.objects.get(name=parent))
    _make_canned_responses()
    _make_topics()
    _make_pages()
    _make_agents(at)
    _make_requesters(at)


def _make_business_hours(at: datetime) -> None:
    hours = BusinessHours.objects.create(name="Branches", time_zone="Europe/London", country="GB", region="ENG")
    weekdays = dict.fromkeys(WEEKDAYS[:5], True)
    hours.windows.create(opens="09:00", closes="17:00", **weekdays)
    hours.windows.create(opens="09:30", closes="13:00", saturday=True)
    christmas_eve = date(at.year, 12, 24)
    hours.exceptions.create(day=christmas_eve, opens="09:00", closes="12:30", note="Christmas Eve")
    holidays.choose(hours, at=at)


def _make_topics() -> None:
    for position, topic in enumerate(cast.TOPICS, start=1):
        HelpTopic.objects.create(
            name=topic.name,
            hint=topic.hint,
            advice=topic.advice,
            department=Department.objects.get(name=topic.department),
            priority=Priority.objects.get(name=topic.priority),
            sla_plan=SLAPlan.objects.get(name=topic.plan),
            is_public=topic.is_public,
            position=position * 10,
            parent=HelpTopic.objects.get(name=topic.below) if topic.below else None,
            thank_you=topic.thank_you,
            answer=CannedResponse.objects.get(title=topic.answer) if topic.answer else None,
        )


def _make_canned_responses() -> None:
    for canned in cast.CANNED:
        department = Department.objects.get(name=canned.department) if canned.department else None
        response = CannedResponse(title=canned.title, department=department)
        response.write(canned.body)
        response.save()


def _make_pages() -> None:
    for told in cast.PAGES:
        page = Page.objects.create(
            name=told.name, kind=told.kind, slug=told.slug, in_footer=bool(told.slug), is_published=True
        )
        for language, (title, body) in told.texts.items():
            PageText.objects.create(page=page, language=language, title=title, body=body)
    pages.changed()


def _make_agents(at: datetime) -> None:
    roles = {role.name: role for role in Role.objects.all()}
    departments = {department.name: department for department in Department.objects.all()}
    for agent in cast.AGENTS:
        user = enrol(
            agent.email,
            name=agent.name,
            at=at,
            password=agent.password,
            is_agent=True,
            is_administrator=agent.is_administrator,
        )
        DepartmentAccess.objects.bulk_create(
            DepartmentAccess(
                agent=user, department=departments[name], role=roles[role], alerts=agent.alerts, is_primary=not place
            )
            for place, (name, role) in enumerate(agent.access.items())
        )
    for name, members in cast.TEAMS.items():
        lead = User.objects.filter(name=cast.LEADS.get(name)).first()
        Team.objects.create(name=name, lead=lead).members.set(User.objects.filter(name__in=members))
    for name, manager in cast.MANAGERS.items():
        Department.objects.filter(name=name).update(manager=User.objects.get(name=manager))


def _make_requesters(at: datetime) -> None:
    for name, organization in cast.REQUESTERS.items():
        address = address_of(cast.address_of(name), name=name)
        User.objects.filter(pk=address.user_id).update(organization=Organization.objects.get(name=organization))
        confirm(address, at=at)
