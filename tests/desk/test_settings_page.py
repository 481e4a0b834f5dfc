"""What agents set for themselves, and that every page keeps to it."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from accounts.models import AfterReply, Preferences, ThreadOrder, User
from accounts.principal import Principal
from tests import cast
from tests.cast import MINUTE, MONDAY
from tests.desk.conftest import toasts
from tickets import actions, wishes
from tickets.models import Ticket

pytestmark = pytest.mark.django_db

PAGE = "/desk/settings/"


def filled_in(**changed: object) -> dict[str, object]:
    sent = {
        "name": "Grace",
        "phone": "",
        "time_zone": "",
        "default_queue": "open",
        "page_size": "25",
        "thread_order": "oldest",
        "after_reply": "ticket",
        "undo_seconds": "8",
        "confirms_mail": "commands",
        "single_keys": "on",
        "signature": "",
        "signs": "own",
    } | changed
    return {name: value for name, value in sent.items() if value is not None}


def prefer(agent: User, **chosen: object) -> None:
    Preferences.objects.update_or_create(agent=agent, defaults=chosen)


def row_numbers(answer) -> list[str]:
    return [row["ticket"].number for group in answer.context["groups"] for row in group["rows"]]


# --- The page -------------------------------------------------------------------------------------


def test_without_preferences_the_page_shows_how_the_desk_is(desk):
    page = desk.client.get(PAGE)

    form = page.context["form"]
    assert page.status_code == 200
    assert [form[name].value() for name in ("default_queue", "page_size", "thread_order", "after_reply")] == [
        "open",
        25,
        "oldest",
        "ticket",
    ]
    assert form["single_keys"].value() is True
    assert not Preferences.objects.exists()


def test_what_is_set_is_kept_and_shown_again(desk, grace):
    chosen = {
        "name": "Grace Hopper",
        "phone": "+49 30 123",
        "time_zone": "Europe/Berlin",
        "on_vacation": "on",
        "default_queue": "mine",
        "page_size": "50",
        "thread_order": "newest",
        "after_reply": "next",
        "confirms_mail": "always",
        "single_keys": None,
        "signature": "Grace, at your service",
        "signs": "department",
    }

    answer = desk.client.post(PAGE, filled_in(**chosen))

    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert toasts(answer) == ["Your settings are saved."]
    grace = User.objects.select_related("preferences").get(pk=grace.pk)
    assert (grace.name, grace.phone, grace.time_zone, grace.on_vacation) == (
        "Grace Hopper",
        "+49 30 123",
        "Europe/Berlin",
        True,
    )
    kept = grace.preferences
    assert (kept.default_queue, kept.page_size, kept.thread_order, kept.after_reply) == ("mine", 50, "newest", "next")
    assert kept.confirms_mail == "always"
    assert (kept.single_keys, kept.signature, kept.signs) == (False, "Grace, at your service", "department")
    shown = desk.client.get(PAGE).content.decode()
    assert 'value="Grace Hopper"' in shown
    assert re.search(r'<option value="Europe/Berlin" selected', shown)


def test_what_an_agent_wants_to_hear_of_and_when_is_kept(desk, grace):
    wanted = [code for code in wishes.CODES if "note" not in code]
    quiet = {"quiet-0-from": "22:00", "quiet-0-until": "07:00:00", "quiet-6-from": "00:00", "quiet-6-until": "00:00"}

    desk.client.post(PAGE, filled_in(alerts=wanted, breaches_pass=None, **quiet))

    kept = Preferences.objects.get(agent=grace)
    assert kept.alerts_off == [code for code in wishes.CODES if "note" in code]
    assert kept.quiet_hours == {"0": ["22:00", "07:00"], "6": ["00:00", "00:00"]}
    assert kept.breaches_pass is False
    shown = desk.client.get(PAGE).content.decode()
    assert shown.count('name="alerts"') == len(wishes.CODES)
    assert len(re.findall(r'name="alerts"[^>]* checked', shown)) == len(wanted)
    assert 'name="quiet-0-from" value="22:00"' in shown


@pytest.mark.parametrize(
    "sent",
    [
        {"alerts": ["mail:new:mine"]},
        {"alerts": ["mail:message:mine", "pigeon:message:mine"]},
        {"quiet-0-from": "22:00"},
        {"quiet-0-from": "25:00", "quiet-0-until": "07:00"},
        {"quiet-0-from": "x" * 1000, "quiet-0-until": "07:00"},
    ],
)
def test_wishes_that_cannot_be_are_told_and_not_kept(desk, sent):
    assert desk.client.post(PAGE, filled_in(**sent)).status_code == 422
    assert not Preferences.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "),
        ("name", "x" * 121),
        ("name", "a\x00b"),
        ("phone", "1" * 41),
        ("time_zone", "Mars/Olympus"),
        ("default_queue", "nonsense"),
        ("page_size", "1000000"),
        ("page_size", "0"),
        ("thread_order", "sideways"),
        ("after_reply", "https://evil.example"),
        ("confirms_mail", "sometimes"),
        ("signature", "x" * 1001),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_kept(desk, grace, field, value):
    answer = desk.client.post(PAGE, filled_in(**{"phone": "1234", "signature": "Yours", field: value}))

    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    grace.refresh_from_db()
    assert (grace.name, grace.phone) == ("Grace", "")
    assert not Preferences.objects.exists()


def test_nothing_but_what_is_offered_is_set(desk, grace):
    desk.client.post(PAGE, filled_in(is_administrator="on", email="x@example.com", is_agent="", language="tlh"))

    grace.refresh_from_db()
    assert (grace.is_administrator, grace.is_agent, grace.email, grace.language) == (
        False,
        True,
        "grace@example.com",
        "",
    )


def test_what_was_typed_is_shown_as_text(desk):
    prefer(desk.agent, signature="<b>bold</b>")

    page = desk.client.get(PAGE).content.decode()

    assert "<b>bold</b>" not in page
    assert page.count("&lt;b&gt;bold&lt;/b&gt;") == 2  # the field, and how mails end


# --- Language and time zone -----------------------------------------------------------------------


def test_where_pages_speak_one_language_that_of_mails_is_asked_for(desk, settings):
    field = desk.client.get(PAGE).context["form"].fields["language"]
    assert (field.label, [code for code, _name in field.choices]) == ("Language of mails", ["", "en", "de", "es", "fr"])

    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]

    field = desk.client.get(PAGE).context["form"].fields["language"]
    assert (field.label, [code for code, _name in field.choices]) == ("Language", ["", "en", "de"])


def test_the_chosen_language_is_spoken_and_one_that_is_gone_is_not(desk, grace, settings):
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]
    desk.client.post(PAGE, filled_in(language="de"))

    try:
        chosen = desk.client.get(PAGE)
        settings.LANGUAGES = [("en", "English"), ("fr", "Français")]
        gone = desk.client.get(PAGE)
    finally:
        translation.activate("en")

    grace.refresh_from_db()
    assert grace.language == "de"
    assert '<html lang="de"' in chosen.content.decode()
    assert '<html lang="en"' in gone.content.decode()


def test_times_are_the_agents_own(desk, ticket):
    desk.client.post(PAGE, filled_in(time_zone="Asia/Tokyo"))

    # Opened at nine in the morning in London.
    assert "18:00" in desk.look(ticket).content.decode()


# --- Where the day starts, how much stands on a page -------------------------------------------------


def test_the_desk_opens_with_the_first_queue(desk):
    prefer(desk.agent, default_queue="mine")

    assert desk.client.get("/desk/")["Location"] == "/desk/queues/mine/"


def test_a_first_queue_that_is_no_more_is_the_usual_one(desk):
    prefer(desk.agent, default_queue="gone")

    assert desk.client.get("/desk/")["Location"] == "/desk/queues/open/"
    assert desk.client.get(PAGE).context["form"]["default_queue"].value() == "open"


def test_a_page_of_the_queue_is_as_long_as_wanted(desk, ada, topic):
    for n in range(13):
        cast.make_ticket(ada, topic, at=MONDAY + n * MINUTE)
    prefer(desk.agent, page_size=10)

    first = desk.client.get("/desk/queues/open/")
    second = desk.client.get(first.context["older_url"])
    back = desk.client.get(second.context["newer_url"])

    assert [len(row_numbers(page)) for page in (first, second, back)] == [10, 3, 10]
    assert not set(row_numbers(first)) & set(row_numbers(second))
    assert row_numbers(back) == row_numbers(first)


def test_a_hundred_rows_ask_no_more_than_ten(desk, ada, topic):
    def asked() -> int:
        desk.client.get("/desk/queues/open/")
        with CaptureQueriesContext(connection) as queries:
            desk.client.get("/desk/queues/open/")
        return len(queries)

    for n in range(101):
        cast.make_ticket(ada, topic, at=MONDAY + n * MINUTE)
    prefer(desk.agent, page_size=10)
    few = asked()
    prefer(desk.agent, page_size=100)

    assert asked() == few <= 12
    assert len(row_numbers(desk.client.get("/desk/queues/open/"))) == 100


def test_preferences_come_with_the_session(desk, ticket):
    prefer(desk.agent, page_size=10)

    with CaptureQueriesContext(connection) as queries:
        desk.look(ticket)

    asking = [query["sql"] for query in queries if "accounts_preferences" in query["sql"]]
    assert len(asking) == 1
    assert "accounts_user" in asking[0]


# --- The order of entries --------------------------------------------------------------------------


def long_thread(ticket: Ticket, grace: User, entries: int) -> None:
    for n in range(entries):
        actions.add_note(ticket=ticket, text=f"Note {n}.", by=Principal.agent(grace), at=MONDAY + n * MINUTE)


def entries(answer) -> list[int]:
    return [int(number) for number in re.findall(r'<article class="entry[^>]* id="e(\d+)"', answer.content.decode())]


def test_newest_first_turns_the_thread_and_puts_the_composer_at_its_new_end(desk, grace, ticket):
    long_thread(ticket, grace, 3)

    usual = desk.look(ticket)
    prefer(grace, thread_order=ThreadOrder.NEWEST_FIRST)
    turned = desk.look(ticket)

    assert entries(usual) == [1, 2, 3, 4]
    assert entries(turned) == [4, 3, 2, 1]
    for page, is_above in ((usual, False), (turned, True)):
        text = page.content.decode()
        assert (text.index('id="composer"') < text.index('id="thread"')) == is_above


def test_what_happened_between_entries_turns_with_them(desk, grace, ticket, billing):
    mia = cast.make_agent("Mia", billing)
    by = Principal.agent(grace)
    actions.assign(ticket=ticket, to=mia, by=by, at=MONDAY)
    actions.add_note(ticket=ticket, text="Between.", by=by, at=MONDAY + MINUTE)
    actions.assign(ticket=ticket, to=grace, by=by, at=MONDAY + 2 * MINUTE)

    def told() -> list[str]:
        pieces = desk.look(ticket).context["thread"].pieces
        return [
            each
            for piece in pieces
            for each in ([f"e{piece.item.entry.number}"] if piece.item else [line.sentence for line in piece.events])
        ]

    usual = told()
    prefer(grace, thread_order=ThreadOrder.NEWEST_FIRST)

    assert [each for each in usual if each.startswith("e")] == ["e1", "e2"]
    assert len(usual) > 4
    assert told() == usual[::-1]


def test_a_long_thread_is_paged_the_same_way_round(desk, grace, ticket):
    long_thread(ticket, grace, 59)
    prefer(grace, thread_order=ThreadOrder.NEWEST_FIRST)

    newest = desk.look(ticket)
    earlier = desk.client.get(newest.context["earlier_url"])
    part = desk.client.get(newest.context["earlier_url"], headers={"HX-Request": "true"})
    later = desk.client.get(earlier.context["later_url"])

    assert entries(newest) == list(range(60, 10, -1))
    assert entries(earlier) == list(range(10, 0, -1))
    assert entries(later) == list(range(60, 10, -1))
    text = newest.content.decode()
    assert text.index('id="e11"') < text.index("Show earlier")
    text = earlier.content.decode()
    assert text.index("Show later") < text.index('id="e10"')
    # What a script adds below must not lead back up.
    assert "Show later" not in part.content.decode()


# --- After a reply ---------------------------------------------------------------------------------


@pytest.fixture
def three(ada, topic) -> list[Ticket]:
    """Tickets in the order of the queue "Open"."""
    return [cast.make_ticket(ada, topic, at=MONDAY + n * MINUTE) for n in range(3)]


def after_reply(desk, ticket: Ticket, query: str = "?queue=open", **sent: object) -> str:
    seen = Ticket.objects.values_list("last_event_number", flat=True).get(pk=ticket.pk)
    data = {"seen": seen, "kind": "reply", "then": "await", "body": "Which one?", "request_key": "k" * 22} | sent
    return desk.client.post(f"/desk/tickets/{ticket.number}/reply/{query}", data)["Location"]


@pytest.mark.parametrize(
    ("wanted", "place", "expected"),
    [
        (AfterReply.TICKET, 0, "/desk/tickets/{0}/?queue=open#e2"),
        (AfterReply.NEXT, 0, "/desk/tickets/{1}/?queue=open"),
        (AfterReply.NEXT, 1, "/desk/tickets/{2}/?queue=open"),
        (AfterReply.NEXT, 2, "/desk/queues/open/"),
        (AfterReply.QUEUE, 0, "/desk/queues/open/"),
    ],
)
def test_after_a_reply_the_agent_goes_on_as_they_chose(desk, three, wanted, place, expected):
    prefer(desk.agent, after_reply=wanted)

    went = after_reply(desk, three[place])

    assert went == expected.format(*(ticket.number for ticket in three))


def test_a_ticket_that_leaves_the_queue_by_its_reply_leads_to_the_next_all_the_same(desk, three):
    prefer(desk.agent, after_reply=AfterReply.NEXT)

    went = after_reply(desk, three[0], then="resolve")

    assert Ticket.objects.get(pk=three[0].pk).status == "resolved"
    assert went == f"/desk/tickets/{three[1].number}/?queue=open"


def test_without_a_queue_the_next_is_the_usual_queue(desk, three):
    prefer(desk.agent, after_reply=AfterReply.NEXT)

    assert after_reply(desk, three[0], query="") == "/desk/queues/open/"


def test_after_a_note_the_agent_stays(desk, three):
    prefer(desk.agent, after_reply=AfterReply.QUEUE)

    went = after_reply(desk, three[0], kind="note", then="note")

    assert went == f"/desk/tickets/{three[0].number}/?queue=open#e2"


def test_a_refused_reply_stays_with_its_text(desk, three):
    prefer(desk.agent, after_reply=AfterReply.NEXT)

    answer = desk.reply(three[0], body="")

    assert answer.status_code == 422


# --- Keys and vacation ------------------------------------------------------------------------------


def test_single_keys_are_off_where_the_agent_wants_it(desk):
    usual = desk.client.get("/desk/queues/open/").content.decode()
    prefer(desk.agent, single_keys=False)
    off = desk.client.get("/desk/queues/open/").content.decode()

    assert 'data-single-keys="off"' not in usual
    assert "data-keys-switch" in usual
    assert 'data-single-keys="off"' in off
    assert "Single keys are off in your settings" in off
    assert "data-keys-switch" not in off


def test_who_is_on_vacation_is_reminded_at_the_desk(desk, grace):
    assert "You are on vacation" not in desk.client.get("/desk/queues/open/").content.decode()

    desk.client.post(PAGE, filled_in(on_vacation="on"))

    assert "You are on vacation" in desk.client.get("/desk/queues/open/").content.decode()
    desk.client.post(PAGE, filled_in())
    grace.refresh_from_db()
    assert not grace.on_vacation


def test_colleagues_see_who_is_on_vacation_on_the_ticket(desk, grace, ticket, billing):
    mia = cast.make_agent("Mia", billing)
    actions.assign(ticket=ticket, to=mia, by=Principal.agent(grace), at=MONDAY + timedelta(hours=1))
    assert "on vacation" not in desk.look(ticket).content.decode()

    User.objects.filter(pk=mia.pk).update(on_vacation=True)

    assert "on vacation" in desk.look(ticket).content.decode()
