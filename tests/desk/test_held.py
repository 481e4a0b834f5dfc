"""Taking a reply back and sending it later: nothing has happened until it goes, and nothing written is lost."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.utils import timezone

from accounts.models import AuditEvent, Preferences, User
from desk import later
from mail.models import OutgoingMail
from notices.models import Notice
from tests import cast
from tests.cast import DAY, HOUR, MINUTE, VIEW_ONLY, address_for
from tests.desk.conftest import AtDesk, toasts, undo_of
from tests.desk.test_composer import image, upload
from tickets import actions, tasks, wishes
from tickets.models import HeldReply, Participant, Source, Status, Ticket


@pytest.fixture(autouse=True)
def _eight_seconds(_replies_go_at_once: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Preferences._meta.get_field("undo_seconds"), "_get_default", lambda: 8)


def come(held: HeldReply) -> None:
    """Let its time come: what the relay and a worker do."""
    HeldReply.objects.filter(pk=held.pk).update(claim=(claim := uuid4()), due_at=timezone.now())
    tasks.send_held_reply(held.pk, str(claim))


def press(desk: AtDesk, ticket: Ticket, held: HeldReply, name: str, **data: object) -> object:
    seen = Ticket.objects.values_list("last_event_number", flat=True).get(pk=ticket.pk)
    desk.client.cookies.pop("messages", None)
    return desk.client.post(f"/desk/tickets/{ticket.number}/held/{held.pk}/{name}/", {"seen": seen} | data)


def write_to(ticket: Ticket, ada: User) -> None:
    actions.add_message(
        ticket=ticket,
        text="One more thing.",
        address=address_for(ada),
        source=Source.WEB,
        by=cast.principal(ada),
        at=timezone.now(),
    )


def chosen_in(page: HttpResponse) -> dict[str, object]:
    """Return what the page's form sends of whom the reply is for."""
    people = page.context["recipients"]
    return {"to_shown": " ".join(str(one.pk) for one in people), "to": [one.pk for one in people if one.is_ticked]}


def write_formatted(ticket: Ticket, desk: AtDesk) -> Participant:
    """Write formatted words with an image and a file to the requester alone; return them."""
    carol = address_for(cast.make_person("carol@example.org", "Carol"))
    actions.add_collaborator(ticket=ticket, address=carol, by=cast.principal(desk.agent), at=timezone.now())
    shown = upload(desk, ticket)
    proof = upload(desk, ticket, "proof.txt", b"proof").json()["reference"]
    requester, other = ticket.participants.order_by("added_at", "pk")
    answer = desk.reply(
        ticket,
        html=f"<p>It is <strong>done</strong>: {image(shown)}</p>",
        **{"attachments-kept": proof, "to_shown": f"{requester.pk} {other.pk}", "to": [requester.pk]},
    )
    assert answer.status_code == 302
    return requester


def test_until_it_goes_nothing_has_happened(ticket: Ticket, desk: AtDesk) -> None:
    before = Ticket.objects.values().get(pk=ticket.pk)

    answer = desk.reply(ticket, then="resolve", body="It is corrected.")

    held = HeldReply.objects.get()
    assert Ticket.objects.values().get(pk=ticket.pk) == before
    assert (ticket.entries.count(), OutgoingMail.objects.exclude(template="ticket_opened").exists()) == (1, False)
    assert held.due_at - held.created_at == timedelta(seconds=8)
    assert toasts(answer) == [f"Reply to #{ticket.number} is about to go"]
    assert answer["Location"].endswith(f"#held-{held.pk}")
    page = desk.look(ticket).text
    assert "It is corrected." in page
    assert 'data-count="8"' in page


def test_when_its_time_comes_it_is_what_it_would_have_been(ticket: Ticket, desk: AtDesk) -> None:
    file = SimpleUploadedFile("proof.txt", b"proof")
    desk.reply(ticket, then="resolve", body="It is corrected.", attachments=[file])

    come(HeldReply.objects.get())

    ticket.refresh_from_db()
    entry = ticket.entries.get(kind="reply")
    assert (entry.text, entry.author, ticket.status) == ("It is corrected.", desk.agent, Status.RESOLVED)
    assert [one.name for one in entry.attachments.all()] == ["proof.txt"]
    # The promise is kept when the answer leaves, not when it was written.
    assert ticket.first_response_at == entry.created_at
    assert not HeldReply.objects.exists()


