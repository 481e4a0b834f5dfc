"""Opening a ticket for somebody at the desk: found or typed, with all that goes along, in one deed."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.timezone import localtime

from accounts.models import Address, Preferences, User
from accounts.principal import Face
from core.files import store
from core.models import NewFile, SiteSettings
from mail.composing import compose
from mail.models import OutgoingMail, OwnAddress, SendingAccount, Template
from sla.models import SLAPlan
from tests import cast
from tests.cast import LIMITED, VIEW_ONLY, address_for, priority
from tests.desk.conftest import toasts
from tickets import actions
from tickets.models import CannedFile, CannedResponse, Department, EntryKind, HelpTopic, Kind, Source, Status, Ticket

URL = "/desk/new/"


@pytest.fixture
def client(sign_in: Callable[[User], Client], grace: User) -> Client:
    """Grace's browser: agent in Billing, All access."""
    return sign_in(grace)


def filled_in(**changes: object) -> dict[str, object]:
    form: dict[str, object] = {
        "person": "",
        "email": "ada@example.org",
        "name": "Ada",
        "topic": "",
        "priority": "",
        "source": "phone",
        "subject": "Printer on fire",
        "text": "She called: it smokes.",
        "note": "",
        "request_key": "k" * 22,
    }
    return form | changes


def send(client: Client, **changes: object):
    return client.post(URL, filled_in(**changes))


def test_a_ticket_is_opened_for_whom_the_agent_names(client: Client, grace: User, topic: HelpTopic) -> None:
    answer = send(client, topic=topic.pk, source="phone")

    ticket = Ticket.objects.get()
    assert answer["Location"] == f"/desk/tickets/{ticket.number}/"
    assert toasts(answer) == [f"#{ticket.number} opened for Ada"]
    assert ticket.requester == Address.objects.get(email="ada@example.org").user
    assert (ticket.subject, ticket.source, ticket.topic) == ("Printer on fire", Source.PHONE, topic)
    assert (ticket.department, ticket.priority) == (topic.department, priority("High"))
    entry = ticket.entries.get()
    assert (entry.kind, entry.author, entry.text) == (EntryKind.MESSAGE, grace, "She called: it smokes.")
    event = ticket.events.get()
    assert (event.kind, event.by, event.face) == (Kind.OPENED, grace, Face.DESK)


def test_all_that_goes_along_is_one_deed(client: Client, grace: User, topic: HelpTopic, ada: User) -> None:
    send(
        client,
        person=address_for(ada).pk,
        email="",
        topic=topic.pk,
        priority=priority("Low").pk,
        note="She sounded angry.",
        takes="on",
        attachments=SimpleUploadedFile("smoke.txt", b"puff"),
    )

    ticket = Ticket.objects.get()
    assert (ticket.requester, ticket.priority, ticket.assignee) == (ada, priority("Low"), grace)
    assert ticket.status == Status.ASSIGNED
    assert [entry.kind for entry in ticket.entries.order_by("number")] == ["message", "note"]
    assert ticket.entries.get(number=1).attachments.get().name == "smoke.txt"
    assert len(set(ticket.events.values_list("deed", flat=True))) == 1
    assert "as the agent chose" in client.get(f"/desk/tickets/{ticket.number}/").content.decode()


def test_the_requester_is_mailed_the_agent_s_words(client: Client, topic: HelpTopic, settings: object) -> None:
    settings.MAIL_URL = "smtp://127.0.0.1:9"

    send(client, topic=topic.pk, note="She sounded angry.")

    mail = OutgoingMail.objects.get(recipient="ada@example.org")
    assert mail.template == Template.TICKET_OPENED_FOR


def test_sent_twice_it_is_one_ticket(client: Client, topic: HelpTopic) -> None:
    for _ in range(2):
        send(client, topic=topic.pk, note="Once.", takes="on")

    ticket = Ticket.objects.get()
    assert ticket.entries.count() == 2
    assert ticket.events.filter(kind=Kind.CLAIMED).count() == 1


