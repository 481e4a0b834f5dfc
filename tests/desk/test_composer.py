"""What the composer sends: formatted words, images that stand in them, to whom it goes, and what it must not tell."""

from collections.abc import Callable
from email.message import EmailMessage
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.urls import reverse

from accounts.models import Preferences, Signs, User
from core import throttle, writing_uploads
from core.models import SiteSettings
from core.uploads import MAX_FILES
from mail.models import OutgoingMail, Template
from tests import cast
from tests.cast import MONDAY, TUESDAY
from tests.desk.conftest import AtDesk, toasts
from tests.mail.shown import PNG
from tests.mail.test_rendering import composed, html_of, text_of
from tickets import actions, links
from tickets.models import Attachment, Department, EntryKind, HelpTopic, Kind, Participant, ThreadEntry, Ticket
from tickets.models.people import Part

pytestmark = pytest.mark.django_db


@pytest.fixture
def bob(ticket: Ticket) -> Participant:
    """Takes part in Ada's ticket."""
    bob = cast.make_person("bob@example.org", "Bob")
    made: Participant = Participant.objects.create(
        ticket=ticket, user=bob, address=cast.address_for(bob), role=Part.COLLABORATOR, added_at=MONDAY
    )
    return made


def newest(ticket: Ticket) -> ThreadEntry:
    return ticket.entries.order_by("-number")[0]


def upload(desk: AtDesk, ticket: Ticket, name: str = "screen.png", content: bytes = PNG) -> HttpResponse:
    url = reverse("desk:upload", args=[ticket.number])
    return desk.client.post(url, {"file": SimpleUploadedFile(name, content)}, headers={"Accept": "application/json"})


def image(stored: HttpResponse) -> str:
    """Return the image as the editor writes it."""
    return f'<img src="{stored.json()["image"]}" alt="{stored.json()["name"]}">'.replace("&", "&amp;")


def mailed(ticket: Ticket) -> EmailMessage:
    """Return the mail that Ada gets of the newest reply."""
    mails = OutgoingMail.objects.filter(template=Template.TICKET_REPLY, recipient="ada@example.org")
    return composed(mails.latest("pk"))[1]


# --- Formatted words -------------------------------------------------------------------------------


def test_formatted_words_are_kept_cleaned_with_their_text(ticket: Ticket, desk: AtDesk) -> None:
    desk.reply(ticket, body="older words", html="<p>It is <strong onclick='x()'>done</strong>.<script>1</script></p>")

    entry = newest(ticket)
    assert (entry.html, entry.text) == ("<p>It is <strong>done</strong>.</p>", "It is done.")
    assert "<p>It is <strong>done</strong>.</p>" in desk.look(ticket).text


@pytest.mark.parametrize("then", ["resolve", "await", "keep"])
def test_every_way_to_send_sends_what_is_formatted(ticket: Ticket, desk: AtDesk, then: str) -> None:
    desk.reply(ticket, then=then, html="<p><em>Yes</em></p>")

    assert newest(ticket).html == "<p><em>Yes</em></p>"


def test_a_note_is_formatted_too(ticket: Ticket, desk: AtDesk) -> None:
    desk.reply(ticket, "note", html="<pre><code>x = 1</code></pre>")

    assert (newest(ticket).kind, newest(ticket).text) == (EntryKind.NOTE, "x = 1")


def test_the_mail_has_the_formatted_words_and_their_text(ticket: Ticket, desk: AtDesk) -> None:
    desk.reply(ticket, html="<p>See</p><ul><li><p>this</p></li></ul><p><a href='https://example.org/a'>here</a></p>")

    mail = mailed(ticket)
    assert "<li" in html_of(mail)
    assert 'href="https://example.org/a"' in html_of(mail)
    assert "- this\n\nhere (https://example.org/a)" in text_of(mail)


@pytest.mark.parametrize(
    ("html", "sentence"),
    [
        ("<blockquote>" * 40 + "x", "This is nested too deeply to be read."),
        (f"<p>{'x' * 100_001}</p>", "This is 100001 characters long; 100000 fit."),
        ("<p>x</p>" * 60_000, "This is too long. Attach it as a file instead."),
        ("<p></p>", "Write something first, or attach a file."),
        ("<script>alert(1)</script>", "Write something first, or attach a file."),
    ],
)
def test_what_cannot_be_sent_says_so_and_stays(ticket: Ticket, desk: AtDesk, html: str, sentence: str) -> None:
    answer = desk.reply(ticket, body="", html=html)

    assert answer.status_code == 422
    assert sentence in answer.text
    assert ticket.entries.count() == 1