def test_come_twice_it_goes_once(ticket: Ticket, desk: AtDesk) -> None:
    desk.reply(ticket)
    held = HeldReply.objects.get()

    come(held)
    come(held)

    assert ticket.entries.filter(kind="reply").count() == 1


def test_a_form_sent_twice_is_held_once_and_sent_once(ticket: Ticket, desk: AtDesk) -> None:
    for _time in range(2):
        assert desk.reply(ticket).status_code == 302
    come(HeldReply.objects.get())

    assert desk.reply(ticket).status_code == 302
    assert not HeldReply.objects.exists()
    assert ticket.entries.filter(kind="reply").count() == 1


def test_undo_puts_text_files_and_kind_back_into_the_composer(ticket: Ticket, desk: AtDesk) -> None:
    answer = desk.reply(ticket, body="Which <invoice>?", attachments=[SimpleUploadedFile("a.txt", b"a")])

    undone = desk.undo(answer)

    held = HeldReply.objects.get()
    assert (held.why, held.due_at) == ("taken_back", None)
    page = desk.client.get(undone["Location"].partition("#")[0])
    form = page.context["form"]
    assert (form["body"].value(), form["held"].value(), [one.name for one in form.kept]) == (
        "Which <invoice>?",
        held.pk,
        ["a.txt"],
    )
    # What is in the composer does not stand beside it once more.
    assert page.context["held"] == []
    assert ticket.entries.count() == 1


def test_sent_from_there_it_takes_the_place_of_what_was_taken_back(ticket: Ticket, desk: AtDesk) -> None:
    desk.undo(desk.reply(ticket, body="Firts"))
    taken_back = HeldReply.objects.get()

    desk.reply(ticket, body="First", request_key="n" * 22, held=taken_back.pk)

    held = HeldReply.objects.get()
    assert (held.text, held.waits) == ("First", True)


def test_formatted_words_images_and_whom_it_is_for_go_as_they_were_written(ticket: Ticket, desk: AtDesk) -> None:
    requester = write_formatted(ticket, desk)
    held = HeldReply.objects.get()
    # Its author reads it so until then.
    assert "<strong>done</strong>" in desk.look(ticket).text

    come(held)

    entry = ticket.entries.get(kind="reply")
    assert entry.html == held.html
    assert 'src="cid:' in entry.html
    [shown, proof] = entry.attachments.order_by("position")
    assert (shown.content_type, f"cid:{shown.content_id}" in entry.html, proof.name) == ("image/png", True, "proof.txt")
    assert ticket.events.get(kind="replied").data["to"] == [requester.address_id]


def test_taken_back_they_are_in_the_editor_as_they_were_and_are_sent_again_so(ticket: Ticket, desk: AtDesk) -> None:
    write_formatted(ticket, desk)
    before = HeldReply.objects.get()
    press(desk, ticket, before, "undo")

    page = desk.look(ticket, f"?edit={before.pk}")

    form, html = page.context["form"], page.context["form"]["html"].value()
    [address] = re.findall(r'<img src="([^"]+)"', html)
    assert desk.client.get(unescape(address))["Content-Type"] == "image/png"
    assert "<strong>done</strong>" in html
    assert [one.name for one in form.kept] == ["proof.txt"]
    assert [one.is_ticked for one in page.context["recipients"]] == [True, False]
    again = {"attachments-kept": form.kept[0].reference, "request_key": "n" * 22, "held": before.pk}
    desk.reply(ticket, html=html, **chosen_in(page), **again)
    held = HeldReply.objects.get()
    assert (held.html, held.text, held.to) == (before.html, before.text, before.to)
    assert [file.name for file in held.files.order_by("position")] == ["screen.png", "proof.txt"]


