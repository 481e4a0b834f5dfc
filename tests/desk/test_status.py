"""Resolve, close, reopen; change priority, help topic and plan."""

import pytest

from sla.models import Priority, SLAPlan
from tests import cast
from tests.cast import HOUR
from tests.desk.conftest import AtDesk, offered, toasts
from tickets.models import CloseReason, EntryKind, HelpTopic, Status, Ticket


def test_resolving_before_anybody_answered_needs_to_say_how(ticket: Ticket, desk: AtDesk) -> None:
    refused = desk.send(ticket, "resolve", resolution=" ")

    assert refused.status_code == 422
    assert "Nobody has answered yet. Reply, or say here how it was solved." in refused.text
    done = desk.send(ticket, "resolve", resolution="By phone.")
    ticket.refresh_from_db()
    assert ticket.status == Status.RESOLVED
    assert ticket.entries.get(kind=EntryKind.NOTE).text == "By phone."
    assert toasts(done) == [f"#{ticket.number} resolved"]


def test_resolving_after_a_reply_needs_nothing_more(ticket: Ticket, desk: AtDesk) -> None:
    desk.reply(ticket)

    desk.send(ticket, "resolve")

    ticket.refresh_from_db()
    assert ticket.status == Status.RESOLVED


def test_undo_of_resolving_reopens(ticket: Ticket, desk: AtDesk) -> None:
    answer = desk.undo(desk.send(ticket, "resolve", resolution="Done."))

    ticket.refresh_from_db()
    assert ticket.status == Status.REOPENED
    assert toasts(answer) == [f"#{ticket.number} reopened"]


def test_a_resolved_ticket_is_closed_by_a_button(ticket: Ticket, desk: AtDesk) -> None:
    desk.send(ticket, "resolve", resolution="Done.")
    assert desk.form(ticket, "close").status_code == 302

    answer = desk.send(ticket, "close")

    ticket.refresh_from_db()
    assert (ticket.status, ticket.close_reason) == (Status.CLOSED, CloseReason.AGENT)
    assert toasts(answer) == [f"#{ticket.number} closed"]


def test_an_unresolved_ticket_is_closed_with_a_reason(ticket: Ticket, desk: AtDesk) -> None:
    answer = desk.send(ticket, "close", reason="spam", note="The third one today.")

    ticket.refresh_from_db()
    assert (ticket.status, ticket.close_reason) == (Status.CLOSED, CloseReason.SPAM)
    assert ticket.entries.get(kind=EntryKind.NOTE).text == "The third one today."
    desk.undo(answer)
    ticket.refresh_from_db()
    assert ticket.status == Status.REOPENED


@pytest.mark.parametrize("reason", ["", "confirmed", "silence", "nonsense"])
def test_a_reason_that_is_none_is_refused_and_the_note_stays(ticket: Ticket, desk: AtDesk, reason: str) -> None:
    answer = desk.send(ticket, "close", reason=reason, note="Why not.")

    assert answer.status_code == 422
    assert answer.context["dialog"].form.errors.keys() == {"reason"}
    assert "Why not." in answer.text
    ticket.refresh_from_db()
    assert ticket.status == Status.OPEN


def test_reopening(ticket: Ticket, desk: AtDesk) -> None:
    desk.send(ticket, "close", reason="duplicate")

    answer = desk.send(ticket, "reopen")

    ticket.refresh_from_db()
    assert ticket.status == Status.REOPENED
    assert toasts(answer) == [f"#{ticket.number} reopened"]


def test_there_is_nothing_to_reopen_while_it_is_open(ticket: Ticket, desk: AtDesk) -> None:
    answer = desk.send(ticket, "reopen")

    assert toasts(answer) == ["This ticket is still being worked on, so there is nothing to reopen."]


@pytest.mark.parametrize("name", ["assign", "transfer", "resolve", "priority", "topic", "plan", "source", "close"])
def test_a_closed_ticket_refuses_every_form_with_a_sentence(ticket: Ticket, desk: AtDesk, name: str) -> None:
    desk.send(ticket, "close", reason="obsolete")

    answer = desk.form(ticket, name)

    assert answer.status_code == 403
    assert "resolved or closed" in answer.text


# --- Priority, topic, plan -------------------------------------------------------------------------


