"""What the queue's page, the ticket's page and its history show."""

import re
from importlib import import_module

import pytest
from django.utils import timezone

from accounts.models import Team, User
from accounts.principal import Principal
from desk import thread
from mail.models import MailState, OutgoingMail, Suppressed, Template
from sla.models import SLAPlan
from tests import cast
from tests.cast import HOUR, MINUTE, MONDAY
from tests.desk.conftest import AtDesk
from tickets import actions, events
from tickets.models import Cause, Department, HelpTopic, Kind, Source, Ticket, TicketEvent


def text_of(html: str) -> str:
    """Return what is read: without tags, white space as one space."""
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


# --- Queue ---------------------------------------------------------------------------------------


def test_the_day_starts_with_the_open_queue(desk: AtDesk) -> None:
    assert desk.client.get("/desk/")["Location"] == "/desk/queues/open/"


def test_rows_are_grouped_by_what_is_due(ada: User, topic: HelpTopic, desk: AtDesk) -> None:
    now = timezone.now()
    for opened in (now - 2 * HOUR, now - 5 * MINUTE):
        cast.make_ticket(ada, topic, at=opened)
    SLAPlan.objects.update(archived_at=MONDAY)
    cast.make_ticket(ada, cast.make_topic("Free", department=topic.department), at=now)

    groups = desk.client.get("/desk/queues/open/").context["groups"]

    assert [(g["slug"], g["tone"], len(g["rows"])) for g in groups] == [
        ("breached", "danger", 1),
        ("soon", "warning", 1),
        ("none", "", 1),
    ]


def test_a_row_tells_the_newest_words_that_requesters_may_read_and_who_waits(
    ticket: Ticket, desk: AtDesk, ada: User
) -> None:
    def row() -> tuple[str, bool]:
        found = desk.client.get("/desk/queues/open/").context["groups"][0]["rows"][0]
        return found["snippet"], found["is_waiting"]

    assert row() == ("We were billed twice.", True)
    desk.reply(ticket, body="Which\n\n invoice?", then="keep")
    assert row() == ("Which invoice?", False)
    desk.reply(ticket, "note", body="A secret", request_key="n" * 22)
    assert row() == ("Which invoice?", False)


def test_hostile_words_are_escaped_in_the_queue(desk: AtDesk, topic: HelpTopic) -> None:
    mallory = cast.make_person("m@example.org", "<img src=x onerror=alert(1)> אבג 😀")
    cast.make_ticket(mallory, topic, subject="</a><script>alert(1)</script>", text="<b>bold</b>")

    page = desk.client.get("/desk/queues/open/").text

    assert "&lt;img src=x onerror=alert(1)&gt; אבג 😀" in page
    assert "&lt;/a&gt;&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page
    assert "<script>alert" not in page


@pytest.mark.parametrize(
    "slug",
    [
        "open",
        "mine",
        "unassigned",
        "overdue",
        "awaiting-requester",
        "awaiting-third-party",
        "snoozed",
        "handed-over",
        "resolved",
        "closed",
    ],
)
def test_an_empty_queue_says_why_and_where_to_go(desk: AtDesk, slug: str) -> None:
    answer = desk.client.get(f"/desk/queues/{slug}/")

    assert answer.status_code == 200
    for key in ("empty_title", "empty_reason"):
        assert str(answer.context[key]) in answer.text
    for link in answer.context["empty_links"]:
        assert desk.client.get(link["url"]).status_code == 200


def test_a_department_narrows_a_queue_and_says_so(ticket: Ticket, desk: AtDesk, support: Department, ada: User) -> None:
    cast.give_access(desk.agent, support)
    other = cast.make_ticket(ada, None)

    narrowed = desk.client.get(f"/desk/queues/open/?department={support.pk}")

    assert other.number in narrowed.text
    assert ticket.number not in narrowed.text
    assert f"?queue=open&amp;department={support.pk}" in narrowed.text
    assert [item["label"] for item in narrowed.context["departments"] if item["is_current"]] == ["Support"]


def test_the_source_narrows_a_queue_and_everything_on_from_there(
    ticket: Ticket, desk: AtDesk, ada: User, topic: HelpTopic
) -> None:
    called = [cast.make_ticket(ada, topic, source=Source.PHONE, at=MONDAY + MINUTE * n) for n in range(27)]

    narrowed = desk.client.get("/desk/queues/open/?source=phone")
    older = desk.client.get(narrowed.context["older_url"])
    opened = desk.client.get(f"/desk/tickets/{called[-1].number}/?queue=open&source=phone")

    assert ticket.number not in narrowed.text
    assert f"/{called[0].number}/?queue=open&amp;source=phone" in narrowed.text
    assert [chip["label"] for chip in narrowed.context["chips"]] == ["Phone"]
    assert [row["ticket"] for group in older.context["groups"] for row in group["rows"]] == called[25:]
    # The queue goes on with the tickets that came by telephone.
    assert called[-2].number in opened.text
    assert ticket.number not in opened.text
    assert "/desk/queues/open/?source=phone" in opened.text