def test_what_looks_like_tags_comes_back_into_the_editor_as_words(ticket: Ticket, desk: AtDesk) -> None:
    written = "<p>Write <strong>it</strong> as &lt;b&gt;bold&lt;/b&gt; &amp;amp; &lt;/textarea&gt;</p>"
    desk.reply(ticket, html=written)
    held = HeldReply.objects.get()
    press(desk, ticket, held, "undo")

    page = desk.look(ticket, f"?edit={held.pk}").text

    # As a browser reads it: once unescaped it is the HTML that the editor is given.
    [given] = re.findall(r"<textarea[^>]* data-html>\n(.*?)</textarea>", page, re.DOTALL)
    assert unescape(given) == held.html == written


def test_a_colleague_who_takes_it_up_sees_its_images_too(
    ticket: Ticket, desk: AtDesk, at_desk: object, billing: object
) -> None:
    write_formatted(ticket, desk)
    eve = at_desk(cast.make_agent("Eve", billing))

    page = eve.look(ticket).text

    [address] = re.findall(r'<img src="(/desk/[^"]+[?]file=[^"]+)"', page)
    assert eve.client.get(unescape(address)).status_code == 200
    # By an address of hers: it opens nothing for others.
    assert desk.client.get(unescape(address)).status_code == 404


def test_what_was_taken_back_and_is_sent_by_the_old_form_says_so_and_goes_at_the_next_press(
    ticket: Ticket, desk: AtDesk
) -> None:
    desk.undo(desk.reply(ticket, body="Which invoice?"))

    answer = desk.reply(ticket, body="Which invoice?")

    assert answer.status_code == 422
    assert "the reply did not go" in answer.text
    assert not HeldReply.objects.filter(why="").exists()
    key = answer.context["form"]["request_key"].value()
    assert desk.reply(ticket, body="Which invoice?", request_key=key).status_code == 302
    assert HeldReply.objects.filter(why="").count() == 1


def test_what_quotes_a_note_asks_before_it_is_held(ticket: Ticket, desk: AtDesk) -> None:
    words = "The customer has not paid since the spring of last year"
    desk.reply(ticket, "note", body=words, request_key="o" * 22)

    answer = desk.reply(ticket, body=f"As we said: {words}.")

    assert "This quotes an internal note" in answer.text
    assert not HeldReply.objects.exists()
    leaks = answer.context["form"]["leaks"].value()
    desk.reply(ticket, body=f"As we said: {words}.", leaks=leaks)
    assert HeldReply.objects.get().waits


def test_a_note_that_is_written_instead_leaves_what_was_taken_back(ticket: Ticket, desk: AtDesk) -> None:
    desk.undo(desk.reply(ticket, body="Which invoice?"))
    held = HeldReply.objects.get()

    desk.reply(ticket, "note", kind="note", then="note", body="Not yet.", request_key="n" * 22, held=held.pk)

    assert HeldReply.objects.get() == held


def test_undo_comes_too_late_and_says_so(ticket: Ticket, desk: AtDesk) -> None:
    answer = desk.reply(ticket)
    come(HeldReply.objects.get())

    undone = desk.undo(answer)

    assert toasts(undone) == ["This reply was sent or discarded meanwhile."]
    assert ticket.entries.filter(kind="reply").count() == 1


def test_without_time_to_take_it_back_it_goes_at_once(ticket: Ticket, desk: AtDesk) -> None:
    Preferences.objects.create(agent=desk.agent, undo_seconds=0)

    desk.reply(ticket)

    assert not HeldReply.objects.exists()
    assert ticket.entries.filter(kind="reply").exists()


def test_taking_back_says_so_and_going_on_with_what_did_not_go_says_that(ticket: Ticket, desk: AtDesk) -> None:
    desk.reply(ticket)
    held = HeldReply.objects.get()

    taken_back = press(desk, ticket, held, "undo")
    page = desk.client.get(taken_back.url)
    again = press(desk, ticket, held, "undo")

    assert toasts(taken_back) == [
        f"The reply to #{ticket.number} is taken back. Nothing was sent; it stands in the composer again"
    ]
    assert f"The reply to #{ticket.number} is taken back." in page.text
    assert 'data-taken-up="yes"' in page.text
    assert 'data-taken-up="yes"' not in desk.look(ticket).text
    assert toasts(again) == [f"The reply to #{ticket.number} stands in the composer"]