def test_routing_decides_and_the_agent_is_told_where_it_went(client: Client, elsewhere: Department, ada: User) -> None:
    kernel = cast.make_topic("Kernel panics", department=elsewhere, is_public=False)

    answer = send(client, topic=kernel.pk)

    ticket = Ticket.objects.get()
    assert ticket.department == elsewhere
    assert answer["Location"] == "/desk/queues/open/"
    assert toasts(answer) == [f"#{ticket.number} opened for Ada. It is in Kernel, where you do not work"]


@pytest.mark.parametrize("wish", [{"note": "Look at this."}, {"takes": "on"}])
def test_what_needs_a_role_there_is_refused_with_all_the_rest(
    client: Client, elsewhere: Department, wish: dict[str, str]
) -> None:
    kernel = cast.make_topic("Kernel panics", department=elsewhere)

    answer = send(client, topic=kernel.pk, **wish)

    assert answer.status_code == 422
    assert "a department where you do not work" in answer.content.decode()
    assert "She called: it smokes." in answer.content.decode()
    assert not Ticket.objects.exists()


def test_whose_role_does_not_include_it_is_offered_nothing(
    sign_in: Callable[[User], Client], billing: Department
) -> None:
    vera = sign_in(cast.make_agent("Vera", billing, role=VIEW_ONLY))

    assert vera.get(URL).status_code == 403
    assert send(vera).status_code == 403
    assert URL not in vera.get("/desk/queues/open/").content.decode()
    assert not Ticket.objects.exists()


def test_any_role_of_an_agent_will_do(
    sign_in: Callable[[User], Client], billing: Department, support: Department
) -> None:
    nina = cast.make_agent("Nina", billing, role=VIEW_ONLY)
    cast.give_access(nina, support, LIMITED)
    browser = sign_in(nina)

    assert f'href="{URL}" data-key="n"' in browser.get("/desk/queues/open/").content.decode()
    send(browser)

    assert Ticket.objects.count() == 1


