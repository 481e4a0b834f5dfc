"""Nothing internal reaches a requester or a stranger: not a page, a header, a file or a mail.

Every note, and all else that agents alone may read, carries a random mark. Every address is fetched at every
stage of a ticket's life by everybody who is no agent; the mark is nowhere. The same for what a requester typed, in
mails to an address that nobody has confirmed.

In the ordinary run the stages before the last are seen through the link alone, and faces that these people do not
enter are knocked at once each; with --long everything is asked for in every way at every stage.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from email.message import Message
from urllib.parse import unquote
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client

from accounts.models import User
from accounts.people import address_of
from accounts.principal import Principal
from mail.composing import compose
from mail.models import OutgoingMail, Template
from portal.views.sent import sent_token
from tests import cast
from tests.cast import DAY, HOUR, MONDAY
from tests.security.routes import Route, routes
from tests.security.world import World, came_by_mail, stored
from tickets import actions, links
from tickets.models import Attachment, CloseReason, EntryKind, HelpTopic, ThreadEntry, Ticket
from tickets.models.thread import AttachmentQuerySet, EntryQuerySet

MARK = f"mark{uuid4().hex}"
ROUTES = routes()
# The requester's own pages, asked at every stage; all the others once, at the end.
DESK_PAGES = {"desk:ticket", "desk:history", "desk:file", "desk:mail", "desk:mail-file", "desk:mail-html"}
DESK = [route for route in ROUTES if route.name in DESK_PAGES]
PORTAL = [route for route in ROUTES if route.name.startswith("portal:")]
# What shows this ticket to who holds its link, or has just sent the form.
BY_LINK = [route for route in PORTAL if {"<str:token>", "<str:signed>"} & set(route.pattern.split("/"))]


# A mail as it came, and all that is known of it beside its words.
RAW = f"From: ada@example.org\nX-Spam: {MARK}\nContent-Type: text/html\n\n<p>{MARK}</p>".encode()
ODD = {
    "sender": f"{MARK}@example.org",
    "subject": MARK,
    "message_id": f"<{MARK}@example.org>",
    "remarks": [["fault", {"step": MARK}]],
    "authentication": {"dmarc": MARK},
    "remote_images": [f"https://{MARK}.example/"],
}


# --- A life in which everything internal is marked ----------------------------------------------------------


@dataclass
class Life:
    """Ada's ticket, and the agents through whose hands it goes."""

    ticket: Ticket
    ada: User
    grace: Principal
    ken: Principal

    def note(self, at) -> None:
        note = actions.add_note(
            ticket=self.ticket,
            text=f"{MARK} note",
            html=f'<p>{MARK} html <img src="cid:{MARK}" alt="{MARK}"><img data-image="0"></p>',
            by=self.grace,
            at=at,
            files=[stored(f"{MARK}.txt", f"{MARK} content".encode())],
        )
        came_by_mail(note, RAW, **ODD)

    def mail(self, at) -> None:
        """Ada writes by mail: what she wrote is hers to read, by what ways it came is not."""
        message = actions.add_message(
            ticket=self.ticket,
            address=cast.address_for(self.ada),
            text="By mail.",
            html="<p>By mail.</p>",
            source="mail",
            by=Principal.link(self.ada, self.ticket.pk),
            at=at,
            files=[replace(stored(f"{MARK}.eml", RAW), is_internal=True)],
        )
        came_by_mail(message, RAW, **ODD)


