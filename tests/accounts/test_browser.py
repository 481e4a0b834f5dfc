"""Signing in, in a real browser: passkeys by a virtual authenticator, an app, mailed links, locks, sessions."""

import re
from collections.abc import Callable, Iterator

import pytest
from django.core import mail
from playwright.sync_api import Browser, BrowserContext, Page, expect

from accounts import sign_in_links
from accounts.models import AuditEvent, AuditKind, User
from core.models import SiteSettings
from tests import axe, cast
from tests.accounts.factors import code, give_app
from tests.browsing import new_context, next_page
from tests.cast import PASSWORD

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]

# A form that is refused says so by its status, which browsers write into their console.
NOT_A_FAULT = ("422 (Unprocessable", "429 (Too Many")
NEW = "a new horse, five letters"


@pytest.fixture(autouse=True)
def _mails(settings):
    """A help desk that mails; what it mails is read in the tests' own outbox."""
    settings.MAIL_URL = "smtp://127.0.0.1:9"


class Visitor:
    """Somebody with a browser of their own."""

    def __init__(self, context: BrowserContext, home: str) -> None:
        self.context, self.home = context, home
        self.page: Page = context.new_page()
        self.faults: list[str] = []
        self.page.on("console", lambda told: self.faults.append(told.text) if told.type == "error" else None)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))

    def go(self, path: str) -> Page:
        self.page.goto(self.home + path)
        return self.page

    def has_passkeys(self) -> None:
        """Give the browser a device that keeps passkeys and takes every finger for its owner's."""
        devtools = self.context.new_cdp_session(self.page)
        devtools.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    def sign_in(self, email: str, password: str = PASSWORD, *, path: str = "/accounts/login/") -> Page:
        page = self.go(path)
        page.get_by_label("E-mail address").fill(email)
        page.get_by_label("Password", exact=True).fill(password)
        with next_page(page):
            page.get_by_role("button", name="Sign in", exact=True).click()
        return page

    def sign_out(self) -> None:
        self.go("/accounts/logout/").get_by_role("main").get_by_role("button", name="Sign out").click()
        expect(self.page).to_have_url(f"{self.home}/")

    def open_link(self) -> Page:
        """Open the link of the newest mail."""
        found = re.search(r"http://localhost:8000(/accounts/\S+)", mail.outbox[-1].body)
        assert found is not None
        return self.go(found[1])


@pytest.fixture
def visitor(chromium: Browser, live_server) -> Iterator[Callable[..., Visitor]]:
    made: list[Visitor] = []

    def visit(**options: object) -> Visitor:
        made.append(Visitor(new_context(chromium, **options), live_server.url))
        return made[-1]

    yield visit
    for each in made:
        each.context.close()
    assert [fault for each in made for fault in each.faults if not any(known in fault for known in NOT_A_FAULT)] == []


# --- Factors ---------------------------------------------------------------------------------------------