def test_too_late_it_says_that_the_reply_went(ticket: Ticket, desk: AtDesk) -> None:
    desk.reply(ticket)
    held = HeldReply.objects.get()
    come(held)

    assert toasts(press(desk, ticket, held, "undo")) == ["This reply was sent or discarded meanwhile."]
    assert ticket.entries.count() == 2


@pytest.mark.parametrize("later", ["", "tomorrow", "own", "never"])
def test_notes_go_at_once(ticket: Ticket, desk: AtDesk, later: str) -> None:
    desk.reply(ticket, "note", kind="note", then="note", body="Not for Ada.", later=later)

    assert ticket.entries.filter(kind="note").exists()


def test_it_ends_as_its_author_chose_also_when_it_was_taken_up_again(desk, ticket, grace):
    Preferences.objects.create(agent=grace, signature="Yours, G.")
    desk.reply(ticket, signs="nothing")
    held = HeldReply.objects.get()
    press(desk, ticket, held, "undo")

    page = desk.look(ticket, f"?edit={held.pk}")

    signs = page.context["form"]["signs"].value()
    assert signs == "nothing"
    desk.reply(ticket, signs=signs, held=held.pk, request_key="n" * 22)
    come(HeldReply.objects.get())
    assert ticket.events.get(kind="replied").data["signs"] == "nothing"


# --- What keeps it from going -------------------------------------------------------------------------


def test_a_message_that_came_meanwhile_keeps_it_from_going(ticket: Ticket, desk: AtDesk, ada: User) -> None:
    desk.reply(ticket, body="It is corrected.")
    write_to(ticket, ada)

    come(HeldReply.objects.get())

    page = desk.look(ticket).text
    assert "A message came in meanwhile" in page
    assert "It is corrected." in page
    assert "Send anyway" in page
    assert not ticket.entries.filter(kind="reply").exists()


def test_after_errors_that_nobody_foresaw_it_stands_and_its_author_is_told(ticket, desk, grace, monkeypatch, caplog):
    desk.reply(ticket, body="It is corrected.")
    held = HeldReply.objects.get()
    monkeypatch.setattr("tickets.actions.held.reply", lambda **_given: 1 / 0)

    waits = []
    for _try in range(4):
        at = timezone.now()
        come(held)
        held.refresh_from_db()
        assert (held.waits, held.claim) == (True, None)
        waits.append(round((held.due_at - at) / settings.RETRY_FIRST))
    come(held)

    assert waits == [2, 4, 8, 16]
    held.refresh_from_db()
    assert (held.why, held.due_at, held.failures) == ("failed", None, 5)
    assert caplog.text.count("could not be sent") == 5
    page = desk.look(ticket).text
    assert "The help desk failed at sending it, again and again" in page
    assert "It is corrected." in page
    assert ticket.events.filter(kind="reply_stopped").count() == 1
    monkeypatch.undo()
    press(desk, ticket, held, "send")
    assert ticket.entries.filter(kind="reply").exists()


def test_a_colleague_s_reply_keeps_it_and_a_note_does_not(ticket: Ticket, desk: AtDesk, billing: object) -> None:
    colleague = cast.principal(cast.make_agent("Eve", billing))
    desk.reply(ticket)
    actions.add_note(ticket=ticket, text="Seen.", by=colleague, at=timezone.now())
    come(HeldReply.objects.get())
    assert ticket.entries.filter(kind="reply").count() == 1

    desk.reply(ticket, request_key="m" * 22)
    actions.reply(ticket=ticket, text="Mine.", by=colleague, at=timezone.now())
    come(HeldReply.objects.get())

    assert HeldReply.objects.get().why == "reply"
    assert ticket.entries.filter(kind="reply").count() == 2


