"""What every answer carries, whatever it is: a policy without exceptions, no sniffing, no framing, safe cookies."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from tests.cast import PASSWORD
from tests.security.routes import Route, routes
from tests.security.world import World

pytestmark = pytest.mark.once

ROUTES = routes()


# What they show was written elsewhere.
SANDBOXED = {
    *("desk:file", "desk:mail-file", "desk:mail-html", "portal:file", "pages:picture"),
    "admin:mail_outgoingmail_shown",
}
# What a page of ours frames, and what may load there though nothing else does.
FRAMED = {"desk:mail-html": {"data:", "'unsafe-inline'"}}
LOOSE = {"'unsafe-inline'", "'unsafe-eval'", "*", "data:", "blob:", "http:", "https:"}


def role_for(route: Route) -> str:
    """Return who gets the page itself, not the way to the sign-in."""
    if route.pattern.startswith("admin/"):
        return "rosa"
    return "grace" if route.name.startswith("desk:") else "nobody"


@pytest.fixture
def answers(world: World):
    """Every page as whoever may see it gets it, and as nobody does: sentences for errors included."""
    found = []
    for route in ROUTES:
        for role in {role_for(route), "nobody"}:
            client = world.client(role)
            found.append((f"{role}: GET {route.name}", client.get(world.url(route))))
            if not route.pattern.startswith("admin/"):
                found.append((f"{role}: POST {route.name}", client.post(world.url(route), {})))
    found.append(("nobody: GET no such page", world.client("nobody").get("/no/such/page/")))
    found.append(("nobody: POST without our token", Client(enforce_csrf_checks=True).post("/new/", {})))
    return found


def test_every_answer_carries_the_safety_headers_and_nothing_that_its_policy_would_block(answers, subtests):
    """One walk for both: asking for everything takes longer than judging it."""
    assert {response.status_code for _name, response in answers} >= {200, 302, 403, 404, 405, 422}
    pages = [name for name, response in answers if is_page(response)]
    assert len(pages) > len(answers) / 4
    for name, response in answers:
        with subtests.test(name):
            assert_safe(name, response)
        if name in pages:
            with subtests.test(f"{name}, inline"):
                nonces = re.findall(r"'nonce-([^']+)'", response["Content-Security-Policy"])
                inline = Inline(set(nonces))
                inline.feed(response.content.decode())
                assert inline.found == []


def assert_safe(name: str, response: HttpResponse) -> None:
    policy = directives(response["Content-Security-Policy"])
    assert policy["default-src"] == ["'none'"]
    if "sandbox" in policy:
        # A file or a mail, of whomever: it may not even run what is its own.
        assert name.split()[-1] in SANDBOXED
        assert policy["sandbox"] == []
        assert "script-src" not in policy
        loose = FRAMED.get(name.split()[-1], {"'unsafe-inline'"})
        assert {source for sources in policy.values() for source in sources} & LOOSE <= loose
    else:
        assert policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]
        assert policy["style-src"][0] == "'self'"
        assert not LOOSE & {source for sources in policy.values() for source in sources}
    assert response["X-Content-Type-Options"] == "nosniff"
    framed_by = "SAMEORIGIN" if name == "grace: GET desk:mail-html" else "DENY"
    assert response["X-Frame-Options"] == framed_by
    assert response["Referrer-Policy"] in {"same-origin", "no-referrer"}
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"


def is_page(response: HttpResponse) -> bool:
    """Whether it is a page of ours, and no file or mail of somebody's."""
    is_html = response.get("Content-Type", "").startswith("text/html")
    return is_html and not response["Content-Security-Policy"].startswith("sandbox")


def directives(policy: str) -> dict[str, list[str]]:
    return {name: sources for name, *sources in (part.split() for part in policy.split(";") if part.strip())}


