"""The whole path in a real browser: written in the administration, read in the portal, switched off and on."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from pages import models
from tests.browsing import new_context, next_page
from tests.cast import PASSWORD

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


@pytest.fixture
def contexts(chromium: Browser, live_server) -> Iterator[list[BrowserContext]]:
    made: list[BrowserContext] = []
    yield made
    for context in made:
        context.close()


@pytest.fixture
def visit(chromium: Browser, live_server, contexts):
    """`visit("de-DE")` returns a page in a browser of its own that asks for this language; faults are kept with it."""

    def visited(locale: str = "en-GB") -> Page:
        context = new_context(chromium, base_url=live_server.url, locale=locale)
        contexts.append(context)
        return context.new_page()

    return visited


def listen(page: Page) -> list[str]:
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    return faults


def sign_in(page: Page, place: str, email: str) -> None:
    page.goto(place)
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    with next_page(page):
        page.get_by_role("button", name="Sign in", exact=True).click()


def editor(page: Page, language: str):
    return page.get_by_role("textbox", name=f"Text ({language})", exact=True)


def test_a_landing_text_is_written_looked_at_and_read_in_the_readers_language(visit, admin_user, tmp_path):
    rosa = visit()
    faults = listen(rosa)
    sign_in(rosa, "/admin/pages/page/add/", "root@example.com")
    rosa.get_by_label("Name:").fill("Welcome")
    rosa.get_by_label("Where it is shown:").select_option("landing")
    with next_page(rosa):
        rosa.get_by_role("button", name="Save", exact=True).click()

    expect(editor(rosa, "English")).to_have_attribute("contenteditable", "true")
    editor(rosa, "English").fill("Good morning from ")
    rosa.locator(".form-row.field-body_en").get_by_label("Variable").select_option("site.name")
    editor(rosa, "Deutsch").click()
    rosa.keyboard.type("Guten Morgen, ")
    tools = rosa.locator(".form-row.field-body_de").get_by_role("toolbar")
    tools.get_by_role("button", name="Bold").click()
    rosa.keyboard.type("liebe Leute")
    tools.get_by_role("button", name="Bold").focus()
    rosa.keyboard.press("ArrowRight")
    expect(tools.get_by_role("button", name="Italic")).to_be_focused()
    rosa.get_by_role("button", name="Deutsch", exact=True).click()
    frame = rosa.frame_locator("iframe[name=page-preview]")
    expect(frame.locator(".hero strong")).to_have_text("liebe Leute")

    rosa.get_by_label("Published").check()
    with next_page(rosa):
        rosa.get_by_role("button", name="Save", exact=True).click()
    assert models.PageText.objects.get(language="de").body == "<p>Guten Morgen, <strong>liebe Leute</strong></p>"
    assert models.PageText.objects.get(language="en").body == "<p>Good morning from {{ site.name }}</p>"
    assert faults == []

    german, english = visit("de-DE"), visit("en-GB")
    for page, says in ((german, "Guten Morgen, liebe Leute"), (english, "Good morning from Help desk")):
        heard = listen(page)
        page.goto("/")
        expect(page.locator(".hero .page-text")).to_have_text(says)
        assert heard == []


def test_a_picture_is_pasted_into_a_page_and_stands_in_the_portal(visit, admin_user, tmp_path, db):
    from helpdesk.demo.files import _picture

    page = models.Page.objects.create(name="Imprint", kind="other", slug="imprint")
    (tmp_path / "map.png").write_bytes(_picture("map.png"))
    rosa = visit()
    faults = listen(rosa)
    sign_in(rosa, f"/admin/pages/page/{page.pk}/change/", "root@example.com")
    expect(editor(rosa, "English")).to_have_attribute("contenteditable", "true")
    rosa.locator("#id_title_en").fill("Where we are")
    editor(rosa, "English").fill("Here: ")
    rosa.locator(".form-row.field-body_en [data-rich-file]").set_input_files(tmp_path / "map.png")
    expect(editor(rosa, "English").locator("img[alt='map.png']")).to_be_visible()
    rosa.get_by_label("Published").check()
    with next_page(rosa):
        rosa.get_by_role("button", name="Save", exact=True).click()

    reader = visit()
    heard = listen(reader)
    reader.goto("/pages/imprint/")
    image = reader.get_by_role("img", name="map.png")
    expect(image).to_have_attribute("src", re.compile(r"/pages/pictures/\d+/"))
    expect(image).to_have_js_property("naturalWidth", 480)
    assert (faults, heard) == ([], [])


def test_switched_off_requesters_see_the_page_and_agents_work_on(visit, admin_user, ken, support):
    page = models.Page.objects.create(name="Away", kind="offline")
    rosa = visit()
    sign_in(rosa, f"/admin/pages/page/{page.pk}/change/", "root@example.com")
    expect(editor(rosa, "English")).to_have_attribute("contenteditable", "true")
    rosa.locator("#id_title_en").fill("We are moving house")
    editor(rosa, "English").fill("Back at noon.")
    rosa.get_by_label("Published").check()
    with next_page(rosa):
        rosa.get_by_role("button", name="Save", exact=True).click()
    rosa.goto("/admin/core/sitesettings/1/change/")
    rosa.get_by_label("Open for requesters").uncheck()
    with next_page(rosa):
        rosa.get_by_role("button", name="Save", exact=True).click()

    requester, agent = visit("de-DE"), visit()
    answer = requester.goto("/new/")
    assert answer is not None
    assert answer.status == 503
    expect(requester.get_by_role("heading", name="We are moving house")).to_be_visible()
    requester.get_by_role("link", name="Sign in").first.click()
    expect(requester.get_by_label("E-mail address")).to_be_visible()
    sign_in(agent, "/desk/", "ken@example.com")
    expect(agent.get_by_text("The help desk is switched off for requesters.")).to_be_visible()
    expect(agent.get_by_role("heading", level=1)).to_be_visible()