def test_the_action_itself_refuses_who_may_not(ada: User, billing: Department) -> None:
    from tickets.errors import NotAllowed

    vera = cast.make_agent("Vera", billing, role=VIEW_ONLY)

    with pytest.raises(NotAllowed, match="None of your roles"):
        cast.make_ticket(ada, by=cast.principal(vera), source=Source.DESK)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"email": ""}, "Say who: choose somebody, or write an e-mail address."),
        ({"subject": "  \t "}, "Write a short summary"),
        ({"text": " \n "}, "Write down what it is about."),
        ({"text": "x" * 100_001}, "100000 fit. Attach it as a file instead."),
        ({"source": "api"}, "Select a valid choice"),
        ({"topic": "999999"}, "Select a valid choice"),
        ({"request_key": "short"}, "This form is too old"),
        ({"attachments": SimpleUploadedFile("run.exe", b"MZ")}, "run.exe"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(client: Client, changes: dict[str, object], said: str) -> None:
    answer = send(client, **changes)

    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert 'value="Ada"' in answer.content.decode()
    assert not Ticket.objects.exists()


def test_a_topic_that_went_meanwhile_is_not_offered(client: Client, topic: HelpTopic) -> None:
    from django.utils import timezone

    HelpTopic.objects.filter(pk=topic.pk).update(archived_at=timezone.now())

    assert send(client, topic=topic.pk).status_code == 422


def test_somebody_known_is_looked_for_without_losing_what_is_typed(client: Client, ada: User) -> None:
    answer = client.post(URL, filled_in(email="", find_person="ada", refresh="1", takes="on"))

    shown = answer.content.decode()
    assert answer.status_code == 200
    assert f'<option value="{address_for(ada).pk}" selected>Ada, ada@example.org</option>' in shown
    assert "She called: it smokes." in shown
    assert answer.context["form"]["takes"].value() is True
    assert not Ticket.objects.exists()


@pytest.mark.parametrize(("find", "chosen"), [("ada", "Ada"), ("a", ""), ("nobody at all", ""), ("", "Bob")])
def test_who_alone_fits_is_chosen_and_whoever_does_not_fit_no_longer_is(
    client: Client, ada: User, find: str, chosen: str
) -> None:
    bob = cast.make_person("bob@elsewhere.com", "Bob")
    cast.make_person("aaron@example.org", "Aaron")

    answer = client.post(URL, filled_in(person=address_for(bob).pk, find_person=find, refresh="1"))

    people = {str(address_for(one).pk): one.name for one in (ada, bob)}
    assert people.get(str(answer.context["form"]["person"].value()), "") == chosen


def test_what_is_sent_counts_whatever_was_looked_for_since(client: Client, ada: User) -> None:
    send(client, person=address_for(ada).pk, email="", find_person="somebody else")

    assert Ticket.objects.get().requester == ada


def test_of_person_and_address_neither_is_called_optional(client: Client) -> None:
    page = client.get(URL).content.decode()

    for name in ("person", "email"):
        assert f'<label for="id_{name}">' in page
        assert "optional" not in page.partition(f'<label for="id_{name}">')[2].partition("</label>")[0]


@pytest.mark.parametrize("mail_url", ["", "smtp://127.0.0.1:9"])
def test_the_form_promises_a_mail_only_where_one_goes_out(client: Client, settings: object, mail_url: str) -> None:
    settings.MAIL_URL = mail_url  # type: ignore[attr-defined]

    assert ("and gets it by mail" in client.get(URL).content.decode()) is bool(mail_url)


def test_it_does_where_departments_have_a_way_out_of_their_own(client: Client, settings: object) -> None:
    settings.MAIL_URL = ""  # type: ignore[attr-defined]
    account = SendingAccount.objects.create(name="Ours", host="smtp.example.com")
    OwnAddress.objects.create(email="support@example.com", account=account)

    assert "and gets it by mail" in client.get(URL).content.decode()


def test_nor_does_it_where_the_site_mails_none(client: Client, settings: object) -> None:
    settings.MAIL_URL = "smtp://127.0.0.1:9"  # type: ignore[attr-defined]
    SiteSettings.objects.update(tells_opened_for=False)

    page = client.get(URL).content.decode()

    assert "and gets it by mail" not in page
    assert "Not mailed: the site settings say so." in page


def test_from_a_person_s_page_they_are_chosen_already(client: Client, ada: User) -> None:
    shown = client.get(f"{URL}?person={address_for(ada).pk}").content.decode()

    assert f'<option value="{address_for(ada).pk}" selected>' in shown


def test_the_thread_says_for_whom_it_was_written_down(client: Client, topic: HelpTopic, ada: User) -> None:
    send(client, topic=topic.pk)
    ticket = Ticket.objects.get()
    bob = cast.make_person("bob@example.org", "Bob")
    by = cast.principal(ada)
    actions.add_collaborator(ticket=ticket, address=address_for(bob), by=by, at=ticket.opened_at)
    for one in (ada, bob):
        actions.add_message(
            ticket=ticket,
            address=address_for(one),
            text="And?",
            source=Source.WEB,
            by=cast.principal(one),
            at=ticket.opened_at,
        )

    pieces = [piece for piece in client.get(f"/desk/tickets/{ticket.number}/").context["thread"].pieces if piece.item]

    assert [piece.item.voice for piece in pieces] == ["agent", "requester", "collaborator"]


def test_looking_somebody_up_keeps_the_files(client: Client, ada: User) -> None:
    chosen = SimpleUploadedFile("smoke.txt", b"It smokes.", "text/plain")

    page = client.post(URL, filled_in(find_person="ada", refresh="1", attachments=chosen)).content.decode()

    assert "smoke.txt" in page
    assert 'name="attachments-kept"' in page


def test_enter_sends_the_form_and_does_not_look_somebody_up(client: Client, ada: User) -> None:
    """The first button of a form is what Enter presses (HTML, implicit submission)."""
    form = client.get(URL, {"find_person": "x"}).content.decode().partition('action="/desk/new/"')[2]

    first = form.partition("<button")[2].partition(">")[0]
    assert 'name="refresh"' not in first


# --- From an entry --------------------------------------------------------------------------------


def test_a_ticket_is_made_from_a_message(client: Client, ada: User, ticket: Ticket) -> None:
    page = client.get(URL, {"from": f"{ticket.number}.1"})

    form = page.context["form"]
    assert form["subject"].value() == ticket.subject
    assert form["text"].value() == "We were billed twice."
    assert form["person"].value() == str(address_for(ada).pk)
    send(client, follows=ticket.number)
    made = Ticket.objects.exclude(pk=ticket.pk).get()
    assert made.follow_up_of == ticket


def test_the_files_of_the_message_go_along(client: Client, ada: User, topic: HelpTopic) -> None:
    file = NewFile(store([b"1;2"]), "list.csv", "text/csv")
    asked = cast.make_ticket(ada, topic, files=[file])

    form = client.get(URL, {"from": f"{asked.number}.1"}).context["form"]
    send(client, **{"attachments-kept": [kept.reference for kept in form.kept]})

    made = Ticket.objects.exclude(pk=asked.pk).get()
    assert [one.name for one in made.entries.get().attachments.all()] == ["list.csv"]


def test_the_words_of_a_note_stay_internal(client: Client, grace: User, ticket: Ticket) -> None:
    actions.add_note(ticket=ticket, text="They never pay.", by=cast.principal(grace), at=cast.TUESDAY)

    form = client.get(URL, {"from": f"{ticket.number}.2"}).context["form"]

    assert form["note"].value() == "They never pay."
    assert not form["text"].value()


@pytest.mark.parametrize("named", ["", ".", "1.1", "{number}.99", "{number}", "{number}.x", "\0.1", "9" * 99])
def test_an_entry_that_is_none_starts_an_empty_form(client: Client, ticket: Ticket, named: str) -> None:
    page = client.get(URL, {"from": named.format(number=ticket.number)})

    assert page.status_code == 200
    assert not page.context["form"]["subject"].value()


def test_what_an_agent_may_not_see_is_not_drawn_from(sign_in, linus: User, ticket: Ticket) -> None:
    client = sign_in(linus)

    assert not client.get(URL, {"from": f"{ticket.number}.1"}).context["form"]["subject"].value()
    send(client, follows=ticket.number)
    assert Ticket.objects.exclude(pk=ticket.pk).get().follow_up_of is None


def test_a_ticket_that_no_database_can_look_for_is_followed_by_none(client: Client) -> None:
    assert send(client, follows="\0" * 40, subject="").status_code == 422


def test_each_entry_leads_to_a_ticket_made_from_it(
    client: Client, ticket: Ticket, sign_in, billing: Department
) -> None:
    address = f"/desk/tickets/{ticket.number}/"
    assert f'href="{URL}?from={ticket.number}.1"' in client.get(address).content.decode()

    viewer = sign_in(cast.make_agent("Vera", billing, role=VIEW_ONLY))
    assert "?from=" not in viewer.get(address).content.decode()


# --- A canned response to begin with ---------------------------------------------------------------


def put_in(client: Client, response: CannedResponse | int, **changes: object):
    """Press the button that puts the chosen response in."""
    pk = response if isinstance(response, int) else response.pk
    return send(client, canned=pk, refresh="canned", **changes)


def canned(title: str = "Printers", body: str = "<p>Unplug it.</p>", **fields: object) -> CannedResponse:
    response = CannedResponse(title=title, **fields)
    response.write(body)
    response.save()
    return response


def text_of(answer) -> str:
    return answer.context["form"]["text"].value()


def test_a_canned_response_is_put_behind_what_is_written_and_nothing_is_opened(
    client: Client, topic: HelpTopic
) -> None:
    answer = put_in(client, canned(body="<p>Unplug it.</p><p>Then <b>wait</b>.</p>"), topic=topic.pk)

    assert answer.status_code == 200
    assert text_of(answer) == "She called: it smokes.\n\nUnplug it.\n\nThen wait."
    form = answer.context["form"]
    assert (form["subject"].value(), form["topic"].value(), form["canned"].value()) == (
        "Printer on fire",
        str(topic.pk),
        "",
    )
    assert not form.errors
    assert not Ticket.objects.exists()


def test_it_says_what_is_known_by_now_and_names_what_is_not(
    client: Client, ada_confirmed: User, topic: HelpTopic
) -> None:
    body = "<p>{{ requester.name.first }}, {{ agent.name }} of {{ ticket.department }}</p><p>{{ ticket.number }}</p>"

    answer = put_in(client, canned(body=body), person=address_for(ada_confirmed).pk, email="", text="", topic=topic.pk)

    assert text_of(answer) == "Ada, Grace of Billing"
    assert "so left out: ticket.number." in answer.content.decode()


def test_what_was_typed_of_somebody_unconfirmed_is_left_out(client: Client) -> None:
    cast.make_person("mallory@example.org", "Buy Gold", confirmed=False)
    body = "<p>Hello {{ requester.name }}, about {{ ticket.subject }}</p>"

    answer = put_in(client, canned(body=body), email="Mallory@example.org", text="")

    assert "Gold" not in text_of(answer)
    assert "so left out: requester.name, ticket.subject." in answer.content.decode()


def test_nobody_named_and_no_topic_is_no_trouble(client: Client) -> None:
    body = "<p>Hello {{ requester.email }} {{ thread.original }} {{ signature }} {{ ticket.created }}!</p>"

    assert text_of(put_in(client, canned(body=body), email="", text="")) == "Hello!"


def test_its_files_go_along(client: Client) -> None:
    response = canned()
    CannedFile.objects.create(
        response=response, blob=store([b"how to"]), position=1, name="how.txt", content_type="text/plain"
    )

    answer = put_in(client, response)

    kept = [one.reference for one in answer.context["form"].kept]
    send(client, **{"attachments-kept": kept})
    assert [file.name for file in Ticket.objects.get().entries.get().attachments.all()] == ["how.txt"]


def test_responses_of_the_agents_departments_and_of_all_are_offered(
    client: Client, billing: Department, elsewhere: Department
) -> None:
    above = Department.objects.create(name="Money")
    Department.objects.filter(pk=billing.pk).update(parent=above)
    ours, over, everywhere = canned("Ours", department=billing), canned("Over", department=above), canned("All")
    foreign = canned("Foreign", department=elsewhere)
    off, gone = canned("Off", is_active=False), canned("Gone", archived_at=cast.MONDAY)

    page = client.get(URL)

    offered = [str(value) for value, _label in page.context["form"].fields["canned"].widget.choices]
    assert sorted(offered) == sorted(["", *(str(one.pk) for one in (ours, over, everywhere))])
    assert "Ours (Billing)" in page.content.decode()
    for other in (foreign, off, gone):
        assert text_of(put_in(client, other)) == "She called: it smokes."


@pytest.mark.parametrize("forged", [10**30, -1, 0])
def test_a_response_that_is_none_puts_nothing_in(client: Client, forged: int) -> None:
    canned()

    assert text_of(put_in(client, forged)) == "She called: it smokes."


def test_where_there_are_none_nothing_is_offered(client: Client) -> None:
    assert "Put in" not in client.get(URL).content.decode()


@pytest.mark.parametrize(
    ("chosen", "ends"),
    [
        ({}, "Yours, Grace"),
        ({"signs": "own"}, "Yours, Grace"),
        ({"signs": "department"}, "The people of Billing"),
        ({"signs": "nothing"}, ""),
    ],
)
def test_the_first_mail_ends_as_the_agent_chose(client, grace, topic, billing, settings, chosen, ends) -> None:
    settings.MAIL_URL = "smtp://127.0.0.1:9"
    Preferences.objects.create(agent=grace, signature="Yours, Grace", signs="own")
    Department.objects.filter(pk=billing.pk).update(signature="The people of Billing")

    send(client, topic=topic.pk, **chosen)

    mail = compose(OutgoingMail.objects.get(template=Template.TICKET_OPENED_FOR))
    html = str(mail.alternatives[0][0])
    for one in ("Yours, Grace", "The people of Billing"):
        assert (one in mail.body, one in html) == ((one == ends), (one == ends))


def test_who_has_no_signature_is_not_offered_it(client: Client, grace: User, settings: object) -> None:
    settings.MAIL_URL = "smtp://127.0.0.1:9"
    page = client.get(URL)
    assert [value for value, _label in page.context["form"].fields["signs"].widget.choices] == ["department", "nothing"]
    assert "How the mail ends" in page.text

    settings.MAIL_URL = ""
    assert "How the mail ends" not in client.get(URL).text
    assert send(client, signs="never").status_code == 422


# --- A due date --------------------------------------------------------------------------------------


def in_days(days: int) -> datetime:
    return (localtime() + timedelta(days=days)).replace(second=0, microsecond=0)


def test_a_due_date_is_typed_in_the_agents_zone_and_is_part_of_the_deed(
    client: Client, grace: User, topic: HelpTopic
) -> None:
    grace.time_zone = "Asia/Kathmandu"
    grace.save()
    kathmandu = ZoneInfo("Asia/Kathmandu")
    wanted = in_days(9).astimezone(kathmandu)

    send(client, topic=topic.pk, due_at=f"{wanted:%Y-%m-%dT%H:%M}", note="He was promised it.", takes="on")

    ticket = Ticket.objects.get()
    clock = ticket.clocks.get(target="resolution")
    assert (ticket.manual_due_at, clock.deadline_at, clock.is_manual) == (wanted, wanted, True)
    event = ticket.events.get(kind=Kind.DUE_DATE_SET)
    assert (event.by, datetime.fromisoformat(event.data["to"])) == (grace, wanted)
    assert len(set(ticket.events.values_list("deed", flat=True))) == 1
    assert (ticket.assignee, ticket.entry_count) == (grace, 2)
    assert "set by <bdi>Grace</bdi>" in client.get(f"/desk/tickets/{ticket.number}/").content.decode()


@pytest.mark.parametrize(
    ("due", "said"),
    [
        ("2020-01-01T09:00", "Choose a time within the next two years."),
        ("9999-12-31T23:59", "Choose a time within the next two years."),
        ("soon", "Write day and time like 2026-11-30 09:00."),
    ],
)
def test_a_due_date_that_cannot_be_is_said_beside_it(client: Client, topic: HelpTopic, due: str, said: str) -> None:
    answer = send(client, topic=topic.pk, due_at=due)

    assert answer.status_code == 422
    assert answer.context["form"].errors["due_at"] == [said]
    assert f'value="{due}"' in answer.content.decode()
    assert not Ticket.objects.exists()


def test_where_no_plan_holds_there_is_no_due_date(client: Client, billing: Department) -> None:
    SLAPlan.objects.update(is_default=False)
    bare = cast.make_topic("Bare", department=billing)

    answer = send(client, topic=bare.pk, due_at=f"{in_days(3):%Y-%m-%dT%H:%M}")

    assert answer.status_code == 422
    assert "No SLA plan holds" in answer.context["form"].errors["due_at"][0]
    assert not Ticket.objects.exists()


def test_where_the_agent_does_not_work_they_set_no_due_date(client: Client, elsewhere: Department) -> None:
    kernel = cast.make_topic("Kernel panics", department=elsewhere)

    answer = send(client, topic=kernel.pk, due_at=f"{in_days(3):%Y-%m-%dT%H:%M}")

    assert "a department where you do not work" in answer.context["form"].errors["due_at"][0]
    assert not Ticket.objects.exists()


def test_whose_role_does_not_include_it_is_offered_none_and_sets_none(
    sign_in: Callable[[User], Client], billing: Department, topic: HelpTopic
) -> None:
    lena = sign_in(cast.make_agent("Lena", billing, role=LIMITED))

    assert 'name="due_at"' not in lena.get(URL).content.decode()
    send(lena, topic=topic.pk, due_at=f"{in_days(3):%Y-%m-%dT%H:%M}")

    assert Ticket.objects.get().manual_due_at is None


def test_a_due_date_stays_typed_while_somebody_is_looked_for(client: Client, ada: User) -> None:
    answer = client.post(URL, filled_in(email="", find_person="ada", refresh="1", due_at="2030-01-02T09:00"))

    assert 'value="2030-01-02T09:00"' in answer.content.decode()