class Inline(HTMLParser):
    """Collects what a strict policy would block, and what comes from elsewhere."""

    def __init__(self, nonces: set[str]) -> None:
        super().__init__()
        self.nonces = nonces
        self.found: list[str] = []
        self.inside_script = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if tag == "style" or "style" in given:
            self.found.append(f"<{tag} style>")
        if any(name.startswith("on") for name in given):
            self.found.append(f"<{tag} {sorted(given)}>")
        for name in ("href", "src", "action", "formaction", "data", "poster"):
            if (given.get(name) or "").strip().lower().startswith("javascript:"):
                self.found.append(f"<{tag} {name}=javascript:>")
        loads = given.get("src") or (given.get("href") if tag == "link" else None) or ""
        if re.match(r"(https?:)?//", loads):
            self.found.append(f"<{tag}> from {loads}")
        is_code = tag == "script" and given.get("type") in {None, "", "module", "text/javascript"}
        if is_code and "src" not in given and given.get("nonce") not in self.nonces:
            self.found.append("<script> without the nonce")


def test_the_search_for_inline_things_finds_them():
    inline = Inline({"right"})
    inline.feed(
        '<p style="color: red" onclick="x()"><style>p {}</style><script>1</script><script nonce="right">1</script>'
        '<a href=" JavaScript:x"><script src="//cdn.example/x.js"></script><link href="https://cdn.example/x.css">'
        '<script type="application/json">{}</script>'
    )

    assert len(inline.found) == 7


def test_a_nonce_is_used_once(client, db):
    pages = [client.get("/accounts/login/") for _ in range(2)]

    nonces = [set(re.findall(r"'nonce-([^']+)'", page["Content-Security-Policy"])) for page in pages]
    assert not nonces[0] & nonces[1]


# --- Cookies ------------------------------------------------------------------------------------------------


def sign_in(client: Client, **extra: object):
    return client.post("/accounts/login/", {"login": "grace@example.com", "password": PASSWORD}, **extra)


def test_the_session_cookie_is_not_for_scripts_nor_for_other_sites(client, grace):
    cookie = sign_in(client).cookies["sessionid"]

    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")


def test_it_is_secure_exactly_when_the_public_address_is(client, grace):
    assert bool(sign_in(client).cookies["sessionid"]["secure"]) is settings.IS_HTTPS is False


def test_signing_in_gives_a_new_session_and_a_new_token(client, grace):
    client.get("/accounts/login/")
    session = client.session
    session["planted"] = True
    session.save()
    client.cookies["sessionid"] = planted = session.session_key
    token = client.cookies["csrftoken"].value

    response = sign_in(client)

    assert response.status_code == 302
    assert client.cookies["sessionid"].value != planted
    assert client.cookies["csrftoken"].value != token
    assert Client(headers={"cookie": f"sessionid={planted}"}).get("/desk/").status_code == 302


def test_signing_out_ends_the_session_on_the_server_too(client, grace):
    sign_in(client)
    key = client.cookies["sessionid"].value

    client.post("/accounts/logout/")

    assert "login" in Client(headers={"cookie": f"sessionid={key}"}).get("/desk/", follow=False)["Location"]


# --- Production ----------------------------------------------------------------------------------------------


PRODUCTION = {
    "PUBLIC_URL": "https://support.example.com",
    "DATABASE_URL": "postgresql://helpdesk:secret@db.example.com:5432/helpdesk",
    "REDIS_URL": "redis://redis.example.com:6379/0",
    "MAIL_URL": "smtps://user:secret@mail.example.com:465",
    "SECRET_KEY": "k9" * 40 + "xYz!4711-not-a-real-key",
}


def manage(*arguments: str, data: object, **environ: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "VIRTUAL_ENV"}}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=settings.BASE_DIR,
        env=kept | {"HELPDESK_DATA": str(data)} | environ,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_production_settings_pass_the_check_for_deployment(tmp_path):
    done = manage("check", "--deploy", "--fail-level", "WARNING", data=tmp_path, **PRODUCTION)

    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout + done.stderr
    assert "silenced" not in (done.stdout + done.stderr).replace("(0 silenced)", "")


def test_that_check_would_object_to_plain_http(tmp_path):
    done = manage(
        "check",
        "--deploy",
        "--fail-level",
        "WARNING",
        data=tmp_path,
        **PRODUCTION | {"PUBLIC_URL": "http://support.example.com"},
    )

    assert done.returncode != 0
    assert "security.W0" in done.stderr