def test_sent_twice_what_is_formatted_is_one_reply(ticket: Ticket, desk: AtDesk) -> None:
    answers = [desk.reply(ticket, html="<p><em>Yes</em></p>") for _n in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert ticket.entries.count() == 2


# --- Files while writing -----------------------------------------------------------------------------


def test_a_file_is_stored_at_once_and_goes_along(ticket: Ticket, desk: AtDesk) -> None:
    stored = upload(desk, ticket, "../log.txt", b"lines")

    assert stored.status_code == 201
    assert (stored.json()["name"], stored.json()["size"], stored.json()["image"]) == ("log.txt", 5, "")
    desk.reply(ticket, **{"attachments-kept": stored.json()["reference"]})
    assert [file.name for file in newest(ticket).attachments.all()] == ["log.txt"]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("run.exe", b"MZ\0", "run.exe is a program, and programs cannot be attached."),
        ("empty.txt", b"", "empty.txt is empty. Choose another file, or leave it out."),
        ("big.bin", b"x" * (1024 * 1024 + 1), "big.bin is larger than the 1 MB allowed."),
    ],
)
def test_a_file_that_cannot_be_sent_says_why(
    ticket: Ticket, desk: AtDesk, name: str, content: bytes, sentence: str
) -> None:
    SiteSettings.objects.update(max_upload_mb=1)

    answer = upload(desk, ticket, name, content)

    assert answer.status_code == 422
    assert answer.json() == {"error": sentence}


def test_no_agent_fills_the_disk(ticket: Ticket, desk: AtDesk) -> None:
    for _n in range(writing_uploads.MOST_UPLOADS):
        throttle.claim("desk.upload", str(desk.agent.pk), writing_uploads.MOST_UPLOADS, writing_uploads.WINDOW)

    answer = upload(desk, ticket)

    assert answer.status_code == 429
    assert answer.json() == {"error": "These are too many files at once. Try again in a few minutes."}


def test_who_may_not_write_here_stores_nothing(ticket: Ticket, at_desk: Callable[[User], AtDesk]) -> None:
    vera = cast.make_agent("Vera")
    cast.give_access(vera, ticket.department, cast.VIEW_ONLY)

    assert upload(at_desk(vera), ticket).status_code == 403


def test_only_who_stored_an_image_sees_and_sends_it(
    ticket: Ticket, desk: AtDesk, at_desk: Callable[[User], AtDesk]
) -> None:
    stored = upload(desk, ticket)
    mia = at_desk(cast.make_agent("Mia", ticket.department))

    assert desk.client.get(stored.json()["image"])["Content-Type"] == "image/png"
    assert mia.client.get(stored.json()["image"]).status_code == 404
    mia.reply(ticket, html=f"<p>Mine: {image(stored)}</p>")
    assert newest(ticket).text == "Mine:"
    assert not Attachment.objects.exists()
    refused = mia.reply(ticket, request_key="m" * 22, **{"attachments-kept": stored.json()["reference"]})
    assert refused.status_code == 422


def test_an_upload_for_one_ticket_is_no_file_of_another(
    ticket: Ticket, desk: AtDesk, ada: User, topic: HelpTopic
) -> None:
    other = cast.make_ticket(ada, topic)

    desk.reply(other, html=f"<p>Here: {image(upload(desk, ticket))}</p>")

    assert not Attachment.objects.exists()


# --- Images in the text -------------------------------------------------------------------------------


def test_an_image_stands_in_the_entry_and_not_among_its_files(ticket: Ticket, desk: AtDesk) -> None:
    desk.reply(ticket, html=f"<p>Look: {image(upload(desk, ticket))}</p>")

    attachment = Attachment.objects.get()
    page = desk.look(ticket).text
    assert f'<img src="/desk/files/{attachment.pk}/?inline" alt="screen.png"' in page
    assert f'href="/desk/files/{attachment.pk}/"' not in page
    assert newest(ticket).text == "Look: screen.png"


def test_an_image_right_behind_words_stands_apart_from_them_in_the_text(ticket: Ticket, desk: AtDesk) -> None:
    desk.reply(ticket, html=f"<p>Look:{image(upload(desk, ticket))}</p>")

    assert newest(ticket).text == "Look: screen.png"


