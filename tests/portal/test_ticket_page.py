"""The ticket by its link: what a requester sees, in which order, at what cost, and what never appears."""

import re
import secrets
from datetime import timedelta

import pytest
from django.core import signing
from django.urls import reverse
from django.utils import timezone

from accounts import people
from accounts.models import Address
from core.files import store
from core.models import NewFile
from sla.models import Target
from tests import cast
from tests.cast import DAY, HOUR, MINUTE, MONDAY
from tickets import actions, links
from tickets.models import (
    Attachment,
    CloseReason,
    Department,
    DepartmentAccess,
    HelpTopic,
    ThreadEntry,
    Ticket,
    TicketEvent,
)

pytestmark = pytest.mark.django_db


def text_of(response) -> str:
    return response.content.decode()


def words_of(response) -> str:
    """Return what stands on the page, without tags, in one line."""
    body = re.sub(r"<(style|script|svg|template).*?</\1>", " ", text_of(response), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def steps_of(response) -> list[tuple[str, str]]:
    return [(step.label, step.state) for step in response.context["steps"]]


# --- The link ----------------------------------------------------------------------------------


def test_the_link_opens_the_ticket(browser, page, ticket):
    response = browser.get(page)

    assert response.status_code == 200
    assert f"#{ticket.number}" in text_of(response)
    assert "We were billed twice." in text_of(response)


def test_the_page_is_kept_by_nobody_and_its_address_leaves_no_trace(browser, page):
    response = browser.get(page)

    assert response["Cache-Control"] == "private, no-store"
    assert response["Referrer-Policy"] == "same-origin"
    assert "noindex" in response["X-Robots-Tag"]


def test_looking_changes_nothing(browser, page, ticket):
    def everything():
        models = (Ticket, ThreadEntry, TicketEvent, Address)
        return [list(model.objects.order_by("pk").values()) for model in models]

    before = everything()

    for address in (page, f"{page}message/", f"{page}close/"):
        browser.get(address, follow=True)
        browser.head(address)

    assert everything() == before
    assert "sessionid" not in browser.cookies


def spoiled(token: str) -> list[str]:
    value, *rest = token.split(":")
    return [token[:-1], token + "x", ":".join([value + "A", *rest]), "x", "a:b:c", token.replace(":", "")]


@pytest.mark.parametrize("number", range(6))
def test_a_forged_link_is_not_found(browser, token, number):
    response = browser.get(reverse("portal:ticket", args=[spoiled(token)[number]]))

    assert response.status_code == 404
    assert "This link does not open a ticket" in text_of(response)
    assert 'action="/check/"' in text_of(response)


def test_a_token_signed_for_something_else_is_not_found(browser, ticket):
    participant = ticket.participants.get()
    token = signing.dumps([ticket.pk, participant.address_id, participant.address.link_epoch], salt="another")

    assert browser.get(reverse("portal:ticket", args=[token])).status_code == 404


def test_a_link_ends_after_thirty_days(browser, page, monkeypatch):
    assert timedelta(days=30) == links.LASTS
    monkeypatch.setattr(links, "LASTS", timedelta(seconds=-1))

    response = browser.get(page)

    assert response.status_code == 404
    assert "Links are good for 30 days." in text_of(response)


def test_raising_the_epoch_revokes_every_link_of_the_address(browser, page, ada_address):
    people.revoke_links(ada_address)

    assert browser.get(page).status_code == 404


@pytest.mark.parametrize("action", ["message", "close"])
def test_a_revoked_link_does_nothing(browser, page, resolved, ada_address, action):
    people.revoke_links(ada_address)

    response = browser.post(f"{page}{action}/", {"text": "Not solved.", "seen": resolved.last_event_number})

    assert response.status_code == 404
    resolved.refresh_from_db()
    assert (resolved.status, resolved.entry_count) == ("resolved", 2)


def test_a_link_of_who_was_switched_off_is_not_found(browser, page, ada):
    ada.is_active = False
    ada.save()

    assert browser.get(page).status_code == 404


@pytest.mark.parametrize("gone", ["trashed_at", "merged_into"])
def test_a_ticket_in_the_trash_or_merged_is_not_found(browser, page, ticket, gone):
    other = cast.make_ticket(ticket.requester)
    Ticket.objects.filter(pk=ticket.pk).update(**{gone: timezone.now() if gone == "trashed_at" else other})

    assert browser.get(page).status_code == 404


def test_the_link_opens_that_ticket_alone(browser, page, ticket):
    other = cast.make_ticket(ticket.requester, subject="Something else")

    page_text = text_of(browser.get(page))

    assert other.number not in page_text
    assert "Something else" not in page_text


def test_an_agent_with_the_link_sees_what_its_holder_sees(sign_in, page, ticket, grace):
    actions.add_note(ticket=ticket, text="Only for us.", by=cast.principal(grace), at=MONDAY)

    assert "Only for us." not in text_of(sign_in(grace).get(page))


# --- What never appears --------------------------------------------------------------------------


def test_nothing_internal_appears_in_any_state(browser, page, ticket, grace, ken, support, billing):
    """Notes, who wrote them, priorities, plans, clocks, teams and referrals stay inside."""
    secret, grace_says = secrets.token_hex(8), cast.principal(grace)
    files = [NewFile(store([secret.encode()]), f"{secret}.txt", "text/plain")]
    note = actions.add_note(ticket=ticket, text=f"Note {secret}", files=files, by=grace_says, at=MONDAY)
    DepartmentAccess.objects.create(agent=ken, department=billing, role=cast.Role.objects.get(name=cast.ALL_ACCESS))
    actions.change_priority(ticket=ticket, to=cast.priority("Emergency"), by=grace_says, at=MONDAY)
    actions.assign(ticket=ticket, to=ken, note=f"Assigned {secret}", by=grace_says, at=MONDAY)
    shown = [browser.get(page)]
    actions.transfer(ticket=ticket, to=support, note=f"Moved {secret}", by=grace_says, at=MONDAY)
    shown.append(browser.get(page))
    actions.resolve(ticket=ticket, resolution=f"How {secret}", by=cast.principal(ken), at=MONDAY)
    shown.append(browser.get(page))

    attachment = note.attachments.get()
    shown.append(browser.get(f"{page}files/{attachment.pk}/"))
    for response in shown:
        everything = f"{response.headers}{text_of(response)}"
        assert secret not in everything
        assert not any(word in everything for word in ("Emergency", "Sev-B", "Grace", "due"))


def test_a_reason_such_as_spam_is_not_told(browser, page, ticket, grace):
    actions.close_unresolved(ticket=ticket, reason=CloseReason.SPAM, by=cast.principal(grace), at=timezone.now())

    response = browser.get(page)

    assert "spam" not in text_of(response).lower()
    assert steps_of(response) == [("Opened", "done"), ("Closed", "now")]


def test_hostile_text_is_shown_as_text(browser, page, ticket, grace):
    hostile = '<img src=x onerror=alert(1)> javascript:alert(2) http://example.com/"onclick="x'
    actions.reply(ticket=ticket, text=hostile, by=cast.principal(grace), at=MONDAY)

    page_text = text_of(browser.get(page))

    assert "<img src=x" not in page_text
    assert 'href="javascript' not in page_text
    assert '"onclick="' not in page_text


# --- Where it stands -------------------------------------------------------------------------------


def test_the_stepper_follows_the_life_of_the_ticket(browser, page, ticket, grace, at):
    by, jane = cast.principal(grace), links.read(page.split("/")[2])
    link = cast.Principal.link(jane.user, ticket.pk)
    told = [steps_of(browser.get(page))]
    actions.claim(ticket=ticket, by=by, at=at)
    told.append(steps_of(browser.get(page)))
    actions.reply_and_resolve(ticket=ticket, text="Done.", by=by, at=at)
    told.append(steps_of(browser.get(page)))
    actions.reopen(ticket=ticket, by=link, at=at)
    told.append(steps_of(browser.get(page)))
    actions.resolve(ticket=ticket, by=by, at=at)
    actions.close(ticket=ticket, by=link, at=at)
    told.append(steps_of(browser.get(page)))

    assert told == [
        [("Opened", "now"), ("Assigned", "todo"), ("Resolved", "todo"), ("Closed", "todo")],
        [("Opened", "done"), ("Assigned", "now"), ("Resolved", "todo"), ("Closed", "todo")],
        [("Opened", "done"), ("Assigned", "done"), ("Resolved", "now"), ("Closed", "todo")],
        [("Opened", "done"), ("Reopened", "now"), ("Resolved", "todo"), ("Closed", "todo")],
        [("Opened", "done"), ("Assigned", "done"), ("Resolved", "done"), ("Closed", "now")],
    ]


def test_a_transfer_is_told_and_no_name_of_who_did_it(browser, page, ticket, grace, support):
    actions.transfer(ticket=ticket, to=support, by=cast.principal(grace), at=MONDAY)

    response = browser.get(page)

    assert "Moved to Support" in words_of(response)
    assert "Grace" not in text_of(response)


def test_a_resolved_ticket_asks_whether_it_is_solved(browser, page, resolved):
    words = words_of(browser.get(page))

    assert "Was it solved?" in words
    assert "Grace answered." in words
    assert "If we hear nothing, the ticket closes on" in words
    assert "Marked as the solution" in words


def test_a_closed_ticket_says_until_when_it_may_come_back(browser, page, resolved, grace, at):
    actions.close(ticket=resolved, by=cast.principal(grace), at=at)

    words = words_of(browser.get(page))

    assert "This ticket is closed" in words
    until = timezone.localtime(at + timedelta(days=14))
    assert f"Write to us below until {until:%-d %B, %H:%M}, and it is opened again." in words


def test_one_closed_too_long_ago_says_that_a_new_ticket_follows(browser, page, resolved, grace, at):
    actions.close(ticket=resolved, by=cast.principal(grace), at=at - 15 * DAY)

    words = words_of(browser.get(page))

    assert "It was closed too long ago to be opened again." in words
    assert f"Your message opens a new ticket that follows #{resolved.number}." in words


def test_a_follow_up_names_the_ticket_it_follows(browser, ticket):
    follow_up = cast.make_ticket(ticket.requester, follows=ticket)

    words = words_of(browser.get(reverse("portal:ticket", args=[links.token_for(follow_up.participants.get())])))

    assert f"Follows #{ticket.number}" in words


# --- The thread ----------------------------------------------------------------------------------


def fill(ticket: Ticket, grace, count: int) -> None:
    """Let Ada and Grace write in turns until the ticket has `count` public entries, with a file each."""
    for n in range(2, count + 1):
        when = MONDAY + n * MINUTE
        files = [NewFile(store([b"%d" % n]), f"{n}.txt", "text/plain")]
        if n % 2:
            by, address = cast.principal(ticket.requester), cast.address_for(ticket.requester)
            actions.add_message(
                ticket=ticket, address=address, text=f"Words {n}", source="web", by=by, at=when, files=files
            )
        else:
            actions.reply(ticket=ticket, text=f"Words {n}", by=cast.principal(grace), at=when, files=files)


def numbers(rows) -> list[int]:
    return [row.entry.number for row in rows if hasattr(row, "entry")]


def test_a_short_thread_is_shown_whole(browser, page, ticket, grace):
    fill(ticket, grace, 2)

    conversation = browser.get(page).context["conversation"]

    assert (numbers(conversation.folded), numbers(conversation.in_sight)) == ([], [1, 2])


def test_what_is_older_than_the_newest_answer_is_folded(browser, page, ticket, grace):
    fill(ticket, grace, 7)

    conversation = browser.get(page).context["conversation"]

    assert (numbers(conversation.folded), numbers(conversation.in_sight)) == ([1, 2, 3, 4, 5], [6, 7])
    assert "5 older messages" in words_of(browser.get(page))


def test_events_stand_between_the_entries_they_happened_between(browser, page, ticket, grace, support):
    fill(ticket, grace, 2)
    actions.transfer(ticket=ticket, to=support, by=cast.principal(grace), at=MONDAY + HOUR)

    rows = browser.get(page).context["conversation"].in_sight

    assert [getattr(row, "sentence", None) or row.entry.number for row in rows] == [1, 2, "Moved to Support"]


def test_a_long_thread_is_read_in_pages(browser, page, ticket, grace):
    fill(ticket, grace, 120)

    newest = browser.get(page).context["conversation"]
    middle = browser.get(f"{page}?before={newest.earlier}").context["conversation"]
    oldest = browser.get(f"{page}?before={middle.earlier}").context["conversation"]

    assert numbers(newest.folded) + numbers(newest.in_sight) == list(range(71, 121))
    assert numbers(middle.in_sight) == list(range(21, 71))
    assert numbers(oldest.in_sight) == list(range(1, 21))
    assert (newest.is_newest, middle.is_newest, oldest.earlier) == (True, False, None)


@pytest.mark.parametrize("before", ["x", "-1", "1.5", "９", "1" * 30, "1 OR 1"])
def test_a_tampered_page_number_is_not_found(browser, page, before):
    assert browser.get(page, {"before": before}).status_code == 404


def test_a_page_before_the_first_entry_is_empty_and_whole(browser, page):
    assert browser.get(page, {"before": "1"}).status_code == 200


def test_the_page_costs_the_same_for_five_entries_as_for_fifty(
    browser, ticket, ada, grace, billing, support, django_assert_max_num_queries
):
    """Every entry has a file; authors, departments and topics differ."""
    costs = []
    for count in (5, 50):
        one = cast.make_ticket(ada, ticket.topic)
        for n in range(2, count + 1):
            agent = cast.make_agent(f"Agent {count} {n}", Department.objects.create(name=f"Department {count} {n}"))
            DepartmentAccess.objects.create(agent=agent, department=billing, role=agent.department_access.get().role)
            files = [NewFile(store([b"%d %d" % (count, n)]), f"{n}.txt", "text/plain")]
            actions.reply(ticket=one, text=f"{n}", by=cast.principal(agent), at=MONDAY + n * MINUTE, files=files)
        by = grace
        for n in range(2, count + 1, 5):
            to = Department.objects.get(name=f"Department {count} {n}")
            actions.transfer(ticket=one, to=to, by=cast.principal(by), at=MONDAY + HOUR + n * MINUTE)
            by = to.access.get().agent
        address = reverse("portal:ticket", args=[links.token_for(one.participants.get())])
        with django_assert_max_num_queries(15) as queries:
            browser.get(address)
        costs.append(len(queries))

    assert abs(costs[0] - costs[1]) <= 1


# --- Files ------------------------------------------------------------------------------------------


@pytest.fixture
def attachment(ticket, grace) -> Attachment:
    files = [NewFile(store([b"<script>"]), "שלום.html", "text/html")]
    return actions.reply(
        ticket=ticket, text="Look.", files=files, by=cast.principal(grace), at=MONDAY
    ).attachments.get()


def test_a_file_is_served_as_a_download(browser, page, attachment):
    address = f"{page}files/{attachment.pk}/"
    assert f'href="{address}"' in text_of(browser.get(page))

    response = browser.get(address)

    assert b"".join(response) == b"<script>"
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith("attachment; filename*=utf-8''")
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response["X-Content-Type-Options"] == "nosniff"


def test_a_file_of_a_note_is_not_found(browser, page, ticket, grace):
    files = [NewFile(store([b"secret"]), "secret.txt", "text/plain")]
    note = actions.add_note(ticket=ticket, text="Look.", files=files, by=cast.principal(grace), at=MONDAY)

    assert browser.get(f"{page}files/{note.attachments.get().pk}/").status_code == 404
    assert "secret.txt" not in text_of(browser.get(page))


def test_a_file_of_another_ticket_is_not_found(browser, attachment, ada):
    other = cast.make_ticket(ada)
    page = reverse("portal:ticket", args=[links.token_for(other.participants.get())])

    assert browser.get(f"{page}files/{attachment.pk}/").status_code == 404


def test_a_file_without_a_valid_link_is_not_found(browser, page, attachment, ada_address):
    people.revoke_links(ada_address)

    assert browser.get(f"{page}files/{attachment.pk}/").status_code == 404


def test_a_number_no_database_can_hold_is_not_found(browser, page):
    assert browser.get(f"{page}files/{10**30}/").status_code == 404


def test_no_clock_is_shown(browser, page, ticket):
    assert ticket.clocks.filter(target=Target.RESOLUTION).exists()

    words = words_of(browser.get(page))

    assert not any(word in words for word in ("Resolution", "First response", "over", "left"))


@pytest.mark.parametrize("is_public", [True, False])
def test_a_department_that_is_not_public_is_never_named(
    browser, page, ticket, grace, billing, support, topic, at, is_public
):
    parent = Department.objects.create(name="Hidden Works")
    Department.objects.filter(pk=support.pk).update(name="Secret Ring", is_public=is_public, parent=parent)
    above = HelpTopic.objects.create(name="Hidden Matters", is_public=False)
    HelpTopic.objects.filter(pk=topic.pk).update(parent=above)

    actions.transfer(
        ticket=ticket, to=Department.objects.get(pk=support.pk), by=cast.principal(grace), at=at, keep_access=True
    )

    shown = browser.get(page).text
    assert "Hidden" not in shown
    assert "Invoices" in shown
    assert shown.count("Secret Ring") == (2 if is_public else 0)
    assert ("Moved to other colleagues" in shown) is not is_public