def test_a_queue_without_tickets_of_a_source_says_why(ticket: Ticket, desk: AtDesk) -> None:
    page = desk.client.get("/desk/queues/open/?source=api")

    assert "Only tickets from this source are shown: API." in page.text
    assert page.context["empty_links"][0]["url"] == "/desk/queues/open/"


@pytest.mark.parametrize("source", ["fax", "PHONE", "phone' OR 1=1", "\0"])
def test_a_source_that_is_none_is_not_found(desk: AtDesk, source: str) -> None:
    assert desk.client.get("/desk/queues/open/", {"source": source}).status_code == 404


def test_pages_follow_each_other_in_both_directions(ada: User, topic: HelpTopic, desk: AtDesk) -> None:
    made = [cast.make_ticket(ada, topic, at=MONDAY + MINUTE * n) for n in range(27)]

    first = desk.client.get("/desk/queues/open/")
    second = desk.client.get(first.context["older_url"])
    back = desk.client.get(second.context["newer_url"])

    def shown(answer: object) -> list[str]:
        return [row["ticket"].number for group in answer.context["groups"] for row in group["rows"]]

    assert shown(first) == shown(back) == [t.number for t in made[:25]]
    assert shown(second) == [t.number for t in made[25:]]
    assert (first.context["newer_url"], second.context["older_url"]) == ("", "")
    assert first.context["count_text"] == "25 of about 27"


# --- Ticket --------------------------------------------------------------------------------------


def test_routing_tells_what_set_what_and_why(ticket: Ticket, desk: AtDesk) -> None:
    page = text_of(desk.look(ticket).text)

    assert "Sev-B (1h/4h, 24/7) applied, priority set to High and department Billing by “ Invoices ”" in page


def test_routing_by_default_says_so(ada: User, desk: AtDesk, support: Department) -> None:
    cast.give_access(desk.agent, support)
    made = cast.make_ticket(ada, None)

    page = text_of(desk.look(made).text)

    assert "Standard (8h/3d, 24/7) applied, priority set to Normal and department Support by default" in page


def test_routing_tells_whom_it_gave_the_ticket_to(ada: User, topic: HelpTopic, desk: AtDesk) -> None:
    topic.assignee = desk.agent
    topic.save()

    page = text_of(desk.look(cast.make_ticket(ada, topic)).text)

    assert "department Billing and given to Grace by “ Invoices ”" in page


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("vacation", "on vacation"),
        ("not in department", "may not have tickets of this department"),
        ("gone", "no longer active"),
        ("nobody there", "nobody of the team is there"),
    ],
)
def test_routing_tells_why_whom_the_topic_names_did_not_get_it(
    ada: User, topic: HelpTopic, desk: AtDesk, linus: User, reason: str, words: str
) -> None:
    topic.assignee = linus
    User.objects.filter(pk=linus.pk).update(on_vacation=reason == "vacation", is_active=reason != "gone")
    if reason == "nobody there":
        topic.assignee, topic.team = None, cast.make_team("Linus")
    topic.save()

    page = text_of(desk.look(cast.make_ticket(ada, HelpTopic.objects.get(pk=topic.pk))).text)

    assert f"not given to Linus , whom “ Invoices ” names: {words}" in page


def test_the_departments_rules_are_told_as_such(ticket: Ticket, desk: AtDesk, billing: Department) -> None:
    Department.objects.filter(pk=billing.pk).update(claims_on_reply=True, keeps_assignee=False)
    desk.reply(ticket, then="resolve")
    desk.send(ticket, "reopen")

    page = text_of(desk.look(ticket).text)

    assert "Grace has the ticket now, by answering it" in page
    assert "Reopened, the ticket is nobody's; Grace had it" in page


def test_one_deed_is_one_line(ticket: Ticket, desk: AtDesk, support: Department, ken: User) -> None:
    desk.send(
        ticket, "transfer", department=support.pk, assignee=f"user:{ken.pk}", note="Over to you", keep_access="on"
    )

    pieces = desk.look(ticket).context["thread"].pieces

    lines = [text_of(line.sentence) for piece in pieces for line in piece.events]
    assert lines[1:] == ["Grace transferred the ticket from Billing to Support and kept access, and assigned it to Ken"]
    assert [piece.item.entry.text for piece in pieces if piece.item] == ["We were billed twice.", "Over to you"]


