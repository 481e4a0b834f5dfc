"""Who may enter the desk, and what they may not find there."""

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from core.models import Blob
from tests import cast
from tests.cast import MONDAY
from tests.desk.conftest import AtDesk
from tickets import actions
from tickets.models import Attachment, Department, Ticket

FORMS = ["ticket", "history", "assign", "transfer", "priority", "topic", "plan", "source", "resolve", "close"]
BUTTONS = ["reply", "note", "claim", "release", "reopen", "remove-referral"]


@pytest.mark.parametrize("name", [*FORMS, *BUTTONS])
@pytest.mark.parametrize("method", ["get", "post"])
def test_who_is_not_signed_in_goes_to_the_sign_in_page_and_comes_back(
    ticket: Ticket, client: Client, name: str, method: str
) -> None:
    url = reverse(f"desk:{name}", args=[ticket.number])

    answer = getattr(client, method)(url)

    back = url if method == "get" else reverse("desk:ticket", args=[ticket.number])
    assert answer.status_code == 302
    assert answer["Location"] == f"{reverse('account_login')}?next={back}"


def test_a_script_whose_session_ended_is_led_to_the_sign_in_page_and_back_to_its_page(
    ticket: Ticket, client: Client
) -> None:
    page = reverse("desk:ticket", args=[ticket.number])

    answer = client.post(
        reverse("desk:assign", args=[ticket.number]),
        headers={"HX-Request": "true", "HX-Current-URL": f"http://testserver{page}"},
    )

    assert answer["HX-Redirect"] == f"{reverse('account_login')}?next={page}"


