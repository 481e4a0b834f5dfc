"""Canned responses written at the desk, by those whose role in their department includes it (PARITY C01)."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.models import AuditEvent, AuditKind, Permission, Role
from core.models import NewFile
from core.uploads import MAX_FILES, keep_stored
from desk.canned_form import uploads_of
from tests import cast
from tests.cast import EXPANDED, MONDAY
from tests.desk.conftest import toasts
from tickets import actions
from tickets.errors import NotAllowed, NotOffered
from tickets.models import CannedFile, CannedResponse

LIST = "/desk/canned/"


def canned(title, department, text="Words.", **given):
    return CannedResponse.objects.create(title=title, department=department, body=f"<p>{text}</p>", text=text, **given)


def form(place, row=None, **given):
    """Return what the form sends: for a new one, or for `row` as it is now with all its files left as they are."""
    filled = {"title": "Refund", "department": place.pk, "body": "About {{ ticket.number }}.", "is_active": "on"}
    if row is not None:
        files = list(row.files.values_list("pk", flat=True))
        filled |= {"mark": row.mark(), "shown": files, "stay": files}
    return filled | given


def at(name, response):
    return reverse(f"desk:canned-{name}", args=[response.pk])


def test_one_is_added_with_variables_and_offered_in_the_composer(desk, ticket, billing, grace):
    answer = desk.client.post("/desk/canned/add/", form(billing, body="Hello,\n\nit is <paid>: {{ ticket.number }}."))

    assert answer.url == LIST
    assert toasts(answer) == ["“Refund” saved"]
    row = CannedResponse.objects.get()
    assert row.body == "<p>Hello,</p><p>it is &lt;paid&gt;: {{ ticket.number }}.</p>".replace("</p><p>", "</p>\n\n<p>")
    assert row.text == "Hello,\n\nit is <paid>: {{ ticket.number }}."
    assert "Refund" in desk.client.get(reverse("desk:canned", args=[ticket.number])).content.decode()
    event = AuditEvent.objects.get(target_model="tickets.cannedresponse")
    assert (event.kind, event.by_id, event.target_id) == (AuditKind.CREATED, grace.pk, row.pk)
    assert event.changes == {
        "title": [None, "Refund"],
        "department": [None, billing.pk],
        "is_active": [None, True],
        "body": [None, None],
    }


def test_it_is_changed_and_what_runs_is_cleaned_away(desk, billing):
    row = canned("Refund", billing)
    assert "&lt;p&gt;Words.&lt;/p&gt;" in desk.client.get(at("edit", row)).content.decode()

    desk.client.post(
        at("edit", row), form(billing, row, title="Refunds", body="<p onclick=x()>New</p><script>1</script>")
    )

    row.refresh_from_db()
    assert (row.title, row.body, row.text) == ("Refunds", "<p>New</p>", "New")
    changes = AuditEvent.objects.get(kind=AuditKind.CHANGED).changes
    assert changes == {"title": ["Refund", "Refunds"], "body": [None, None]}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"title": " "}, "Write a title"),
        ({"title": "x" * 121}, "at most 120 characters"),
        ({"body": ""}, "Write the answer"),
        ({"body": "About {{ ticket.nubmer }}."}, "ticket.nubmer"),
        ({"body": "x" * 50_001}, "This is too long"),
        ({"department": ""}, "Choose a department."),
        ({"department": "999999"}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(desk, billing, wrong, told):
    answer = desk.client.post("/desk/canned/add/", form(billing, **wrong))

    assert answer.status_code == 422
    assert told in answer.text
    assert all(value in answer.text for name, value in wrong.items() if name == "body")
    assert not CannedResponse.objects.exists()


def test_archived_it_is_not_offered_and_can_be_brought_back(desk, ticket, billing):
    row = canned("Refund", billing)
    offered = reverse("desk:canned", args=[ticket.number])

    assert desk.client.post(at("archive", row)).url == LIST
    desk.client.post(at("archive", row))

    assert "Refund" not in desk.client.get(offered).content.decode()
    assert "Refund" in desk.client.get(f"{LIST}?archived=yes").content.decode()
    desk.client.post(at("restore", row))
    assert "Refund" in desk.client.get(offered).content.decode()
    assert [one.kind for one in AuditEvent.objects.order_by("pk")][-2:] == [AuditKind.ARCHIVED, AuditKind.RESTORED]


def test_other_departments_and_what_is_for_all_are_not_theirs(desk, billing, elsewhere):
    own, others, all_s = canned("Own", billing), canned("Others", elsewhere), canned("All", None)

    shown = desk.client.get(LIST).content.decode()

    assert "Own" in shown
    assert "Others" not in shown
    for row in (others, all_s):
        assert desk.client.get(at("edit", row)).status_code == 404
        assert desk.client.post(at("archive", row)).status_code == 404
    assert desk.client.post(at("edit", own), form(elsewhere, own)).status_code == 422


def test_without_the_right_nothing_is_shown_and_nothing_done(at_desk, billing, ticket):
    eve = cast.make_agent("Eve", billing, role=EXPANDED)
    row, desk = canned("Refund", billing), at_desk(eve)

    assert desk.client.get(LIST).status_code == 403
    assert LIST not in desk.look(ticket).text
    given = {"by": cast.principal(eve), "at": MONDAY}
    with pytest.raises(NotAllowed, match="Add and change canned responses"):
        actions.archive_canned(response=row, is_archived=True, **given)
    with pytest.raises(NotAllowed):
        actions.write_canned(response=row, title="X", html="X", department=billing, is_active=True, **given)


def test_a_role_elsewhere_allows_nothing_here(at_desk, billing, elsewhere):
    eve = cast.make_agent("Eve", billing, role=EXPANDED)
    cast.give_access(eve, elsewhere)
    row = canned("Refund", billing)

    with pytest.raises(NotAllowed):
        actions.write_canned(
            response=row,
            title="X",
            html="X",
            department=elsewhere,
            is_active=True,
            by=cast.principal(eve),
            at=MONDAY,
        )
    assert at_desk(eve).client.get(at("edit", row)).status_code == 404


def test_they_are_found_by_words_and_read_by_title_in_pages(desk, billing):
    for number in range(30):
        canned(f"Answer {number:02}", billing, text="late" if number == 7 else "soon")

    first = desk.client.get(LIST)
    titles = [row.title for row in first.context["rows"]]

    assert titles == [f"Answer {number:02}" for number in range(25)]
    second = desk.client.get(first.context["older_url"])
    assert [row.title for row in second.context["rows"]] == [f"Answer {number:02}" for number in range(25, 30)]
    assert [row.title for row in desk.client.get(f"{LIST}?q=answer+late").context["rows"]] == ["Answer 07"]
    assert "None found" in desk.client.get(f"{LIST}?q=never").text


def test_many_cost_no_more_queries_than_few(desk, billing, django_assert_max_num_queries):
    for number in range(40):
        canned(f"Answer {number:02}", billing)
    desk.client.get(LIST)

    with django_assert_max_num_queries(9):
        desk.client.get(LIST)


def test_who_could_do_everything_before_has_the_right(db):
    having = {role.name for role in Role.objects.all() if role.allows(Permission.CANNED_EDIT)}

    assert having == {"All access"}


# --- Files -------------------------------------------------------------------------------------------


def upload(desk, name="terms.txt", content=b"terms"):
    return desk.client.post("/desk/canned/uploads/", {"file": SimpleUploadedFile(name, content)})


def names(row):
    return [file.name for file in row.files.order_by("position")]


def test_files_are_added_while_it_is_written_and_go_along_in_the_composer(desk, ticket, billing):
    stored = upload(desk)
    assert (stored.status_code, stored.json()["name"], stored.json()["size"]) == (201, "terms.txt", 5)
    files = {
        "attachments-kept": [stored.json()["reference"]],
        "attachments": SimpleUploadedFile("map.txt", b"chosen without script"),
    }

    desk.client.post("/desk/canned/add/", form(billing, **files))

    row = CannedResponse.objects.get()
    assert names(row) == ["terms.txt", "map.txt"]
    inserted = desk.client.get(reverse("desk:canned-response", args=[ticket.number, row.pk])).json()
    assert [file["name"] for file in inserted["files"]] == ["terms.txt", "map.txt"]
    assert "terms.txt" in desk.client.get(at("edit", row)).content.decode()


def test_one_is_taken_out_another_comes_and_the_log_names_none(desk, billing):
    desk.client.post("/desk/canned/add/", form(billing, attachments=[plain("secret terms.txt"), plain("map.txt")]))
    row = CannedResponse.objects.get()
    terms, plan = row.files.order_by("position")

    desk.client.post(at("edit", row), form(billing, row, stay=[plan.pk], attachments=[plain("new.txt")]))

    assert names(row) == ["map.txt", "new.txt"]
    new = row.files.get(name="new.txt")
    changes = AuditEvent.objects.get(kind=AuditKind.CHANGED).changes
    assert changes == {f"files:{terms.pk}": [{"position": 1}, None], f"files:{new.pk}": [None, {"position": 3}]}


def test_what_is_wrong_with_a_file_is_said_and_nothing_else_is_lost(desk, billing):
    row = canned("Refund", billing)
    many = [plain(f"{number}.txt") for number in range(MAX_FILES - 1)]
    desk.client.post(at("edit", row), form(billing, row, attachments=many))

    program = desk.client.post(at("edit", row), form(billing, row, attachments=[plain("run.exe"), plain("a.txt")]))
    too_many = desk.client.post(at("edit", row), form(billing, row, attachments=[plain("a.txt"), plain("b.txt")]))

    assert (program.status_code, too_many.status_code) == (422, 422)
    assert "programs cannot be attached" in program.text
    assert 'name="attachments-kept"' in program.text
    assert "Only 20 files can go along. Remove some first." in too_many.text
    assert row.files.count() == MAX_FILES - 1
    assert upload(desk, "run.exe", b"MZ\0").json() == {
        "error": "run.exe is a program, and programs cannot be attached."
    }


def test_what_others_or_for_other_things_were_stored_is_no_file_of_it(desk, billing, ticket, grace):
    other = cast.make_agent("Olga", billing)
    desk.client.post("/desk/canned/add/", form(billing, attachments=[plain("mine.txt")]))
    file = CannedResponse.objects.get().files.get()
    for owner in (uploads_of(other), f"desk:{grace.pk}:{ticket.pk}", ""):
        reference = keep_stored(NewFile(file.blob, "theirs.txt", "text/plain"), owner).reference

        answer = desk.client.post("/desk/canned/add/", form(billing, title="New", **{"attachments-kept": [reference]}))

        assert answer.status_code == 422
    # Nor does a form take files out of a response that it is not about.
    row = canned("Another", billing)
    desk.client.post(at("edit", row), form(billing, row, shown=[file.pk], stay=[]))
    assert CannedFile.objects.filter(pk=file.pk).exists()


# --- Two who write at once -----------------------------------------------------------------------------


def test_who_comes_second_sees_both_and_nothing_is_lost(desk, at_desk, billing):
    olga = at_desk(cast.make_agent("Olga", billing))
    row = canned("Refund", billing)
    hers = form(billing, row, title="Refunds", body="Olga's words", attachments=[plain("hers.txt")])
    mine = form(billing, row, title="Paying back", body="Grace's words", attachments=[plain("mine.txt")])
    olga.client.post(at("edit", row), hers)

    refused = desk.client.post(at("edit", row), mine)

    row.refresh_from_db()
    assert (row.title, row.text, names(row)) == ("Refunds", "Olga's words", ["hers.txt"])
    assert refused.status_code == 422
    for words in ("What it says now, as Olga saved it", "Olga&#x27;s words", "Grace&#x27;s words", "Paying back"):
        assert words in refused.text
    again = refused.context["form"]
    assert [(file.name, stays) for file, stays in again.going_along] == [("hers.txt", True)]
    assert [kept.name for kept in again.kept] == ["mine.txt"]

    shown = {"shown": [file.pk for file, _stays in again.going_along], "attachments": []}
    kept = {"attachments-kept": [one.reference for one in again.kept], "mark": again["mark"].value()}
    desk.client.post(at("edit", row), mine | shown | kept | {"stay": shown["shown"]})

    row.refresh_from_db()
    assert (row.title, row.text, names(row)) == ("Paying back", "Grace's words", ["hers.txt", "mine.txt"])


def test_a_file_that_another_added_meanwhile_is_not_taken_out(desk, at_desk, billing):
    row = canned("Refund", billing)
    mine = form(billing, row, body="Grace's words")
    olga = at_desk(cast.make_agent("Olga", billing))
    olga.client.post(at("edit", row), form(billing, row, attachments=[plain("hers.txt")]))

    refused = desk.client.post(at("edit", row), mine)

    assert [(file.name, stays) for file, stays in refused.context["form"].going_along] == [("hers.txt", True)]
    desk.client.post(at("edit", row), mine | {"mark": refused.context["form"]["mark"].value()})
    assert names(row) == ["hers.txt"]


def test_a_form_that_comes_twice_is_saved_once(desk, billing):
    row = canned("Refund", billing)
    sent = form(billing, row, body="New words")

    first = desk.client.post(at("edit", row), sent | {"attachments": [plain("a.txt")]})
    second = desk.client.post(at("edit", row), sent | {"attachments": [plain("a.txt")]})

    assert (first.status_code, second.status_code) == (302, 302)
    assert names(row) == ["a.txt"]
    assert AuditEvent.objects.filter(kind=AuditKind.CHANGED).count() == 1


def test_without_what_it_was_made_of_a_form_is_not_taken(desk, billing):
    row = canned("Refund", billing)

    for mark in ("", "x", "0" * 33):
        assert desk.client.post(at("edit", row), form(billing, row, mark=mark)).status_code == 422

    row.refresh_from_db()
    assert row.text == "Words."


def test_one_that_was_deleted_meanwhile_is_refused(desk, billing):
    row = canned("Refund", billing)
    gone = CannedResponse(pk=row.pk, department=billing)
    row.delete()

    with pytest.raises(NotOffered, match="deleted"):
        actions.archive_canned(response=gone, is_archived=True, by=cast.principal(desk.agent), at=MONDAY)


def plain(name):
    return SimpleUploadedFile(name, name.encode() if not name.endswith(".exe") else b"MZ\0")