def test_many_events_between_two_entries_are_folded(ticket: Ticket, desk: AtDesk) -> None:
    for _n in range(3):
        desk.send(ticket, "claim")
        desk.send(ticket, "release")

    fold = next(piece.fold for piece in desk.look(ticket).context["thread"].pieces if piece.fold)

    assert text_of(fold.summary) == "Grace gave the ticket back, and 6 steps before"
    assert len(fold.events) == 7


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_of_event_is_told_even_when_nothing_it_names_is_left(
    ticket: Ticket, desk: AtDesk, kind: Kind
) -> None:
    gone: dict[str, object] = {
        "to": 9999,
        "from": 9998,
        "holder": "department:9997",
        "reason": "nonsense",
        "deadline": None,
    }
    if kind == Kind.REPLIED:
        # A list of addresses there.
        gone["to"] = [9999]
    broken = {"to": "user:x", "from": "nonsense", "routing": {"priority": {"to": None, "why": "topic", "by": 9}}}
    for number, data in enumerate([gone, broken, {}], start=50):
        TicketEvent.objects.create(
            ticket=ticket, number=number, kind=kind, deed=events.new_deed(), face="desk", at=MONDAY, data=data
        )

    for name in ("ticket", "history"):
        assert desk.form(ticket, name).status_code == 200


def test_deeds_of_the_system_have_a_name(ticket: Ticket, desk: AtDesk) -> None:
    desk.send(ticket, "resolve", resolution="Done.")
    actions.close(ticket=ticket, by=Principal.system(Cause.CLOSE_AFTER), at=timezone.now())

    assert "The ticket closed by itself: nobody objected after it was resolved" in desk.look(ticket).text


@pytest.mark.parametrize(
    ("state", "why", "words"),
    [
        (MailState.QUEUED, "", "On its way to Ada"),
        (MailState.SENT, "", "Sent to Ada"),
        (MailState.BOUNCED, "", "Came back: the recipient&#x27;s server refused it"),
        (MailState.FAILED, "", "Not sent: the mail server refused it"),
        (MailState.PERHAPS_SENT, "", "Perhaps sent: the connection broke off"),
        (MailState.SUPPRESSED, Suppressed.NO_SERVER, "Not mailed: no mail server is set"),
        (MailState.SUPPRESSED, Suppressed.DEMO, "Not mailed: this is a demo"),
    ],
)
def test_a_reply_says_what_became_of_its_mail(ticket: Ticket, desk: AtDesk, state: str, why: str, words: str) -> None:
    desk.reply(ticket)
    OutgoingMail.objects.filter(template=Template.TICKET_REPLY).delete()
    OutgoingMail.objects.create(
        recipient="ada@example.org",
        user=ticket.requester,
        sent_at=MONDAY if state == MailState.SENT else None,
        template=Template.TICKET_REPLY,
        ticket=ticket,
        entry=ticket.entries.get(kind="reply"),
        state=state,
        why=why,
        created_at=MONDAY,
    )

    assert words in desk.look(ticket).text


def test_the_panel_tells_who_asks_and_what_else_they_asked(
    ticket: Ticket, desk: AtDesk, ada: User, topic: HelpTopic, elsewhere: Department
) -> None:
    other = cast.make_ticket(ada, topic, subject="Another of hers")
    hidden = cast.make_ticket(ada, cast.make_topic("Kernel", department=elsewhere), subject="Not for Grace")

    page = desk.look(ticket)

    assert "ada@example.org" in page.text
    assert "This address is not confirmed yet" in page.text
    assert "Answers are not mailed: no mail server is set" in page.text
    assert [past["number"] for past in page.context["past_tickets"]] == [other.number]
    assert page.context["past_count_text"] == "1 other ticket"
    assert hidden.subject not in page.text


def test_the_requesters_address_says_when_it_is_confirmed_and_mailed_to(
    ticket: Ticket, desk: AtDesk, ada_confirmed: User, settings: object
) -> None:
    settings.MAIL_URL = "smtp://127.0.0.1:9"

    page = desk.look(ticket)

    assert "This address is confirmed" in page.text
    assert "Answers are mailed here" in page.text


def test_a_ticket_that_follows_another_names_it(ticket: Ticket, desk: AtDesk, ada: User, topic: HelpTopic) -> None:
    follow_up = cast.make_ticket(ada, topic, follows=ticket, subject="It is back")

    before, after = desk.look(follow_up).context["related"], desk.look(ticket).context["related"]

    assert [(r["number"], r["relation"]) for r in before] == [(ticket.number, "came before")]
    assert [(r["number"], r["relation"]) for r in after] == [(follow_up.number, "came after")]