def test_changing_priority_topic_and_plan(ticket: Ticket, desk: AtDesk) -> None:
    low = cast.priority("Low")
    topic = cast.make_topic("Refunds <&>")
    plan = cast.make_plan("Sev-C", resolution=9 * HOUR)

    answers = [
        desk.send(ticket, "priority", to=low.pk),
        desk.send(ticket, "topic", to=topic.pk),
        desk.send(ticket, "plan", to=plan.pk),
    ]

    ticket.refresh_from_db()
    assert (ticket.priority, ticket.topic, ticket.sla_plan) == (low, topic, plan)
    assert [toasts(answer)[0] for answer in answers] == [
        f"Priority of #{ticket.number} set to Low",
        f"Help topic of #{ticket.number} set to Refunds <&>",
        f"SLA plan of #{ticket.number} set to Sev-C",
    ]
    page = desk.look(ticket).text
    assert "changed the priority from <b><bdi>High</bdi></b> to <b><bdi>Low</bdi></b>" in page
    assert "to <b><bdi>Refunds &lt;&amp;&gt;</bdi></b>" in page


def test_changing_the_source(ticket: Ticket, desk: AtDesk) -> None:
    answer = desk.send(ticket, "source", to="phone")

    ticket.refresh_from_db()
    assert ticket.source == "phone"
    assert toasts(answer) == [f"Source of #{ticket.number} set to Phone"]
    assert "changed the source from <b>Web form</b> to <b>Phone</b>" in desk.look(ticket).text


@pytest.mark.parametrize("name", ["priority", "topic", "plan", "source"])
@pytest.mark.parametrize("to", ["", "x", "0", "99999999999999999999", "\x00"])
def test_a_made_up_choice_is_refused_by_the_field(ticket: Ticket, desk: AtDesk, name: str, to: str) -> None:
    answer = desk.send(ticket, name, to=to)

    assert answer.status_code == 422
    assert answer.context["dialog"].form.errors.keys() == {"to"}


@pytest.mark.parametrize(("name", "model"), [("priority", Priority), ("topic", HelpTopic), ("plan", SLAPlan)])
def test_what_is_archived_cannot_be_chosen(ticket: Ticket, desk: AtDesk, name: str, model: type) -> None:
    archived = {"priority": lambda: cast.priority("Low"), "topic": lambda: cast.make_topic("Old")}.get(
        name, lambda: cast.make_plan("Old", resolution=HOUR)
    )()
    model.objects.filter(pk=archived.pk).update(archived_at=cast.MONDAY)

    answer = desk.send(ticket, name, to=archived.pk)

    assert answer.status_code == 422
    assert "Choose from the list." in answer.text


def test_among_many_topics_the_others_are_found_by_name(ticket: Ticket, desk: AtDesk, topic: HelpTopic) -> None:
    HelpTopic.objects.bulk_create(HelpTopic(name=f"Product {n:03}", position=n) for n in range(220))
    last = HelpTopic.objects.get(name="Product 219")

    form = desk.form(ticket, "topic")
    found = desk.send(ticket, "topic", refresh="1", to=topic.pk, find="duct 219")
    desk.send(ticket, "topic", to=last.pk, find="duct 219")

    assert len(offered(form, "to")) == 200
    assert offered(found, "to") == [str(topic.pk), str(last.pk)]
    ticket.refresh_from_db()
    assert ticket.topic == last


def test_a_plan_that_promises_nothing_is_refused_with_the_reason(ticket: Ticket, desk: AtDesk) -> None:
    empty = SLAPlan.objects.create(name="Empty")

    answer = desk.send(ticket, "plan", to=empty.pk)

    assert answer.status_code == 422
    assert "This plan promises nothing yet." in answer.text


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("priority", {"to": "1"}),
        ("resolve", {"resolution": "Kept text"}),
        ("close", {"reason": "spam", "note": "Kept text"}),
        ("transfer", {"note": "Kept text"}),
        ("assign", {"note": "Kept text"}),
    ],
)
@pytest.mark.parametrize("seen", ["", "x", "-1", "9" * 30])
def test_a_form_that_does_not_say_what_was_seen_is_refused_and_keeps_the_text(
    ticket: Ticket, desk: AtDesk, name: str, data: dict[str, str], seen: str
) -> None:
    answer = desk.send(ticket, name, seen=seen, **data)

    assert answer.status_code == 422
    assert "This form is too old." in answer.text
    if "Kept text" in data.values():
        assert "Kept text" in answer.text
    ticket.refresh_from_db()
    assert ticket.status == Status.OPEN