def stages(life: Life, grace: User, ken: User, support, billing) -> Iterator[str]:
    """Lead the ticket through its life; say at each stage where it stands."""
    ticket, at, by_ada = life.ticket, MONDAY, Principal.link(life.ada, life.ticket.pk)

    def message(text: str, at) -> None:
        actions.add_message(
            ticket=ticket, address=cast.address_for(life.ada), text=text, source="web", by=by_ada, at=at
        )

    life.note(at)
    yield "open"
    team = cast.make_team(f"{MARK} team", grace)
    actions.assign(ticket=ticket, to=team, by=life.grace, at=at, note=f"{MARK} assign")
    actions.claim(ticket=ticket, by=life.grace, at=at)
    yield "assigned"
    actions.change_plan(ticket=ticket, to=cast.make_plan(f"{MARK} plan", resolution=HOUR), by=life.grace, at=at)
    actions.change_topic(ticket=ticket, to=cast.make_topic(f"{MARK} topic", is_public=False), by=life.grace, at=at)
    actions.reply(ticket=ticket, text="An answer.", by=life.grace, at=at, files=[stored("answer.txt", b"For you.")])
    life.note(at)
    life.mail(at)
    yield "answered"
    actions.transfer(ticket=ticket, to=support, by=life.grace, at=at, note=f"{MARK} transfer")
    yield "transferred"
    actions.resolve(ticket=ticket, by=life.ken, at=at + DAY, resolution=f"{MARK} resolution")
    yield "resolved"
    message("No.", at + DAY)
    life.note(at + DAY)
    yield "reopened"
    actions.reply_and_resolve(ticket=ticket, text="Now.", by=life.ken, at=at + 2 * DAY)
    actions.close(ticket=ticket, by=by_ada, at=at + 2 * DAY)
    yield "closed"
    message("It is back.", at + 60 * DAY)
    yield "followed"
    actions.reopen(ticket=ticket, by=life.ken, at=at + 60 * DAY)
    actions.close_unresolved(
        ticket=ticket, reason=CloseReason.OTHER, by=life.ken, at=at + 61 * DAY, note=f"{MARK} closing"
    )
    yield "closed unresolved"


STAGES = 9
# Where the ordinary run looks at pages, too: whatever an earlier stage left still stands there.
LOOKED_AT = ("answered", "resolved", "closed unresolved")


@pytest.fixture(autouse=True)
def _answers_at_once(monkeypatch):
    """Some answers take their time on purpose, so that it tells nothing."""
    monkeypatch.setattr("portal.pace.ANSWER_AFTER", timedelta(0))
    monkeypatch.setattr("accounts.views.pages.ANSWER_AFTER_SECONDS", 0)


@pytest.fixture
def life(world, ticket, ada, grace, ken, billing, support) -> Life:
    # What else a stranger could come across: another's ticket, an agent's address, an internal topic.
    cast.make_ticket(ken, None, subject=f"{MARK} subject", text=f"{MARK} text")
    cast.make_agent(f"Zoe {MARK}", billing)
    HelpTopic.objects.create(name=f"{MARK} internal", is_public=False, advice=f"{MARK} advice")
    grace.addresses.update(email=f"{MARK}@example.com")
    return Life(Ticket.objects.get(pk=ticket.pk), ada, Principal.agent(grace), Principal.agent(ken))


# --- Fetching everything -------------------------------------------------------------------------------------


def pages(
    world: World, ticket: Ticket, client: Client, where: list[Route], holder: User | None = None, *, whole: bool = False
) -> Iterator[tuple[str, str]]:
    """Fetch the addresses in every way that `requests` knows, undoing each; return what was asked and what came back.

    Links are those of `holder`, else the requester's.
    """
    for method, url, data in requests(world, ticket, where, holder or ticket.requester, whole):
        with transaction.atomic():
            yield f"{method} {url}", wire(client.generic(method, url) if data is None else client.post(url, data))
            transaction.set_rollback(True)