def test_the_requester_sees_it_in_mail_and_portal(ticket: Ticket, desk: AtDesk, ada_confirmed: User) -> None:
    desk.reply(ticket, html=f"<p>Look: {image(upload(desk, ticket))}</p>")

    mail = mailed(ticket)
    assert mail.get_content_type() == "multipart/related"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["multipart/alternative", "image/png"]
    shown = list(mail.iter_parts())[1]
    assert shown.get_content() == PNG
    assert shown.get_content_disposition() == "inline"
    assert f'src="cid:{shown["Content-ID"].strip("<>")}"' in html_of(mail)
    token = links.token_for(ticket.participants.get(role=Part.REQUESTER))
    assert f'/t/{token}/files/{Attachment.objects.get().pk}/?inline"' in desk.client.get(f"/t/{token}/").text


def test_an_image_of_a_note_is_for_agents_alone(ticket: Ticket, desk: AtDesk, ada_confirmed: User) -> None:
    stored = upload(desk, ticket)
    desk.reply(ticket, "note", html=f"<p>For us: {image(stored)}</p>")
    desk.reply(ticket, html="<p><em>All is well</em></p>", request_key="r" * 22)

    secret = Attachment.objects.get()
    token = links.token_for(ticket.participants.get(role=Part.REQUESTER))
    assert desk.client.get(f"/t/{token}/files/{secret.pk}/").status_code == 404
    assert f"/files/{secret.pk}/" not in desk.client.get(f"/t/{token}/").text
    assert mailed(ticket).get_content_type() == "multipart/alternative"


def test_one_entry_takes_so_many_files_and_images(ticket: Ticket, desk: AtDesk) -> None:
    stored = [upload(desk, ticket, f"{n}.png", PNG + bytes([n])) for n in range(3)]
    files = [upload(desk, ticket, f"{n}.txt", b"x").json()["reference"] for n in range(MAX_FILES - 2)]

    answer = desk.reply(ticket, html="<p>x</p>".join(map(image, stored)), **{"attachments-kept": files})

    assert answer.status_code == 422
    assert f"{MAX_FILES + 1} files are too many" in answer.text


def test_the_same_image_twice_is_one_file(ticket: Ticket, desk: AtDesk) -> None:
    stored = upload(desk, ticket)

    desk.reply(ticket, html=f"<p>{image(stored)} and {image(stored)}</p>")

    assert desk.look(ticket).text.count(f"/desk/files/{Attachment.objects.get().pk}/?inline") == 2


def test_a_forged_reference_shows_nothing(ticket: Ticket, desk: AtDesk) -> None:
    url = reverse("desk:upload", args=[ticket.number])

    for reference in ("", "x", "x" * 5_000, "a:b:c", "\x00"):
        address = f"{url}?{urlencode({'file': reference})}"
        assert desk.client.get(address).status_code == 404
        desk.reply(ticket, request_key="k" * 21 + "z", html=f"<p><em>x</em><img src='{address}'></p>")

    assert not Attachment.objects.exists()


# --- Who gets it ---------------------------------------------------------------------------------------


def told(ticket: Ticket) -> set[str]:
    """Return to whom the newest deed was mailed."""
    deed = ticket.events.latest("number").deed
    return set(OutgoingMail.objects.filter(deed=deed).values_list("recipient", flat=True))


def part_of(ticket: Ticket, role: str) -> int:
    return ticket.participants.get(role=role).pk


@pytest.mark.parametrize("then", ["await", "resolve"])
@pytest.mark.parametrize(
    ("ticked", "recipients"),
    [
        ("requester collaborator", {"ada@example.org", "bob@example.org"}),
        ("requester", {"ada@example.org"}),
        ("collaborator", {"bob@example.org"}),
        ("", set()),
    ],
)
def test_who_is_ticked_is_mailed_and_nobody_else(
    ticket: Ticket, desk: AtDesk, bob: Participant, ticked: str, recipients: set[str], then: str
) -> None:
    shown = f"{part_of(ticket, 'requester')} {bob.pk}"

    desk.reply(ticket, then=then, to=[part_of(ticket, role) for role in ticked.split()], to_shown=shown)

    assert told(ticket) == recipients


def test_the_page_offers_everybody_and_all_are_ticked(ticket: Ticket, desk: AtDesk, bob: Participant) -> None:
    bob.address.bouncing_at = MONDAY
    bob.address.verified_at = None
    bob.address.save()

    offered = desk.look(ticket).context["recipients"]

    assert [(one.name, one.is_requester, one.is_ticked) for one in offered] == [
        ("Ada", True, True),
        ("Bob", False, True),
    ]