@pytest.mark.parametrize(
    ("lost", "why"),
    [({"is_active": False}, "author"), ({"is_agent": False}, "author"), ({}, "refused")],
)
def test_who_may_not_any_more_sends_nothing(ticket: Ticket, desk: AtDesk, lost: dict[str, bool], why: str) -> None:
    desk.reply(ticket)
    User.objects.filter(pk=desk.agent.pk).update(**lost)
    if not lost:
        desk.agent.department_access.all().delete()

    come(HeldReply.objects.get())

    held = HeldReply.objects.get()
    assert (held.why, held.due_at, held.claim) == (why, None, None)
    assert ticket.entries.count() == 1


@pytest.mark.parametrize("is_chosen", [True, False])
def test_for_somebody_who_takes_part_no_more_it_does_not_go_to_nobody(
    ticket: Ticket, desk: AtDesk, is_chosen: bool
) -> None:
    carol = address_for(cast.make_person("carol@example.org", "Carol"))
    by = cast.principal(desk.agent)
    actions.add_collaborator(ticket=ticket, address=carol, by=by, at=timezone.now())
    requester, other = ticket.participants.order_by("added_at", "pk")
    to = [other.pk] if is_chosen else [other.pk, requester.pk]
    desk.reply(ticket, to_shown=f"{requester.pk} {other.pk}", to=to)
    actions.remove_collaborator(ticket=ticket, participant=other, by=by, at=timezone.now())

    come(held := HeldReply.objects.get())

    assert ticket.entries.filter(kind="reply").exists() != is_chosen
    assert list(HeldReply.objects.values_list("why", flat=True)) == (["nobody"] if is_chosen else [])
    if is_chosen:
        press(desk, ticket, held, "send")
        assert "Nobody whom it was for takes part any more" in desk.look(ticket).text
        assert not ticket.entries.filter(kind="reply").exists()


def test_what_is_refused_is_refused_at_once_with_the_text_kept(
    ticket: Ticket, at_desk: object, billing: object
) -> None:
    vera = at_desk(cast.make_agent("Vera", billing, role=VIEW_ONLY))

    answer = vera.reply(ticket, body="Which invoice?")

    assert answer.status_code == 422
    assert not HeldReply.objects.exists()


def test_who_did_not_see_what_is_new_is_told_at_once(ticket: Ticket, desk: AtDesk, ada: User) -> None:
    seen = ticket.last_event_number
    write_to(ticket, ada)

    answer = desk.reply(ticket, body="Which invoice?", seen=seen)

    assert answer.status_code == 422
    assert "This happened meanwhile" in answer.text
    assert "Which invoice?" in answer.text
    assert not HeldReply.objects.exists()


NOTE = "The customer was rude on the phone, so let us not hurry with this refund at all."
QUOTE = "Dear Ada, let us not hurry with this refund at all. Yours"


@pytest.fixture
def quoting(ticket: Ticket, desk: AtDesk, billing: object) -> HeldReply:
    """Grace's reply was written before Eve's note, whose words it has, and its time has come."""
    desk.reply(ticket, body=QUOTE, later=tomorrow())
    actions.add_note(ticket=ticket, text=NOTE, by=cast.principal(cast.make_agent("Eve", billing)), at=timezone.now())
    come(HeldReply.objects.get())
    return HeldReply.objects.get()


def test_what_quotes_a_note_that_was_written_since_does_not_go(
    ticket: Ticket, desk: AtDesk, quoting: HeldReply
) -> None:
    assert quoting.why == "quotes"
    assert not ticket.entries.filter(kind="reply").exists()
    page = desk.look(ticket)
    assert "It quotes an internal note" in page.text
    [leak] = page.context["held"][0].leaks
    assert (leak.author, leak.passage) == ("Eve", "let us not hurry with this refund at all")
    assert f'name="leaks" value="{leak.key} "' in page.text