def requests(
    world: World, ticket: Ticket, where: list[Route], holder: User, whole: bool
) -> Iterator[tuple[str, str, dict[str, object] | None]]:
    """Return (method, address, form or None) for all that one may ask for.

    Unless it is to be the whole: HEAD, which has the headers of GET, is left out, and so are variants where nothing is
    sent to, at files and at the faces that requesters do not enter.
    """
    files = Attachment.objects.filter(entry__ticket=ticket)
    for route in where:
        is_admins = route.pattern.startswith("admin/")
        is_open = whole or not route.pattern.startswith(("desk/", "admin/"))
        for given in arguments(route, ticket, files, holder):
            url = world.url(route, **given)
            yield "GET", url, None
            if whole:
                yield "HEAD", url, None
            if is_open:
                yield "OPTIONS", url, None
            if is_open and not is_admins:
                yield "GET", f"{url}?before=100&page=1&topic={internal_topic()}&q={MARK[:4]}", None
            if not is_admins:
                is_sent_to = whole or (is_open and "<int:pk>" not in route.pattern)
                yield from (("POST", url, form) for form in forms(ticket)[0 if is_sent_to else -1 :])


def arguments(route: Route, ticket: Ticket, files, holder: User) -> Iterator[dict[str, object]]:
    usual = {
        "number": ticket.number,
        "token": links.token_for(ticket.participants.get(user=holder)),
        "signed": sent_token(ticket),
        "object_id": ticket.pk,
    }
    if "<int:pk>" in route.pattern:
        for file in files:
            yield usual | {"pk": file.pk}
    elif "<int:entry>" in route.pattern:
        for entry in ticket.entries.all():
            yield usual | {"entry": entry.number}
    else:
        yield usual


def forms(ticket: Ticket) -> list[dict[str, object]]:
    """Forms as they come: empty, stale, and filled in."""
    return [
        {},
        {"seen": "0", "text": "Late words."},
        {
            "email": "stranger@example.org",
            "name": "A stranger",
            "number": ticket.number,
            "subject": "Something",
            "text": "Words.",
            "topic": str(internal_topic()),
            "seen": str(ticket.last_event_number),
        },
    ]


def internal_topic() -> int:
    return HelpTopic.objects.get(name=f"{MARK} internal").pk


def wire(response: HttpResponseBase) -> str:
    """Return everything of a response, as text: status line, headers, cookies, body."""
    body = b"".join(response.streaming_content) if response.streaming else response.content
    head = "\n".join(f"{name}: {value}" for name, value in response.items())
    return f"{response.status_code} {response.reason_phrase}\n{head}\n{response.cookies}\n\n" + body.decode(
        "utf-8", "replace"
    )


def letters(*recipients: str) -> Iterator[tuple[str, str]]:
    """Return every mail to these people as it goes over the wire, and as it is read."""
    for mail in OutgoingMail.objects.filter(recipient__in=recipients).order_by("pk"):
        message = compose(mail).message()
        yield f"mail {mail.pk} {mail.template}", message.as_string() + "\n".join(parts(message))


def parts(message: Message) -> Iterator[str]:
    yield from (f"{name}: {value}" for name, value in message.items())
    for part in message.walk():
        payload = part.get_payload(decode=True)
        if payload is not None:
            yield payload.decode(part.get_content_charset("utf-8"), "replace")


def marked(found: Iterator[tuple[str, str]], mark: str = MARK) -> list[str]:
    """Return where the mark stands."""
    return [
        f"{where}: …{text[max(0, text.find(mark) - 60) : text.find(mark) + 20]}…"
        for where, text in ((where, unquote(text)) for where, text in found)
        if mark in text
    ]


# --- The leak test ----------------------------------------------------------------------------------------------