def test_what_was_unticked_stays_so_when_the_form_comes_back(ticket: Ticket, desk: AtDesk, bob: Participant) -> None:
    shown = f"{part_of(ticket, 'requester')} {bob.pk}"

    refused = desk.reply(ticket, body="", to=[bob.pk], to_shown=shown)

    assert [one.is_ticked for one in refused.context["recipients"]] == [False, True]


def test_who_came_to_take_part_meanwhile_is_mailed_too(ticket: Ticket, desk: AtDesk, bob: Participant) -> None:
    desk.reply(ticket, to=[part_of(ticket, "requester")], to_shown=str(part_of(ticket, "requester")))

    assert told(ticket) == {"ada@example.org", "bob@example.org"}


def test_nobody_else_is_ever_mailed(ticket: Ticket, grace: User, linus: User) -> None:
    addresses = [cast.address_for(linus).pk, 10**9]

    actions.reply(ticket=ticket, text="Yes.", by=cast.principal(grace), at=TUESDAY, to=addresses)

    assert told(ticket) == set()
    assert ticket.events.get(kind=Kind.REPLIED).data["to"] == []


def test_the_entry_says_to_whom_alone_it_went(ticket: Ticket, desk: AtDesk, bob: Participant, settings: object) -> None:
    settings.MAIL_URL = "smtp://127.0.0.1:9"
    shown = f"{part_of(ticket, 'requester')} {bob.pk}"
    desk.reply(ticket, to=[bob.pk], to_shown=shown)
    assert "To <b><bdi>bob@example.org</bdi></b> alone" in desk.look(ticket).text

    answer = desk.reply(ticket, to_shown=shown, request_key="n" * 22)

    assert "Mailed to nobody" in desk.look(ticket).text
    assert toasts(answer)[-1:] == [
        f"Reply to #{ticket.number} saved, awaiting requester. Mailed to nobody, as you chose"
    ]


# --- What it must not tell -------------------------------------------------------------------------------


SECRET = "Do not tell her that the backup of last night failed again and again."


def test_a_reply_that_quotes_a_note_is_asked_about_once(ticket: Ticket, desk: AtDesk, grace: User) -> None:
    actions.add_note(ticket=ticket, text=SECRET, by=cast.principal(grace), at=TUESDAY)

    asked = desk.reply(ticket, body="", html=f"<p>Sorry: <em>{SECRET}</em></p>")

    assert asked.status_code == 422
    assert "This quotes an internal note of Grace" in asked.text
    assert "Do not tell her that the backup" in asked.text
    assert ticket.entries.filter(kind=EntryKind.REPLY).count() == 0
    again = desk.reply(ticket, html=f"<p>Sorry: <em>{SECRET}</em></p>", leaks=asked.context["form"]["leaks"].value())
    assert again.status_code == 302
    assert newest(ticket).text == f"Sorry: {SECRET}"


def test_a_note_may_quote_a_note(ticket: Ticket, desk: AtDesk, grace: User) -> None:
    actions.add_note(ticket=ticket, text=SECRET, by=cast.principal(grace), at=TUESDAY)

    assert desk.reply(ticket, "note", body=SECRET).status_code == 302


# --- Quotations -------------------------------------------------------------------------------------------


def test_the_first_and_the_newest_message_can_be_quoted_and_no_note(ticket: Ticket, desk: AtDesk, ada: User) -> None:
    cast_by = cast.principal(ada)
    address = cast.address_for(ada)
    actions.add_message(ticket=ticket, address=address, text="<b>& more", source="web", by=cast_by, at=TUESDAY)
    actions.add_note(ticket=ticket, text="Secret", by=cast.principal(desk.agent), at=TUESDAY)
    url = reverse("desk:quote", args=[ticket.number])

    newest_one, first = desk.client.get(url).json()["html"], desk.client.get(f"{url}?first").json()["html"]

    assert newest_one == "<blockquote><p>&lt;b&gt;&amp; more</p></blockquote>"
    assert first == "<blockquote><p>We were billed twice.</p></blockquote>"


# --- How the mail ends -----------------------------------------------------------------------------