def test_its_author_sends_it_all_the_same_once_they_were_told(ticket: Ticket, desk: AtDesk, quoting: HeldReply) -> None:
    answer = press(desk, ticket, quoting, "send")
    [refusal] = toasts(answer)
    assert "it quotes an internal note" in refusal
    assert HeldReply.objects.get().why == "quotes"
    key = desk.look(ticket).context["held"][0].leaks[0].key

    press(desk, ticket, quoting, "send", leaks=key)

    assert ticket.entries.get(kind="reply").text == QUOTE


def test_what_its_author_was_told_before_they_sent_it_does_not_stop_it(
    ticket: Ticket, desk: AtDesk, billing: object
) -> None:
    actions.add_note(ticket=ticket, text=NOTE, by=cast.principal(cast.make_agent("Eve", billing)), at=timezone.now())
    refused = desk.reply(ticket, body=QUOTE, later=tomorrow())
    assert refused.status_code == 422
    desk.reply(ticket, body=QUOTE, later=tomorrow(), leaks=refused.context["form"].data["leaks"])

    come(HeldReply.objects.get())

    assert ticket.entries.get(kind="reply").text == QUOTE


def test_sent_now_it_is_looked_at_too(ticket: Ticket, desk: AtDesk, billing: object) -> None:
    desk.reply(ticket, body=QUOTE, later=tomorrow())
    actions.add_note(ticket=ticket, text=NOTE, by=cast.principal(cast.make_agent("Eve", billing)), at=timezone.now())

    press(desk, ticket, HeldReply.objects.get(), "send")

    assert HeldReply.objects.get().why == "quotes"
    assert not ticket.entries.filter(kind="reply").exists()


def test_that_it_did_not_go_stands_in_the_history_and_behind_the_bell_of_its_author(
    ticket: Ticket, desk: AtDesk, ada: User
) -> None:
    desk.reply(ticket)
    write_to(ticket, ada)

    come(HeldReply.objects.get())

    event = ticket.events.get(kind="reply_stopped")
    assert event.data == {"of": f"user:{desk.agent.pk}", "why": "message"}
    told = Notice.objects.filter(event=event)
    assert [one.agent for one in told] == [desk.agent]
    assert "Your reply was not sent: A message came in meanwhile" in desk.client.get("/desk/notices/").text
    history = desk.client.get(f"/desk/tickets/{ticket.number}/history/").text
    assert "A reply of Grace was not sent: A message came in meanwhile" in re.sub(r"<[^>]+>", "", history)


def test_in_quiet_hours_its_author_is_told_and_nothing_is_announced(ticket: Ticket, desk: AtDesk, ada: User) -> None:
    always = {str(day): ["00:00", "00:00"] for day in range(7)}
    Preferences.objects.create(agent=desk.agent, quiet_hours=always, alerts_off=list(wishes.CODES))
    desk.reply(ticket)
    write_to(ticket, ada)

    come(HeldReply.objects.get())

    assert [one.is_quiet for one in Notice.objects.filter(event__kind="reply_stopped")] == [True]


def test_who_is_gone_is_told_nothing(ticket: Ticket, desk: AtDesk) -> None:
    desk.reply(ticket)
    User.objects.filter(pk=desk.agent.pk).update(is_active=False)

    come(HeldReply.objects.get())

    assert ticket.events.filter(kind="reply_stopped").exists()
    assert not Notice.objects.filter(event__kind="reply_stopped").exists()


def test_that_one_did_not_go_stops_no_other_and_refuses_no_form(
    ticket: Ticket, desk: AtDesk, quoting: HeldReply
) -> None:
    seen = ticket.events.exclude(kind="reply_stopped").latest("number").number

    answer = desk.reply(ticket, body="Another one.", request_key="o" * 22, seen=seen)

    assert answer.status_code == 302
    come(HeldReply.objects.exclude(pk=quoting.pk).get())
    assert ticket.entries.get(kind="reply").text == "Another one."


def test_the_card_says_to_whom_alone_it_is_mailed(ticket: Ticket, desk: AtDesk) -> None:
    desk.reply(ticket, request_key="e" * 22)
    write_formatted(ticket, desk)

    page = desk.look(ticket)

    assert [one.to for one in page.context["held"]] == [None, ["Ada"]]
    assert "Only to:" in page.text
    HeldReply.objects.filter(to__isnull=False).update(to=[])
    assert "Nobody is e-mailed." in desk.look(ticket).text


