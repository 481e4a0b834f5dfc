"""Canned responses in the administration (PARITY C01, C04)."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tickets.models import CannedResponse

pytestmark = pytest.mark.django_db

LIST = "/admin/tickets/cannedresponse/"
ADD = LIST + "add/"


def given(**fields):
    return {"title": "Greeting", "body": "<p>Hello {{ requester.name }}</p>", "is_active": "on"} | fields


def test_one_is_written_cleaned_and_kept_as_text_too(root):
    root.post(ADD, given(body="<p onclick=x>Hello <b>{{ requester.name }}</b></p><script>x</script>"))

    response = CannedResponse.objects.get()
    assert response.body == "<p>Hello <b>{{ requester.name }}</b></p>"
    assert response.text == "Hello {{ requester.name }}"


def test_plain_words_become_paragraphs(root):
    root.post(ADD, given(body="Hello,\nyou < me\n\nBye"))

    assert CannedResponse.objects.get().body == "<p>Hello,<br>you &lt; me</p>\n\n<p>Bye</p>"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            "Hello\n\n{{ requester.nam }}",
            "Line 3, column 1: there is no variable “requester.nam”. Did you mean",
        ),
        ("{{ ticket.priority }}", "cannot be used in this text"),
        ("x" * 50_001, "too long"),
    ],
)
def test_a_mistake_is_refused_with_its_place(root, body, words):
    page = root.post(ADD, given(body=body)).content.decode()

    assert words in page
    assert not CannedResponse.objects.exists()


def test_files_are_added_and_removed(root):
    root.post(ADD, given(added=[SimpleUploadedFile("terms.txt", b"terms"), SimpleUploadedFile("map.txt", b"map")]))
    response = CannedResponse.objects.get()
    terms, plan = response.files.order_by("position")
    assert [terms.name, plan.name] == ["terms.txt", "map.txt"]

    page = root.get(f"{LIST}{response.pk}/change/").content.decode()
    assert "terms.txt" in page
    table = {"files-TOTAL_FORMS": 2, "files-INITIAL_FORMS": 2, "files-MIN_NUM_FORMS": 0, "files-MAX_NUM_FORMS": 1000}
    rows = {"files-0-id": terms.pk, "files-0-DELETE": "on", "files-1-id": plan.pk}
    root.post(
        f"{LIST}{response.pk}/change/",
        given(**table, **rows, mark=response.mark(""), added=SimpleUploadedFile("new.txt", b"new")),
    )

    assert [file.name for file in response.files.order_by("position")] == ["map.txt", "new.txt"]


def test_a_file_that_is_a_program_is_refused_and_the_others_stay_chosen(root):
    files = [SimpleUploadedFile("run.exe", b"MZ\0"), SimpleUploadedFile("terms.txt", b"terms")]
    page = root.post(ADD, given(added=files)).content.decode()

    assert "programs cannot be attached" in page
    assert 'name="added-kept"' in page


def test_many_are_switched_archived_and_deleted_at_once(root):
    rows = [CannedResponse.objects.create(title=f"Number {n}", body="x", text="x").pk for n in range(3)]

    root.post(LIST, {"action": "deactivate", "_selected_action": rows})
    assert not CannedResponse.objects.filter(is_active=True).exists()
    page = root.post(LIST, {"action": "delete_chosen", "_selected_action": rows}, follow=True).content.decode()
    assert "Archive it first." in page
    root.post(LIST, {"action": "archive", "_selected_action": rows[:2]})
    root.post(LIST + "?archived=all", {"action": "delete_chosen", "_selected_action": rows})
    assert [row.pk for row in CannedResponse.objects.all()] == rows[2:]


def test_who_saves_second_sees_what_it_says_now_and_keeps_their_own_words(root):
    root.post(ADD, given())
    response = CannedResponse.objects.get()
    page = f"{LIST}{response.pk}/change/"
    old = response.mark("")
    root.post(page, given(body="<p>Theirs & more</p>", mark=old))

    refused = root.post(page, given(body="<p>Mine</p>", notes="Kept?", mark=old))

    response.refresh_from_db()
    assert response.text == "Theirs & more"
    text = refused.content.decode()
    assert "This was changed while you were writing." in text
    assert "&lt;p&gt;Theirs &amp;amp; more&lt;/p&gt;" in text
    assert "&lt;p&gt;Mine&lt;/p&gt;" in text
    root.post(page, given(body="<p>Mine</p>", notes="Kept?", mark=refused.context["adminform"].form["mark"].value()))
    response.refresh_from_db()
    assert (response.text, response.notes) == ("Mine", "Kept?")