@pytest.mark.once
@pytest.mark.django_db
def test_nobody_but_agents_finds_a_mark_anywhere(life, world, grace, ken, support, billing, subtests, long_run):
    seen = []
    for stage in stages(life, grace, ken, support, billing):
        life.ticket.refresh_from_db()
        seen.append(stage)
        # A session changes nothing on the pages behind a link: once is enough for it, at the end, everywhere.
        is_last = len(seen) == STAGES
        # Who takes part, and who is of the organisation that shares the ticket, has pages of the portal alone.
        roles = ("nobody", "ada", "cleo", "cora") if is_last else ("nobody",)
        for role in roles if long_run or stage in LOOKED_AT else ():
            with subtests.test(f"{stage}, {role}"):
                where = ROUTES if is_last and role in {"nobody", "ada"} else PORTAL
                where = where if is_last or long_run else BY_LINK
                assert marked(pages(world, life.ticket, world.client(role), where, whole=long_run)) == []
        with subtests.test(f"{stage}, mails"):
            assert marked(letters(*(f"{name}@example.org" for name in ("ada", "cleo", "cora", "stranger")))) == []
    # So that the search says something: what Ada wrote was told to who takes part beside her.
    assert any("It is back." in text or "No." in text for _where, text in letters("cleo@example.org"))
    assert len(seen) == STAGES
    assert set(LOOKED_AT) < set(seen)
    assert life.ticket.entries.filter(text__contains=MARK).count() == 7


@pytest.mark.once
@pytest.mark.django_db
def test_a_collaborator_finds_no_mark_either(life, world, grace, ken, support, billing):
    bob = cast.make_person("bob@example.org", "Bob")
    actions.add_collaborator(ticket=life.ticket, address=cast.address_for(bob), by=life.grace, at=MONDAY)
    world.people["bob"] = bob
    for _stage in stages(life, grace, ken, support, billing):
        pass
    life.ticket.refresh_from_db()

    seen = [
        *pages(world, life.ticket, world.client("nobody"), PORTAL, bob),
        *pages(world, life.ticket, world.client("bob"), PORTAL, bob),
    ]

    assert marked(iter(seen)) == []
    assert marked(letters("bob@example.org")) == []
    # So that the search says something: he does come in, by both doors.
    for name in ("/t/", f"/tickets/{life.ticket.number}/"):
        assert any(name in where and "An answer." in text for where, text in seen)


@pytest.mark.once
@pytest.mark.django_db
def test_agents_find_them_so_that_the_search_is_one(life, world, grace, ken, support, billing):
    """The same search through the eyes of an agent, and her mails, does find marks: it is not blind."""
    for _stage in stages(life, grace, ken, support, billing):
        pass

    found = marked(pages(world, life.ticket, world.client("grace"), DESK))

    mail = f"/desk/tickets/{life.ticket.number}/mail/{life.ticket.entries.get(text='By mail.').number}/"
    for name in (
        f"/desk/tickets/{life.ticket.number}/:",
        f"/desk/tickets/{life.ticket.number}/history/:",
        "/desk/files/",
        f"{mail}:",
        f"{mail}file/:",
        f"{mail}html/:",
    ):
        assert any(name in where for where in found), name
    assert marked(letters(*OutgoingMail.objects.values_list("recipient", flat=True)))


def everything(self):
    """What a careless `public` would return."""
    return self.all()


@pytest.mark.django_db
def test_a_careless_page_would_be_found(life, world, grace, ken, support, billing, monkeypatch):
    monkeypatch.setattr(EntryQuerySet, "public", everything)
    monkeypatch.setattr(AttachmentQuerySet, "public", everything)
    monkeypatch.setattr(ThreadEntry, "is_public", True)
    next(stages(life, grace, ken, support, billing))
    life.ticket.refresh_from_db()

    found = marked(pages(world, life.ticket, world.client("nobody"), PORTAL))

    token = r"GET /t/[^/]+/"
    assert any(re.match(f"{token}:", where) for where in found)
    assert any(re.match(f"{token}files/", where) for where in found)


# --- What a requester typed, in mails to an address that nobody has confirmed -----------------------------------


@dataclass
class Typed:
    """What somebody typed into the form, giving an address that may be anybody's."""

    mark: str
    email: str