# --- The buttons --------------------------------------------------------------------------------------


@pytest.fixture
def stopped(ticket: Ticket, desk: AtDesk, ada: User) -> HeldReply:
    desk.reply(ticket, body="It is corrected.")
    write_to(ticket, ada)
    come(HeldReply.objects.get())
    return HeldReply.objects.get()


def test_sent_anyway_it_goes(ticket: Ticket, desk: AtDesk, stopped: HeldReply) -> None:
    answer = press(desk, ticket, stopped, "send")

    assert toasts(answer) == [f"Reply to #{ticket.number} saved. Not mailed: no mail server is set"]
    assert ticket.entries.filter(kind="reply").get().text == "It is corrected."
    assert not HeldReply.objects.exists()


def test_sent_anyway_by_a_page_that_is_too_old_it_stays(
    ticket: Ticket, desk: AtDesk, stopped: HeldReply, ada: User
) -> None:
    seen = Ticket.objects.get(pk=ticket.pk).last_event_number
    write_to(ticket, ada)

    press(desk, ticket, stopped, "send", seen=seen)

    assert HeldReply.objects.exists()


def test_discarded_it_is_gone(ticket: Ticket, desk: AtDesk, stopped: HeldReply) -> None:
    press(desk, ticket, stopped, "discard")

    assert not HeldReply.objects.exists()
    assert not ticket.entries.filter(kind="reply").exists()


@pytest.mark.parametrize("name", ["send", "undo", "cancel", "discard"])
def test_who_may_not_reply_may_do_nothing_to_it(
    ticket: Ticket, desk: AtDesk, at_desk: object, billing: object, name: str
) -> None:
    desk.reply(ticket)
    held = HeldReply.objects.get()

    press(at_desk(cast.make_agent("Vera", billing, role=VIEW_ONLY)), ticket, held, name)

    assert HeldReply.objects.get().waits


def test_a_colleague_takes_it_back_and_sends_it_as_their_own_only(
    ticket: Ticket, desk: AtDesk, at_desk: object, billing: object
) -> None:
    desk.reply(ticket, body="It is corrected.")
    held, eve = HeldReply.objects.get(), at_desk(cast.make_agent("Eve", billing))

    press(eve, ticket, held, "send")
    assert HeldReply.objects.get().waits
    press(eve, ticket, held, "undo")
    eve.reply(ticket, body="It is corrected.", request_key="e" * 22, held=held.pk)

    [mine] = HeldReply.objects.all()
    assert mine.author == eve.agent
    told = [
        (event.kind, event.by, event.target_id) for event in AuditEvent.objects.filter(target_model__endswith="reply")
    ]
    assert told == [("changed", eve.agent, held.pk), ("deleted", eve.agent, held.pk)]


def test_the_requester_sees_nothing_of_it(ticket: Ticket, desk: AtDesk, ada_confirmed: User, sign_in: object) -> None:
    desk.reply(ticket, body="Not yet to be read.")

    assert "Not yet to be read." not in sign_in(ada_confirmed).get(f"/tickets/{ticket.number}/").text


def tomorrow() -> str:
    """What the choice of tomorrow sends."""
    return next(name for name, _moment in later.presets(timezone.now()) if name.startswith("tomorrow"))


# --- Later --------------------------------------------------------------------------------------------


def test_at_a_time_of_its_own_it_goes_then(ticket: Ticket, desk: AtDesk) -> None:
    at = timezone.localtime(timezone.now() + 3 * DAY).replace(second=0, microsecond=0)

    answer = desk.reply(ticket, later="own", later_at=at.strftime("%Y-%m-%dT%H:%M"))

    held = HeldReply.objects.get()
    assert (held.is_scheduled, held.send_at) == (True, at)
    assert "goes on" in toasts(answer)[0]
    assert undo_of(answer).startswith(f"/desk/tickets/{ticket.number}/held/{held.pk}/undo/")
    page = desk.look(ticket).text
    assert "Will be sent" in page
    assert "data-held " not in page
    assert "A reply is scheduled" in desk.client.get("/desk/queues/open/").text


