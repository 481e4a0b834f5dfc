"""Sessions: where one is signed in, ending them, and being signed out when nobody is there."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth import get_user
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils.timezone import now

from accounts import sessions
from accounts.models import AuditEvent, AuditKind
from accounts.passwords import reset_url
from core.models import SiteSettings
from tests.accounts.factors import by_password
from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db

SESSIONS = "/accounts/sessions/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Safari/604.1"


def browser(user, agent: str = FIREFOX, ip: str = "192.0.2.1") -> Client:
    client = Client(REMOTE_ADDR=ip, headers={"user-agent": agent})
    by_password(client, user)
    return client


def is_signed_in(client: Client) -> bool:
    return get_user(client).is_authenticated


def test_one_sees_where_one_is_signed_in(grace, ken):
    here, there = browser(grace), browser(grace, IPHONE, "192.0.2.2")
    browser(ken)

    shown = here.get(SESSIONS).context["sessions"]

    assert [(one.browser, one.ip, one.is_this_one) for one in shown] == [
        ("Firefox on Linux", "192.0.2.1", True),
        ("Safari on iPhone", "192.0.2.2", False),
    ]
    assert is_signed_in(there)


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge on Windows",
        ),
        ("Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 15_0) Version/19.0 Safari/605.1.15",
            "Safari on macOS",
        ),
        ("curl/8.1", "Unknown browser"),
        ("", "Unknown browser"),
        ("<script>", "Unknown browser"),
    ],
)
def test_browsers_have_names(agent, name):
    assert sessions.name_of(agent) == name


def test_one_ends_one(grace):
    here, there, third = browser(grace), browser(grace, IPHONE), browser(grace)
    other = next(one for one in here.get(SESSIONS).context["sessions"] if one.browser == "Safari on iPhone")

    here.post(f"{SESSIONS}{other.pk}/end/")

    assert [is_signed_in(client) for client in (here, there, third)] == [True, False, True]
    event = AuditEvent.objects.get(kind=AuditKind.SESSION_REVOKED)
    assert (event.by, event.client_ip) == (grace, "192.0.2.1")


def test_nobody_ends_somebody_elses(grace, ken):
    mine, theirs = browser(grace), browser(ken)

    response = mine.post(f"{SESSIONS}{UserSession.objects.get(user=ken).pk}/end/")

    assert response.status_code == 404
    assert is_signed_in(theirs)


def test_this_one_is_ended_by_signing_out(grace):
    here = browser(grace)

    assert here.post(f"{SESSIONS}{UserSession.objects.get().pk}/end/").status_code == 404
    assert is_signed_in(here)


def test_one_ends_all_the_others(grace, ken):
    here, there, third, kens = browser(grace), browser(grace), browser(grace), browser(ken)

    here.post(SESSIONS)

    assert [is_signed_in(client) for client in (here, there, third, kens)] == [True, False, False, True]
    assert AuditEvent.objects.get(kind=AuditKind.SESSION_REVOKED).changes == {"sessions": [2, 0]}


def test_a_new_password_ends_the_others_and_their_rows(grace):
    here, there = browser(grace), browser(grace)

    here.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": "another horse, 5", "password2": "another horse, 5"},
    )

    assert [is_signed_in(client) for client in (here, there)] == [True, False]
    assert len(here.get(SESSIONS).context["sessions"]) == 1
    assert AuditEvent.objects.filter(kind=AuditKind.PASSWORD, by=grace).count() == 1


def test_a_password_set_by_mail_ends_all(grace):
    here = browser(grace)
    # Signing in made an older link worthless; this one is made now.
    link, stranger = reset_url(type(grace).objects.get(pk=grace.pk)), Client()
    form = stranger.get(link, follow=True).redirect_chain[-1][0]

    stranger.post(form, {"password1": "another horse, 5", "password2": "another horse, 5"})

    assert not is_signed_in(here)
    assert not UserSession.objects.exists()
    assert AuditEvent.objects.filter(kind=AuditKind.PASSWORD, by=grace).count() == 1


def test_strangers_see_nothing(client, db):
    assert client.get(SESSIONS)["Location"].startswith("/accounts/login/")
    assert client.post(f"{SESSIONS}1/end/")["Location"].startswith("/accounts/login/")


# --- Nobody there ---------------------------------------------------------------------------------------


def was_there(client: Client, ago: timedelta) -> None:
    session = client.session
    session[sessions.SEEN] = int((now() - ago).timestamp())
    session.save()


@pytest.mark.parametrize(("who", "limit"), [("grace", 12), ("admin_user", 12), ("ada_confirmed", 14 * 24)])
def test_whoever_is_away_too_long_signs_in_again(request, sign_in, who, limit):
    client = sign_in(request.getfixturevalue(who))
    client.get("/accounts/sessions/")
    was_there(client, timedelta(hours=limit, minutes=-1))
    assert client.get("/accounts/sessions/").status_code == 200

    was_there(client, timedelta(hours=limit, minutes=1))

    assert client.get("/accounts/sessions/")["Location"].startswith("/accounts/login/")
    assert not UserSession.objects.exists()
    assert not Session.objects.exists()


def test_a_shorter_time_holds_at_once(sign_in, grace):
    client = sign_in(grace)
    client.get("/desk/queues/open/")
    was_there(client, timedelta(minutes=40))
    assert client.get("/desk/queues/open/").status_code == 200
    was_there(client, timedelta(minutes=40))

    SiteSettings.objects.update(agents_idle_after=timedelta(minutes=30))

    assert client.get("/desk/queues/open/").status_code == 302


def test_a_longer_time_than_the_cookies_holds_as_well(sign_in, ada_confirmed):
    SiteSettings.objects.update(requesters_idle_after=timedelta(days=60))
    client = sign_in(ada_confirmed)

    client.get("/")

    assert client.cookies["sessionid"]["max-age"] == 60 * 24 * 3600
    assert Session.objects.get().expire_date > now() + timedelta(days=59)


def test_being_there_is_written_down_once_a_minute(sign_in, grace, django_assert_num_queries):
    client = sign_in(grace)
    client.get("/accounts/logout/")
    before = UserSession.objects.get().last_seen_at

    client.get("/accounts/logout/")
    assert UserSession.objects.get().last_seen_at == before

    was_there(client, timedelta(seconds=61))
    client.get("/accounts/logout/")
    assert UserSession.objects.get().last_seen_at > before


def test_a_session_that_is_gone_is_forgotten(sign_in, grace, ken):
    for user in (grace, ken):
        sign_in(user).get("/")
    Session.objects.filter(session_key=UserSession.objects.get(user=ken).session_key).delete()

    sessions.sweep(now())

    assert UserSession.objects.get().user == grace