@pytest.mark.parametrize("name", [*FORMS, *BUTTONS])
@pytest.mark.parametrize("who", ["ada_confirmed", "admin_user"])
def test_who_is_signed_in_and_no_agent_is_told_so(
    ticket: Ticket, who: str, name: str, request: pytest.FixtureRequest, sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(request.getfixturevalue(who))
    url = reverse(f"desk:{name}", args=[ticket.number])

    for answer in (client.get(url), client.post(url), client.get(reverse("desk:home"))):
        assert answer.status_code == 403
        assert "This desk is for agents" in answer.text
        assert ticket.subject not in answer.text


def test_an_agent_who_was_switched_off_is_out_at_once(ticket: Ticket, desk: AtDesk) -> None:
    User.objects.filter(pk=desk.agent.pk).update(is_active=False)

    assert desk.look(ticket).status_code == 302


@pytest.mark.parametrize("name", [*FORMS[2:], *BUTTONS])
def test_nothing_can_be_done_to_another_departments_ticket(
    ticket: Ticket, linus: User, at_desk: Callable[[User], AtDesk], name: str
) -> None:
    his = at_desk(linus)
    before = ticket.last_event_number

    answer = his.send(ticket, name, body="x", kind="note", then="note", request_key="k" * 22)

    assert answer.status_code == 404
    ticket.refresh_from_db()
    assert ticket.last_event_number == before


@pytest.mark.parametrize("name", FORMS)
def test_another_departments_ticket_looks_as_if_it_did_not_exist(
    ticket: Ticket, linus: User, at_desk: Callable[[User], AtDesk], name: str
) -> None:
    client = at_desk(linus).client

    found = client.get(reverse(f"desk:{name}", args=[ticket.number]))
    missing = client.get(reverse(f"desk:{name}", args=["000000"]))

    assert found.status_code == missing.status_code == 404
    nonce = re.compile(r'nonce="[^"]*"')
    assert nonce.sub("", found.text) == nonce.sub("", missing.text)


@pytest.mark.parametrize("name", FORMS[2:])
def test_a_form_that_the_role_does_not_include_says_so(
    ticket: Ticket, billing: Department, at_desk: Callable[[User], AtDesk], name: str
) -> None:
    looker = at_desk(cast.make_agent("Looker", billing, role=cast.VIEW_ONLY))

    page, part = looker.form(ticket, name), looker.form(ticket, name, **{"HX-Request": "true"})

    assert page.status_code == 403
    assert part.status_code == 422
    assert part.text.lstrip().startswith("<dialog")
    for answer in (page, part):
        assert "Your role in this department does not include this." in answer.text


def test_what_the_role_does_not_include_is_not_offered(
    ticket: Ticket, billing: Department, desk: AtDesk, at_desk: Callable[[User], AtDesk]
) -> None:
    looker = at_desk(cast.make_agent("Looker", billing, role=cast.VIEW_ONLY))

    hers, theirs = desk.look(ticket).text, looker.look(ticket).text

    changes = ("priority", "topic", "plan", "source")
    for name in ("assign", "transfer", "claim", "resolve", *changes, "close", "reply", "note"):
        url = reverse(f"desk:{name}", args=[ticket.number])
        assert f'"{url}"' in hers, name
        assert f'"{url}"' not in theirs, name


def test_what_the_state_forbids_is_not_offered(ticket: Ticket, desk: AtDesk) -> None:
    desk.send(ticket, "resolve", resolution="Done.")

    page = desk.look(ticket).text

    offered = {
        name: f'"{reverse(f"desk:{name}", args=[ticket.number])}"' in page for name in [*FORMS[2:], "claim", "reopen"]
    }
    assert {name for name, is_offered in offered.items() if is_offered} == {"close", "reopen"}


def test_a_transferred_ticket_offers_its_giver_notes_and_no_reply(
    ticket: Ticket, desk: AtDesk, support: Department
) -> None:
    desk.send(ticket, "transfer", department=support.pk, keep_access="on")

    page = desk.look(ticket).text

    assert 'value="note"' in page
    assert 'value="reply"' not in page
    assert "Send and resolve" not in page


# --- Files ---------------------------------------------------------------------------------------


@pytest.fixture
def attachment(ticket: Ticket, grace: User, files_dir: object) -> Attachment:
    from core.files import store
    from core.models import NewFile

    file = NewFile(store([b"GIF89a<script>"]), "proof.html", "text/html")
    entry = actions.add_note(ticket=ticket, text="See", files=[file], by=cast.principal(grace), at=MONDAY)
    return entry.attachments.get()


def test_a_file_goes_out_as_a_download_of_no_type(attachment: Attachment, desk: AtDesk) -> None:
    answer = desk.client.get(reverse("desk:file", args=[attachment.pk]))

    assert b"".join(answer.streaming_content) == b"GIF89a<script>"
    assert answer["Content-Disposition"] == 'attachment; filename="proof.html"'
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_a_file_of_another_departments_ticket_does_not_exist(
    attachment: Attachment, linus: User, at_desk: Callable[[User], AtDesk]
) -> None:
    client = at_desk(linus).client

    assert client.get(reverse("desk:file", args=[attachment.pk])).status_code == 404
    assert client.get("/desk/files/99999999999999999999999/").status_code == 404
    assert Blob.objects.count() == 1


# --- Addresses that somebody made up -----------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "queues/nonsense/",
        "queues/open/?department=x",
        "queues/open/?department=-1",
        "queues/open/?department=99999999999999999999999",
        "queues/open/?department=٣",
        "queues/open/?department=0",
        "tickets/%00/",
        "tickets/..%2f..%2fadmin/",
        "tickets/1'%20or%20'1'='1/",
    ],
)
def test_a_made_up_address_is_404(desk: AtDesk, path: str) -> None:
    assert desk.client.get(f"/desk/{path}").status_code == 404


def test_the_department_of_somebody_else_cannot_be_narrowed_to(desk: AtDesk, elsewhere: Department) -> None:
    assert desk.client.get(f"/desk/queues/open/?department={elsewhere.pk}").status_code == 404


@pytest.mark.parametrize("cursor", ["x", "1.2.3", "\x00", "9" * 40 + ".1", "-1.1", "1'--.1"])
@pytest.mark.parametrize("side", ["after", "before"])
def test_a_made_up_cursor_shows_the_beginning_and_says_so(ticket: Ticket, desk: AtDesk, side: str, cursor: str) -> None:
    answer = desk.client.get("/desk/queues/open/", {side: cursor})

    assert answer.status_code == 200
    assert ticket.number in answer.text
    assert "That place in the queue is not known." in answer.text


@pytest.mark.parametrize(
    "query",
    [
        "?queue=nonsense",
        "?queue=open&department=x",
        "?queue=\x00",
        "?before=x",
        "?before=999999999999999999999",
        "?after=-1",
        "?after=999999",
        "?before=0",
        "?before=1&after=1",
    ],
)
def test_made_up_parameters_of_a_ticket_are_passed_over(ticket: Ticket, desk: AtDesk, query: str) -> None:
    for name in ("ticket", "history"):
        answer = desk.form(ticket, name, query)

        assert answer.status_code == 200
        assert ticket.number in answer.text


def test_the_desk_is_not_kept_by_any_cache(ticket: Ticket, desk: AtDesk) -> None:
    assert "no-store" in desk.look(ticket)["Cache-Control"]