@pytest.fixture
def typed(client, settings, topic) -> Callable[..., Typed]:
    settings.MAIL_URL = "smtp://127.0.0.1:9"

    def fill_in(email: str) -> Typed:
        mark = f"typed{uuid4().hex}"
        response = client.post(
            "/new/",
            {
                "email": email,
                "name": f"Buy {mark}",
                "topic": str(topic.pk),
                "subject": f"Subject {mark}",
                "text": f"Text {mark} http://{mark}.example/",
                "request_key": uuid4().hex,
                "attachments": SimpleUploadedFile(f"{mark}.txt", f"File {mark}".encode()),
            },
        )
        assert response.status_code == 302, response.content.decode()
        assert marked(iter([("sent", wire(client.get(response["Location"])))]), mark) == []
        return Typed(mark, email)

    return fill_in


@pytest.mark.django_db
def test_the_first_mail_to_an_unconfirmed_address_repeats_nothing(typed):
    given = typed("victim@example.org")

    mails = list(letters(given.email))

    ticket = Ticket.objects.get(requester__addresses__email=given.email)
    assert len(mails) == 1
    assert ticket.number in mails[0][1]
    assert marked(iter(mails), given.mark) == []


@pytest.mark.django_db
def test_nor_does_any_later_one(typed, grace, client):
    given = typed("victim@example.org")
    ticket = Ticket.objects.get(requester__addresses__email=given.email)
    boss = Principal.agent(grace)
    again = typed(given.email)
    client.post("/check/", {"email": given.email, "number": ticket.number})
    actions.reply(ticket=ticket, text="Agents' words.", by=boss, at=MONDAY)
    actions.reply_and_resolve(ticket=ticket, text="More of them.", by=boss, at=MONDAY)
    actions.close(ticket=ticket, by=boss, at=MONDAY)

    mails = list(letters(given.email))

    templates = set(OutgoingMail.objects.filter(recipient=given.email).values_list("template", flat=True))
    assert templates == {
        Template.TICKET_OPENED,
        Template.TICKET_LINK,
        Template.TICKET_REPLY,
        Template.TICKET_CLOSED,
    }
    assert any("Agents' words." in text for _where, text in mails)
    assert marked(iter(mails), given.mark) == marked(iter(mails), again.mark) == []


@pytest.mark.django_db
def test_nor_does_one_about_what_somebody_else_typed_there(typed, grace):
    given = typed("victim@example.org")
    ticket = Ticket.objects.get(requester__addresses__email=given.email)
    mallory = cast.make_person("mallory@example.org", f"Buy {given.mark}")
    boss = Principal.agent(grace)
    actions.add_collaborator(ticket=ticket, address=cast.address_for(mallory), by=boss, at=MONDAY)
    actions.add_message(
        ticket=ticket,
        address=cast.address_for(mallory),
        text=f"Text {given.mark}",
        source="web",
        by=Principal.requester(mallory),
        at=MONDAY,
        files=[stored(f"{given.mark}.txt", given.mark.encode())],
    )

    mails = list(letters(given.email))

    assert any(Template.TICKET_MESSAGE in where for where, _text in mails)
    assert marked(iter(mails), given.mark) == []
    assert marked(letters("grace@example.com"), given.mark)


@pytest.mark.django_db
def test_once_confirmed_it_may_so_that_the_search_is_one(typed):
    address = address_of("ada@example.net", name="Ada")
    address.verified_at = MONDAY
    address.save()

    given = typed("ada@example.net")

    assert marked(letters(given.email), given.mark)


@pytest.mark.django_db
def test_what_a_stranger_typed_about_somebody_else_changes_nothing_of_theirs(typed, grace):
    """Grace's address, confirmed and an agent's, in a stranger's form: her name stays hers."""
    given = typed("grace@example.com")

    grace.refresh_from_db()
    assert (grace.name, grace.is_agent) == ("Grace", True)
    assert ThreadEntry.objects.get(kind=EntryKind.MESSAGE, text__contains=given.mark).author == grace