def test_the_composer_offers_what_there_is_to_sign_with_and_shows_it(desk, ticket, grace, billing):
    page = desk.look(ticket)

    assert [(one.signs, one.text) for one in page.context["form"].signatures] == [
        (Signs.DEPARTMENT, "Grace\nBilling"),
        (Signs.NOTHING, ""),
    ]
    assert page.context["form"]["signs"].value() == Signs.DEPARTMENT
    Preferences.objects.create(agent=grace, signature="<b>Yours</b>", signs=Signs.NOTHING)
    Department.objects.filter(pk=billing.pk).update(signature="Your friends")

    page = desk.look(ticket)

    assert [one.text for one in page.context["form"].signatures] == ["<b>Yours</b>", "Your friends", ""]
    assert page.context["form"]["signs"].value() == Signs.NOTHING
    assert "&lt;b&gt;Yours&lt;/b&gt;" in page.content.decode()


def test_a_department_that_requesters_do_not_know_by_name_signs_with_the_sites(desk, ticket, billing):
    Department.objects.filter(pk=billing.pk).update(is_public=False)

    shown = desk.look(ticket).context["form"].signatures[0].text

    assert shown == f"Grace\n{SiteSettings.load().name}"
    desk.reply(ticket)
    assert shown in text_of(mailed(ticket))


@pytest.mark.parametrize("signs", Signs)
def test_the_mail_ends_as_the_agent_chose_for_this_reply(desk, ticket, grace, signs):
    Preferences.objects.create(agent=grace, signature="Yours, G.", undo_seconds=0)

    desk.reply(ticket, signs=signs.value)

    ends = {Signs.OWN: "Yours, G.", Signs.DEPARTMENT: "Grace\nBilling", Signs.NOTHING: None}[signs]
    text = text_of(mailed(ticket))
    assert [one for one in ("Yours, G.", "Grace\nBilling") if one in text] == ([ends] if ends else [])
    # The next reply begins with what the agent always does.
    assert desk.look(ticket).context["form"]["signs"].value() == Signs.OWN


def test_another_way_to_sign_is_refused_and_nothing_is_sent(desk, ticket):
    before = ticket.entries.count()

    answer = desk.reply(ticket, signs="forged")

    assert answer.status_code == 422
    assert "This form is too old" in answer.content.decode()
    assert ticket.entries.count() == before


# --- Once more, with changes (PARITY E07) ------------------------------------------------------------


def test_a_reply_that_was_sent_is_changed_and_sent_again(ticket: Ticket, desk: AtDesk) -> None:
    proof = upload(desk, ticket, "proof.txt", b"proof").json()["reference"]
    html = f"<p>It is <strong>done</strong>: {image(upload(desk, ticket))}</p>"
    desk.reply(ticket, html=html, **{"attachments-kept": proof})
    sent = newest(ticket)
    assert f"?again={sent.number}#composer" in desk.look(ticket).text

    form = desk.look(ticket, f"?again={sent.number}").context["form"]

    assert "<strong>done</strong>" in form["html"].value()
    assert [one.name for one in form.kept] == ["proof.txt"]
    again = form["html"].value().replace("done", "done now")
    kept = {"attachments-kept": [one.reference for one in form.kept]}
    desk.reply(ticket, html=again, request_key="m" * 22, **kept)
    entry = newest(ticket)
    assert entry.number == sent.number + 1
    assert "done now" in entry.text
    assert entry.attachments.count() == 2
    assert "cid:" in entry.html
    assert newest(ticket).attachments.filter(name="proof.txt").exists()
    assert sent.text.startswith("It is done")


def test_only_a_reply_is_taken_up_and_only_by_who_may_answer(
    ticket: Ticket, desk: AtDesk, at_desk: Callable[[User], AtDesk], billing: Department
) -> None:
    desk.reply(ticket, "note", kind="note", then="note", body="Internal words.")
    note = newest(ticket)
    desk.reply(ticket, body="An answer.", request_key="m" * 22)
    reply = newest(ticket)
    viewer = at_desk(cast.make_agent("Vera", billing, role=cast.VIEW_ONLY))

    for number in (1, note.number, 99, "x"):
        page = desk.look(ticket, f"?again={number}")
        assert page.context["form"]["body"].value() in (None, "")
        assert 'data-taken-up="yes"' not in page.text
    assert desk.look(ticket, f"?again={reply.number}").context["form"]["body"].value() == "An answer."
    assert "?again=" not in viewer.look(ticket).text
    assert not viewer.look(ticket, f"?again={reply.number}").context["form"]["body"].value()