@pytest.mark.parametrize("when", ["", "2001-01-01T09:00", "2999-01-01T09:00", "soon", "2026-13-41T99:99"])
def test_a_time_that_cannot_be_is_refused_with_the_text_kept(ticket: Ticket, desk: AtDesk, when: str) -> None:
    answer = desk.reply(ticket, body="Which invoice?", later="own", later_at=when)

    assert answer.status_code == 422
    assert "Which invoice?" in answer.text
    assert not HeldReply.objects.exists()


def test_cancelled_it_stands_as_not_sent(ticket: Ticket, desk: AtDesk) -> None:
    desk.reply(ticket, later=tomorrow())

    press(desk, ticket, HeldReply.objects.get(), "cancel")

    assert "It was taken back" in desk.look(ticket).text
    assert "A reply was not sent" in desk.client.get("/desk/queues/open/").text


# A Friday afternoon in winter, a Sunday, and the night before the clocks change (29 March 2026, Berlin).
FRIDAY = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
SUNDAY = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
CHANGE = datetime(2026, 3, 28, 21, 0, tzinfo=UTC)
# Half an hour before the clocks go back (25 October 2026, Berlin).
BACK = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "offered"),
    [
        (FRIDAY, {"hour": FRIDAY + HOUR, "evening": "20 17:00", "tomorrow": "21 08:00", "monday": "23 08:00"}),
        (SUNDAY, {"hour": SUNDAY + HOUR, "tomorrow": "23 08:00"}),
        (CHANGE, {"hour": CHANGE + HOUR, "tomorrow": "29 07:00", "monday": "30 07:00"}),
        (BACK, {"hour": BACK + HOUR, "evening": "25 17:00", "tomorrow": "26 08:00"}),
    ],
)
def test_the_times_to_choose_from_are_the_readers_own(at: datetime, offered: dict[str, object]) -> None:
    with timezone.override("Europe/Berlin"):
        found = dict(later.presets(at))

    told = {
        name.partition("-")[0]: moment.astimezone(UTC) if name == "hour" else f"{moment.astimezone(UTC):%d %H:%M}"
        for name, moment in found.items()
    }
    assert told == offered


NEW_YEAR = datetime(2026, 12, 31, 22, 50, tzinfo=UTC)


def test_tomorrow_is_the_day_after_the_one_on_which_it_was_chosen(ticket, desk, grace, monkeypatch):
    User.objects.filter(pk=grace.pk).update(time_zone="Europe/Berlin")
    monkeypatch.setattr(later, "now", lambda: NEW_YEAR)  # ten to twelve in Berlin
    chosen = next(name for name, _words in desk.look(ticket).context["form"].fields["later"].choices if "tom" in name)

    monkeypatch.setattr(later, "now", lambda: NEW_YEAR + 20 * MINUTE)
    refused = desk.reply(ticket, body="", later=chosen)
    assert refused.status_code == 422
    # Whoever mends something else finds the choice as it was, not "Send now".
    assert f'<option value="{chosen}" selected>1 January, 09:00</option>' in refused.text
    form = refused.context["form"]

    assert later.moment_of(chosen, NEW_YEAR + 20 * MINUTE).date().isoformat() == "2027-01-01"
    assert form.fields["later"].choices[1][0] == "hour"


@pytest.mark.parametrize("name", ["tomorrow", "tomorrow-", "tomorrow-2026-02-30", "never-2026-11-22", "monday-x", ""])
def test_what_was_never_offered_is_no_time(name):
    assert later.moment_of(name, FRIDAY) is None


def test_a_day_that_is_over_is_refused(ticket, desk):
    answer = desk.reply(ticket, later="tomorrow-2020-01-01")

    assert answer.status_code == 422
    assert "Choose a time within the next 90 days." in answer.text
    assert not HeldReply.objects.exists()