def test_a_passkey_is_added_and_signs_in_alone_and_as_the_second_step(visitor, grace):
    her = visitor()
    her.has_passkeys()
    her.sign_in("grace@example.com")
    page = her.go("/accounts/security/")
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Name").fill("Laptop")
    page.get_by_role("button", name="Add the passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    expect(page.locator(".codes li")).to_have_count(10)
    expect(her.go("/accounts/security/").get_by_text("Laptop", exact=True).first).to_be_visible()

    her.sign_out()
    her.go("/accounts/login/").get_by_role("button", name="Sign in with a passkey").click()
    expect(page).to_have_url(re.compile("/desk/"))

    her.sign_out()
    her.sign_in("grace@example.com")
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    page.get_by_role("button", name="Use your passkey").click()
    expect(page).to_have_url(re.compile("/desk/"))

    ways = [event.changes["way"][1] for event in AuditEvent.objects.filter(kind=AuditKind.SIGNED_IN).order_by("pk")]
    assert ways == ["password", "webauthn", "password+webauthn"]


def test_recovery_codes_are_kept_as_a_file_and_a_passkey_gets_another_name(visitor, grace):
    her = visitor()
    her.has_passkeys()
    her.sign_in("grace@example.com")
    page = her.go("/accounts/passkeys/add/")
    page.get_by_label("Name").fill("Laptop")
    page.get_by_role("button", name="Add the passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    expect(page.locator(".codes li")).to_have_count(10)
    given = page.locator(".codes li").all_inner_texts()
    assert wrong_as_it_stands(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    page.evaluate("() => { window.print = () => { document.title = 'printed'; }; }")
    page.get_by_role("button", name="Print").click()

    assert download.value.suggested_filename == "recovery-codes.txt"
    assert download.value.path().read_text().split()[-10:] == given
    expect(page).to_have_title("printed")
    page.reload()
    expect(page.get_by_text("10 codes are left.")).to_be_visible()

    with next_page(page):
        her.go("/accounts/security/").get_by_role("link", name="Rename Laptop").click()
    assert wrong(her, page.url.removeprefix(her.home)) == []
    page.get_by_label("Name").fill("Key on the ring")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Key on the ring", exact=True).first).to_be_visible()
    her.faults.clear()  # axe looks for style sheets beside the pages


def test_a_browser_without_a_passkey_says_so(visitor, grace):
    her = visitor()
    page = her.go("/accounts/login/")
    page.evaluate(
        "() => { navigator.credentials.get = () => Promise.reject(new DOMException('no', 'NotAllowedError')); }"
    )

    page.get_by_role("button", name="Sign in with a passkey").click()

    expect(page.get_by_text("The browser gave no passkey.")).to_be_visible()


def test_an_app_is_set_up_because_the_work_needs_it_and_asked_for_afterwards(visitor, grace):
    SiteSettings.objects.update(agents_need_second_factor=True)
    her = visitor()
    page = her.sign_in("grace@example.com")
    expect(page.get_by_text("Your work here needs a second factor.")).to_be_visible()
    her.go("/desk/queues/open/")
    expect(page).to_have_url(f"{her.home}/accounts/security/")

    page.get_by_role("link", name="Set up an app").click()
    expect(page.locator(".qr svg")).to_be_visible()
    secret = page.locator(".secret").inner_text()
    page.get_by_label("Code that the app shows").fill(code(secret))
    page.get_by_role("button", name="Use this app").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    her.go("/desk/queues/open/")
    expect(page).to_have_url(f"{her.home}/desk/queues/open/")

    her.sign_out()
    her.sign_in("grace@example.com")
    page.get_by_label("Code").fill(code(secret, later=1))
    page.get_by_role("button", name="Go on").click()
    expect(page).to_have_url(re.compile("/desk/"))


# --- Mailed links -----------------------------------------------------------------------------------------


def test_a_mailed_link_signs_in(visitor, grace):
    her = visitor()
    page = her.go("/accounts/login/")
    page.get_by_label("E-mail address").fill("grace@example.com")
    page.get_by_role("button", name="Mail me a link to sign in").click()
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()

    her.open_link().get_by_role("button", name="Sign in").click()

    expect(page).to_have_url(re.compile("/desk/"))


def test_a_guest_registers_and_has_the_earlier_tickets(visitor, ada, ticket):
    her = visitor()
    page = her.go("/accounts/login/")
    page.get_by_role("link", name="Create an account").click()
    page.get_by_label("Your name").fill("Ada Lovelace")
    page.get_by_label("E-mail address").fill("ada@example.org")
    page.get_by_label("Password").fill(NEW)
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()

    her.open_link().get_by_role("button", name="Yes, make the account").click()

    expect(page.get_by_text("Ada Lovelace, account menu")).to_be_attached()
    ada = User.objects.get(addresses__email="ada@example.org")
    assert (ada.name, ada.pk) == ("Ada Lovelace", ticket.requester_id)
    her.sign_out()
    her.sign_in("ada@example.org", NEW)
    expect(page.get_by_text("Ada Lovelace, account menu")).to_be_attached()


def test_an_administrator_invites_and_the_invited_comes_in(visitor, admin_user, ada):
    boss, her = visitor(), visitor()
    page = boss.sign_in("root@example.com", path="/accounts/login/?next=/admin/accounts/user/")
    page.get_by_role("checkbox", name=re.compile("Ada")).check()
    page.locator("select[name=action]").select_option("Invite to make an account")
    page.get_by_role("button", name=re.compile("Run|Go")).click()
    expect(page.get_by_text("1 invitation is on its way.")).to_be_visible()

    page = her.open_link()
    page.get_by_label("Password").fill(NEW)
    page.get_by_role("button", name="Make the account").click()

    expect(page.get_by_text("Ada, account menu")).to_be_attached()
    her.open_link()
    expect(page.get_by_role("heading", name="This link does not work any more")).to_be_visible()
    her.faults[:] = [fault for fault in her.faults if "404" not in fault]


# --- Locks and sessions -------------------------------------------------------------------------------------


def test_a_lock_is_seen_and_cleared(visitor, admin_user, grace):
    her, boss = visitor(), visitor()
    for number in range(5):
        page = her.sign_in("grace@example.com", f"wrong {number}")
        expect(page.get_by_role("alert").get_by_text("do not match")).to_be_visible()
    her.sign_in("grace@example.com")
    expect(her.page.get_by_role("alert").get_by_text("Too many tries")).to_be_visible()

    page = boss.sign_in("root@example.com", path="/accounts/login/?next=/admin/")
    page.get_by_role("main").get_by_role("link", name="Locks", exact=True).click()
    row = page.get_by_role("row").filter(has_text="Account grace@example.com")
    expect(row).to_be_visible()
    row.get_by_role("checkbox").check()
    page.locator("select[name=action]").select_option("Clear the lock")
    page.get_by_role("button", name=re.compile("Run|Go")).click()
    expect(page.get_by_text("1 lock is cleared.")).to_be_visible()

    her.sign_in("grace@example.com")
    expect(her.page).to_have_url(re.compile("/desk/"))


def test_a_session_is_ended_from_another_one(visitor, grace):
    here, there = visitor(), visitor(user_agent="Mozilla/5.0 (iPhone; Mac OS X) Version/19.0 Safari/604.1")
    here.sign_in("grace@example.com")
    there.sign_in("grace@example.com")
    expect(there.page).to_have_url(re.compile("/desk/"))

    page = here.go("/accounts/sessions/")
    page.get_by_role("button", name="End the session of Safari on iPhone").click()
    expect(page.get_by_text("This session is ended.")).to_be_visible()

    expect(there.go("/desk/queues/open/")).to_have_url(re.compile("/accounts/login/"))
    expect(here.go("/desk/queues/open/")).to_have_url(re.compile("/desk/queues/open/"))


# --- To be read by everybody ----------------------------------------------------------------------------------


# In light colours tests/e2e/test_axe.py judges most of them in the ordinary run.
@pytest.mark.parametrize("scheme", [pytest.param("light", marks=pytest.mark.long), "dark"])
def test_the_pages_can_be_read_by_everybody(visitor, grace, scheme):
    her = visitor(color_scheme=scheme, bypass_csp=True, viewport={"width": 390, "height": 844})
    token = sign_in_links.token_for(cast.address_for(grace))
    outside = ["/accounts/login/", "/accounts/link/", "/accounts/register/", f"/accounts/link/with/{token}/"]
    assert {path: wrong(her, path) for path in outside} == {path: [] for path in outside}

    her.sign_in("grace@example.com")
    inside = ["security", "sessions", "app/use", "passkeys/add", "again", "password/change"]
    assert {path: wrong(her, f"/accounts/{path}/") for path in inside} == {path: [] for path in inside}

    give_app(grace)
    her.sign_out()
    her.sign_in("grace@example.com")
    assert wrong(her, "/accounts/second-factor/") == []
    her.faults.clear()  # axe looks for style sheets beside the pages


def wrong(her: Visitor, path: str) -> list[str]:
    return wrong_as_it_stands(her.go(path))


def wrong_as_it_stands(page: Page) -> list[str]:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{page.url} is wider than its window"
    return axe.told(axe.violations(page))
