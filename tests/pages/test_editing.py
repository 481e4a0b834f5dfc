"""Pages in the administration: written in several languages, cleaned, looked at, copied, and kept from each other."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import AuditEvent, AuditKind, User
from core import cleaning
from core.models import Blob, SiteSettings
from pages.editing import state_of
from pages.models import LONGEST_BODY, Page, PageKind, PageText, Picture
from tests import cast
from tests.pages.making import PNG, own_page, publish, with_picture

pytestmark = pytest.mark.django_db

LIST = "/admin/pages/page/"
ADD, PREVIEW, UPLOAD = LIST + "add/", LIST + "preview/", LIST + "upload/"


@pytest.fixture
def root(sign_in, admin_user: User) -> Client:
    return sign_in(admin_user)


@pytest.fixture
def landing(db) -> Page:
    return Page.objects.create(name="Welcome", kind=PageKind.LANDING)


def url(page: Page) -> str:
    return f"{LIST}{page.pk}/change/"


def given(page: Page, **fields: object) -> dict[str, object]:
    """Return what the form of the page sends, with what the test changes."""
    shown: dict[str, object] = {"name": page.name, "position": "100", "severity": "info", "audience": "all"}
    if page.slug:
        shown["slug"] = page.slug
    return shown | {"seen": state_of(Page.objects.get(pk=page.pk))} | fields


def save(root: Client, page: Page, **fields: object) -> str:
    """Send the form; return what the page says that comes back, "" if it was saved."""
    answer = root.post(url(page), given(page, **fields))
    return "" if answer.status_code == 302 else answer.content.decode()


def said(page: Page, language: str = "en") -> str:
    return PageText.objects.get(page=page, language=language).body


# --- Written ---------------------------------------------------------------------------------------------


def test_a_page_begins_with_its_kind_and_is_then_written_and_published(root, client):
    begun = root.post(ADD, {"name": "Imprint", "kind": "other", "slug": "imprint"})
    page = Page.objects.get()
    assert begun["Location"] == url(page)
    assert client.get("/pages/imprint/").status_code == 404

    texts = {
        "title_en": "Imprint",
        "body_en": "<p>Who we are</p>",
        "title_de": "Impressum",
        "body_de": "Wir\n\nsind es",
    }
    assert save(root, page, is_published="on", in_footer="on", **texts) == ""

    assert "Who we are" in client.get("/pages/imprint/").content.decode()
    german = client.get("/pages/imprint/", headers={"Accept-Language": "de"}).content.decode()
    assert "<p>Wir</p>\n\n<p>sind es</p>" in german
    assert "Impressum" in client.get("/", headers={"Accept-Language": "de"}).content.decode()


def test_a_text_that_is_emptied_goes(root, landing):
    save(root, landing, body_en="<p>Hello</p>", body_de="<p>Hallo</p>")

    save(root, landing, body_en="<p>Hello</p>", body_de="<p> &nbsp;<br></p>")

    assert set(landing.texts.values_list("language", flat=True)) == {"en"}


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("<p onclick=x()>a</p><script>alert(1)</script>", "<p>a</p>"),
        ('<p style="position:fixed" class="entry" id="main">a</p>', "<p>a</p>"),
        ('<p>a <a href="javascript:alert(1)">b</a></p>', f'<p>a <a rel="{cleaning.LINK_REL}">b</a></p>'),
        ('<p>a <a href="/new/" target="_blank">b</a></p>', f'<p>a <a href="/new/" rel="{cleaning.LINK_REL}">b</a></p>'),
        ('<p>a<img src="https://evil.example/pixel.gif"></p>', "<p>a</p>"),
        ('<p>a<img src="data:image/png;base64,AAAA" alt="x"></p>', "<p>a</p>"),
        ('<p>a<img src="/pages/pictures/1/" alt="x"></p>', "<p>a</p>"),
        ('<p>a<img src="//[bad" alt="x"></p>', "<p>a</p>"),
        ("<p>a</p><iframe src=https://evil.example></iframe><form action=/x><input></form>", "<p>a</p>"),
        ("<p>a</p><svg><script>alert(1)</script></svg><style>*{display:none}</style>", "<p>a</p>"),
        ("<h1>a</h1><h2>b</h2><h5>c</h5>", "a<h2>b</h2>c"),
    ],
)
def test_hostile_html_is_cleaned_when_it_is_saved(root, landing, written, kept):
    assert save(root, landing, body_en=written) == ""

    assert said(landing) == kept


def test_what_was_cleaned_is_clean_by_the_list_for_mails_too():
    assert cleaning.PAGE_TAGS <= cleaning.TAGS


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"body_en": "one\n{{ site.nam }}"}, "Line 2, column 1: there is no variable “site.nam”."),
        ({"body_en": "{{ ticket.number }}"}, "cannot be used in this text"),
        ({"body_en": "{{ ticket.subject }}"}, "cannot be used in this text"),
        ({"body_de": "{{ site.name"}, "a variable begins here and does not end"),
        ({"body_en": "<p>x</p>", "title_en": "{{ nobody }}"}, "there is no variable"),
        ({"body_en": '<p><a href="{{ site.name }}">x</a></p>'}, "Inside a tag only a link can stand"),
        ({"body_en": "x" * (LONGEST_BODY + 1)}, "This is too long"),
        ({"body_en": "a\x00b"}, "Null characters are not allowed"),
        ({"title_de": "Hallo"}, "A heading alone says little"),
        ({"title_en": "x" * 121, "body_en": "x"}, "at most 120 characters"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(root, landing, fields, sentence):
    assert sentence in save(root, landing, **fields)
    assert not PageText.objects.exists()


def test_a_thank_you_may_tell_the_tickets_number_and_nothing_that_was_typed(root):
    page = Page.objects.create(name="Thanks", kind=PageKind.THANKS)

    assert save(root, page, body_en="<p>#{{ ticket.number }} of {{ ticket.created.short }}</p>") == ""
    for name in ("ticket.subject", "requester.name", "requester.email", "thread.original", "ticket.priority"):
        assert "cannot be used in this text" in save(root, page, body_en=f"<p>{{{{ {name} }}}}</p>")


@pytest.mark.parametrize(
    "slug",
    [
        *("Imprint", "a b", "-a", "a-", "a--b", "ä", "a/b", "../admin", "a.html", "a_b", "a\n", "javascript:x"),
        *("<script>", "x" * 61, ""),
    ],
)
def test_an_address_is_small_letters_digits_and_hyphens(root, slug):
    root.post(ADD, {"name": "Imprint", "kind": "other", "slug": slug})
    made = Page.objects.first()

    # Spaces around it are no part of it.
    assert made is None or (slug == "a\n" and made.slug == "a")


def test_only_a_page_of_its_own_has_an_address_and_each_its_own(root):
    own_page()

    assert "only such a page has one" in root.post(ADD, {"name": "x", "kind": "landing", "slug": "x"}).content.decode()
    taken = root.post(ADD, {"name": "x", "kind": "other", "slug": "imprint"}).content.decode()
    assert "There is a page with this address already." in taken
    assert Page.objects.count() == 1


def test_the_kind_of_a_page_stays(root, landing):
    save(root, landing, kind="other", slug="x", body_en="<p>x</p>")

    landing.refresh_from_db()
    assert (landing.kind, landing.slug) == (PageKind.LANDING, "")


# --- Published ---------------------------------------------------------------------------------------------


def test_what_is_published_is_written_in_the_sites_language(root, landing):
    SiteSettings.objects.update(language="fr")

    assert "Write it in the language of the help desk first, Français" in save(
        root, landing, is_published="on", body_en="<p>Hello</p>"
    )
    assert save(root, landing, is_published="on", body_fr="<p>Bonjour</p>") == ""


def test_of_a_kind_that_is_shown_once_one_page_is_published(root, landing):
    publish(PageKind.LANDING, {"en": "<p>x</p>"}, name="Summer")

    assert "“Summer” is published there." in save(root, landing, is_published="on", body_en="<p>x</p>")
    assert save(root, landing, body_en="<p>x</p>") == ""


def test_a_ticket_has_one_thank_you(root, topic):
    publish(PageKind.THANKS, {"en": "<p>x</p>"}, name="For all")
    publish(PageKind.THANKS, {"en": "<p>x</p>"}, name="Invoices", topics=(topic,))
    page = Page.objects.create(name="Third", kind=PageKind.THANKS)
    words = {"is_published": "on", "body_en": "<p>x</p>"}

    assert "“For all” holds for all help topics." in save(root, page, **words)
    assert "“Invoices” is for one of these help topics already." in save(root, page, topics=[topic.pk], **words)
    assert save(root, page, topics=[cast.make_topic("Others").pk], **words) == ""


def test_a_notice_is_plain_text_and_ends_after_it_begins(root, client):
    page = Page.objects.create(name="Outage", kind=PageKind.NOTICE)
    times = {"starts_at_0": "2026-11-02", "starts_at_1": "09:00", "ends_at_0": "2026-11-02", "ends_at_1": "08:00"}

    assert "It has to end after it begins." in save(root, page, body_en="x", **times)
    assert "This is too long" in save(root, page, body_en="x" * 601)
    assert save(root, page, is_published="on", severity="danger", body_en="<b>Down</b>\nsince noon") == ""
    assert "&lt;b&gt;Down&lt;/b&gt;<br>since noon" in client.get("/").content.decode()


# --- Two at once ---------------------------------------------------------------------------------------------


def test_a_form_that_was_open_while_another_saved_is_refused(root, landing):
    stale = given(landing, body_en="<p>Mine</p>")
    save(root, landing, body_en="<p>Theirs</p>")

    answer = root.post(url(landing), stale)

    assert "Somebody else has changed this page since you opened it." in answer.content.decode()
    assert "Mine" in answer.content.decode()
    assert said(landing) == "<p>Theirs</p>"


def test_a_form_that_does_not_say_what_it_saw_is_refused(root, landing):
    assert "Somebody else has changed this page" in save(root, landing, seen="", body_en="<p>x</p>")


@pytest.mark.parametrize("name", ["notes", "is_published", "name"])
def test_every_field_counts_as_a_change(landing, name):
    before = state_of(landing)

    Page.objects.update(**{name: True if name == "is_published" else "other"})

    assert state_of(Page.objects.get()) != before


# --- Pictures ------------------------------------------------------------------------------------------------


def upload(root: Client, name: str = "pink.png", content: bytes = PNG):
    return root.post(UPLOAD, {"file": SimpleUploadedFile(name, content)})


def test_a_picture_is_stored_while_it_is_written_and_belongs_to_the_page_once_it_is_saved(root, client, landing):
    stored = upload(root).json()
    assert root.get(stored["image"])["Content-Type"] == "image/png"

    save(root, landing, is_published="on", body_en=f'<p>Look <img src="{stored["image"]}" alt="Pink"></p>')

    picture = Picture.objects.get(page=landing)
    assert said(landing) == f'<p>Look <img src="cid:{picture.pk}@page" alt="Pink"></p>'
    assert f'src="/pages/pictures/{picture.pk}/"' in client.get("/").content.decode()
    shown = root.get(url(landing)).context["adminform"].form["body_en"].value()
    assert f'src="/pages/pictures/{picture.pk}/"' in shown
    save(root, landing, is_published="on", body_en=shown)
    assert Picture.objects.get() == picture
    save(root, landing, is_published="on", body_en="<p>Nothing to see</p>")
    assert not Picture.objects.exists()


def test_what_is_no_picture_or_is_somebody_elses_is_not_taken(root, client, sign_in, landing, ken):
    page = own_page()
    others = with_picture(page)
    assert upload(root, "page.html", b"<html>").status_code == 422
    assert upload(root, "run.exe", b"MZ\0").status_code == 422
    assert root.post(UPLOAD).status_code == 422
    assert sign_in(ken).post(UPLOAD, {"file": SimpleUploadedFile("a.png", PNG)}).status_code == 403
    assert client.get(UPLOAD).status_code == 302
    assert root.get(UPLOAD, {"file": "forged"}).status_code == 404

    another = cast.make_person("two@example.com", "Two", is_administrator=True)
    theirs = upload(sign_in(another)).json()["image"]
    body = f'<p>x<img src="{theirs}"><img src="/pages/pictures/{others.pk}/"><img src="cid:{others.pk}@page"></p>'
    save(root, landing, body_en=body)

    assert said(landing) == "<p>x</p>"


def test_the_bytes_of_a_picture_are_kept_for_as_long_as_it_is_shown():
    page = own_page()
    with_picture(page)

    with pytest.raises(Exception, match="protected"):
        Blob.objects.get().delete()


# --- Beside saving ----------------------------------------------------------------------------------------------


def test_the_preview_shows_what_the_form_says_and_saves_nothing(root, landing):
    stored = upload(root).json()
    body = f'<p>Hallo von {{{{ site.name }}}}<img src="{stored["image"]}" alt="Pink"></p>'

    answer = root.post(PREVIEW, given(landing, row=landing.pk, preview="de", body_de=body, title_de="Willkommen"))

    page = answer.content.decode()
    assert '<h1 lang="de" dir="auto">Willkommen</h1>' in page
    assert "Hallo von Help desk" in page
    assert "/admin/pages/page/upload/?file=" in page
    assert "frame-ancestors 'self'" in answer["Content-Security-Policy"]
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert "<script" not in page
    assert not PageText.objects.exists()


@pytest.mark.parametrize("kind", PageKind.values)
def test_every_kind_can_be_looked_at(root, support, kind):
    page = Page.objects.create(name="x", kind=kind, slug="x" if kind == "other" else "")

    answer = root.post(PREVIEW, given(page, row=page.pk, preview="en", title_en="Read me", body_en="These words."))

    assert answer.status_code == 200
    assert "These words." in answer.content.decode()
    assert root.get(url(page)).status_code == 200


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"body_en": "{{ x }}"}, "is no variable"),
        ({"body_en": ""}, "There is no text in this language"),
        ({"preview": "tlh", "body_en": "x"}, "There is no text in this language"),
    ],
)
def test_the_preview_says_why_there_is_none(root, landing, fields, sentence):
    answer = root.post(PREVIEW, given(landing, **{"row": landing.pk, "preview": "en"} | fields))

    assert sentence in answer.content.decode()
    assert root.post(PREVIEW, {"row": "0"}).status_code == 404
    assert root.get(PREVIEW).status_code == 405


def test_a_thank_you_is_looked_at_with_a_made_up_ticket(root, ticket, support):
    page = Page.objects.create(name="x", kind=PageKind.THANKS)
    body = "{{ ticket.number }} {{ ticket.department }} {{ ticket.topic }} {{ ticket.created.long }}"

    shown = root.post(PREVIEW, given(page, row=page.pk, preview="en", body_en=body)).content.decode()

    assert "123456" in shown
    assert ticket.number not in shown


def test_a_copy_is_a_draft_that_says_the_same_with_pictures_of_its_own(root, client):
    page = own_page(in_footer=True)
    old = with_picture(page)

    answer = root.post(LIST, {"action": "copy_chosen", "_selected_action": [page.pk]})

    made = Page.objects.exclude(pk=page.pk).get()
    assert answer["Location"] == url(made)
    assert (made.name, made.slug, made.is_published) == ("The other (copy)", "imprint-2", False)
    new = Picture.objects.get(page=made)
    assert said(made) == said(page).replace(f"cid:{old.pk}@", f"cid:{new.pk}@")
    assert new.blob == old.blob
    page.delete()
    assert root.get(f"/pages/pictures/{new.pk}/").status_code == 200
    told = AuditEvent.objects.filter(kind=AuditKind.CREATED).latest("pk").changes
    assert told["copied_from"] == [None, page.pk or told["copied_from"][1]]


def test_a_page_is_deleted_and_gone_at_once(root, client):
    page = own_page(in_footer=True)
    assert "Imprint" in client.get("/").content.decode()

    root.post(f"{LIST}{page.pk}/delete/", {"post": "yes"})

    assert "Imprint" not in client.get("/").content.decode()
    assert not Page.objects.exists()
    assert AuditEvent.objects.filter(kind=AuditKind.DELETED).exists()


def test_the_log_tells_that_a_text_changed_and_never_what_it_says(root, landing):
    save(root, landing, is_published="on", body_en="<p>Zephyr</p>")
    save(root, landing, is_published="on", body_en="<p>Quux</p>", notes="Not for readers")

    created, changed = [event.changes for event in AuditEvent.objects.filter(kind=AuditKind.CHANGED).order_by("pk")]

    key = f"texts:{landing.texts.get().pk}"
    assert created["is_published"] == [False, True]
    assert created[key][1]["language"] == "en"
    assert set(changed) == {key, "notes"}
    kept = str([event.changes for event in AuditEvent.objects.all()])
    assert not [word for word in ("Zephyr", "Quux", "Not for readers") if word in kept]
    assert root.get(f"{LIST}{landing.pk}/history/", follow=True).status_code == 200


def test_there_are_so_many_pages_and_no_more(root, monkeypatch):
    monkeypatch.setattr("pages.editing.MOST_PAGES", 1)
    own_page()

    answer = root.post(ADD, {"name": "x", "kind": "landing"})

    assert "There are 1 pages. Delete one first." in answer.content.decode()