def test_next_and_previous_follow_the_queue_it_was_opened_from(
    ada: User, topic: HelpTopic, desk: AtDesk, accountants: Team
) -> None:
    first, second, third = (cast.make_ticket(ada, topic, at=MONDAY + HOUR * n) for n in range(3))

    middle = desk.look(second, "?queue=open").context
    alone = desk.look(second).context

    assert middle["previous_url"] == f"/desk/tickets/{first.number}/?queue=open"
    assert middle["next_url"] == f"/desk/tickets/{third.number}/?queue=open"
    assert middle["back"]["url"] == "/desk/queues/open/"
    assert (alone["previous_url"], alone["next_url"]) == ("", "")
    assert desk.look(first, "?queue=mine").context["next_url"] == ""


@pytest.fixture
def long(ticket: Ticket, grace: User, monkeypatch: pytest.MonkeyPatch) -> Ticket:
    """A ticket of twelve entries, the events told between them, on pages of five."""
    monkeypatch.setattr(thread, "PAGE_ENTRIES", 5)
    by = cast.principal(grace)
    for n in range(2, 13):
        actions.add_note(ticket=ticket, text=f"Note {n}", by=by, at=MONDAY + MINUTE * n)
        if n % 3 == 0:
            actions.change_priority(
                ticket=ticket, to=cast.priority("Low" if n % 2 else "High"), by=by, at=MONDAY + MINUTE * n
            )
    return ticket


def read(answer: object) -> tuple[list[int], int]:
    """Return the numbers of the entries shown, and how many events are told between them."""
    pieces = answer.context["thread"].pieces
    return [p.item.entry.number for p in pieces if p.item], sum(len(p.events) for p in pieces)


def test_a_long_thread_is_read_from_its_end_and_nothing_is_told_twice(long: Ticket, desk: AtDesk) -> None:
    newest = desk.look(long, "?queue=open")
    middle = desk.client.get(newest.context["earlier_url"])
    oldest = desk.client.get(middle.context["earlier_url"])
    forward = desk.client.get(oldest.context["later_url"])

    pages = [read(answer) for answer in (oldest, middle, newest)]
    assert [numbers for numbers, _events in pages] == [[1, 2], [3, 4, 5, 6, 7], [8, 9, 10, 11, 12]]
    assert [told for _numbers, told in pages] == [1, 2, 2]
    assert read(forward)[0] == [3, 4, 5, 6, 7]
    assert (oldest.context["earlier_url"], newest.context["later_url"]) == ("", "")


def test_earlier_entries_fetched_by_script_bring_no_way_to_later_ones(long: Ticket, desk: AtDesk) -> None:
    earlier = desk.look(long).context["earlier_url"]

    assert "Show later" in desk.client.get(earlier).text
    assert "Show later" not in desk.client.get(earlier, headers={"HX-Request": "true"}).text


# --- History -------------------------------------------------------------------------------------


def test_the_history_tells_every_step_by_whom_when_and_why(ticket: Ticket, desk: AtDesk, support: Department) -> None:
    desk.reply(ticket, then="keep")
    desk.send(ticket, "transfer", department=support.pk, note="Yours", keep_access="on")

    steps = desk.form(ticket, "history").context["steps"]

    assert [(step.number, text_of(step.sentence)) for step in steps] == [
        (
            1,
            "Ada opened the ticket. Sev-B (1h/4h, 24/7) applied, priority set to High and department Billing "
            "by “ Invoices ”",
        ),
        (2, "Grace replied and keeps working on it"),
        (3, "Grace wrote an internal note"),
        (4, "Grace transferred the ticket from Billing to Support and kept access"),
    ]
    assert steps[0].details == [
        "in the portal",
        "First response due 2 Nov 2026, 10:00",
        "Resolution due 2 Nov 2026, 13:00",
    ]
    assert [step.entry for step in steps] == [1, 2, 3, None]


def test_a_long_history_has_pages(long: Ticket, desk: AtDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    # The name of the module is that of its view.
    monkeypatch.setattr(import_module("desk.views.history"), "PAGE_STEPS", 6)

    first = desk.form(long, "history", "?queue=open")
    second = desk.client.get(first.context["later_url"])
    third = desk.client.get(second.context["later_url"])
    back = desk.client.get(third.context["earlier_url"])

    def told(answer: object) -> list[int]:
        return [step.number for step in answer.context["steps"]]

    assert told(first) + told(second) + told(third) == list(range(1, long.events.count() + 1))
    assert told(back) == told(second)
    assert (first.context["earlier_url"], third.context["later_url"]) == ("", "")


@pytest.mark.parametrize("address", ["/desk/queues/open/", "/desk/tickets/{}/"])
def test_a_script_that_looks_for_news_leaves_the_toasts_to_the_reader(
    ticket: Ticket, desk: AtDesk, address: str
) -> None:
    desk.send(ticket, "claim")

    looked = desk.client.get(address.format(ticket.number), headers={"HX-Request": "true"})

    assert "is yours" not in looked.text
    assert "is yours" in desk.client.get(address.format(ticket.number)).text
