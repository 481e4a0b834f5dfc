"""Locks after failed tries: what the audit log keeps, and how administrators see and clear them."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils.timezone import now

from accounts import locks, tries
from accounts.models import AuditEvent, AuditKind
from tests.accounts.factors import LOGIN, STEP, by_password, elsewhere, give_app, wrong_code
from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db

LOCKS = "/admin/accounts/lock/"


def fail(email: str, times: int = tries.TRIES_PER_ACCOUNT, client: Client | None = None) -> None:
    for number in range(times):
        (client or elsewhere()).post(LOGIN, {"login": email, "password": f"wrong {number}"})


def events(kind: AuditKind) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(kind=kind).order_by("pk"))


# --- What the log keeps --------------------------------------------------------------------------------


def test_a_refused_try_is_kept_with_the_client_and_without_what_was_typed(client, grace):
    fail("grace@example.com", 1, client)

    (event,) = events(AuditKind.REFUSED)
    assert (event.by, event.target_model, event.target_id) == (None, "accounts.user", grace.pk)
    assert event.client_ip == "127.0.0.1"
    assert event.changes == {"scope": [None, "sign-in:account"]}


def test_what_is_not_counted_leaves_no_line(grace):
    fail("grace@example.com", 12)

    assert len(events(AuditKind.REFUSED)) == tries.TRIES_PER_ACCOUNT
    (locked,) = events(AuditKind.LOCKED)
    assert locked.target_id == grace.pk


def test_an_address_of_nobody_is_not_kept(db):
    fail("nobody@example.com")

    assert {event.target_id for event in events(AuditKind.REFUSED)} == {None}
    assert events(AuditKind.LOCKED) == []


def test_a_client_is_locked_by_its_address(db):
    client = Client(REMOTE_ADDR="192.0.2.7")
    for number in range(tries.TRIES_PER_CLIENT + 3):
        fail(f"a{number}@example.com", 1, client)

    (locked,) = events(AuditKind.LOCKED)
    assert (locked.client_ip, locked.target_id) == ("192.0.2.7", None)


def test_signing_in_and_out_are_kept(client, grace):
    by_password(client, grace)
    client.post("/accounts/logout/")

    kinds = [event.kind for event in AuditEvent.objects.order_by("pk")]
    assert kinds == [AuditKind.SIGNED_IN, AuditKind.SIGNED_OUT]


# --- The page ---------------------------------------------------------------------------------------------


def rows(client: Client) -> list[str]:
    return [
        str(client.get(LOCKS).context["cl"].model_admin.who(lock))
        for lock in client.get(LOCKS).context["cl"].result_list
    ]


def test_an_administrator_sees_who_is_locked_since_when_and_until(sign_in, admin_user, grace):
    fail("grace@example.com", 7)
    client = Client(REMOTE_ADDR="192.0.2.7")
    for number in range(tries.TRIES_PER_CLIENT):
        fail(f"a{number}@example.com", 1, client)

    page = sign_in(admin_user).get(LOCKS)

    assert sorted(rows(sign_in(admin_user))) == ["Account grace@example.com", "Everybody at 192.0.2.7"]
    (account,) = (lock for lock in page.context["cl"].result_list if lock.target_id)
    assert now() < account.until <= now() + tries.WINDOW
    assert account.at <= now()


def test_a_lock_is_one_row_however_it_came_about(sign_in, admin_user, grace):
    give_app(grace)
    for _ in range(5):
        client = elsewhere()
        by_password(client, grace)
        client.post(STEP, {"code": wrong_code()})
    fail("grace@example.com")

    assert rows(sign_in(admin_user)) == ["Account grace@example.com"]


def test_it_is_cleared_and_the_right_password_lets_in(sign_in, admin_user, grace):
    fail("grace@example.com", 6)
    admin = sign_in(admin_user)
    client = elsewhere()
    assert by_password(client, grace).status_code == 429
    (lock,) = locks.held(now())

    admin.post(LOCKS, {"action": "clear", "_selected_action": [lock]})

    assert rows(admin) == []
    assert by_password(client, grace).status_code == 302
    (unlocked,) = events(AuditKind.UNLOCKED)
    assert (unlocked.by, unlocked.target_id) == (admin_user, grace.pk)


def test_a_client_is_let_in_again(sign_in, admin_user, grace):
    client = Client(REMOTE_ADDR="192.0.2.7")
    for number in range(tries.TRIES_PER_CLIENT):
        fail(f"a{number}@example.com", 1, client)
    assert by_password(client, grace).status_code == 429
    (lock,) = locks.held(now())

    sign_in(admin_user).post(LOCKS, {"action": "clear", "_selected_action": [lock]})

    assert by_password(client, grace).status_code == 302


def test_a_cleared_account_locks_again_and_shows_again(sign_in, admin_user, grace):
    fail("grace@example.com")
    (lock,) = locks.held(now())
    admin = sign_in(admin_user)
    admin.post(LOCKS, {"action": "clear", "_selected_action": [lock]})

    fail("grace@example.com")

    assert rows(admin) == ["Account grace@example.com"]
    assert len(events(AuditKind.LOCKED)) == 2


def test_what_is_over_is_not_shown(grace):
    fail("grace@example.com")

    assert locks.held(now())
    assert not locks.held(now() + 2 * tries.WINDOW + timedelta(seconds=1))


def test_nobody_locks_the_last_administrator_out_of_the_rescue(admin_user, monkeypatch):
    """Whoever sits at the machine clears it by the command; test_second_factor has the factor's side."""
    fail(admin_user.email)
    from django.core.management import call_command

    monkeypatch.setattr("sys.stdin.readline", lambda: f"{PASSWORD}\n", raising=False)

    call_command("create_administrator", email=admin_user.email, password_stdin=True)

    assert by_password(elsewhere(), admin_user).status_code == 302


def test_a_list_without_locks_says_that_nobody_is_locked_out(sign_in, admin_user):
    page = sign_in(admin_user).get("/admin/accounts/lock/").content.decode()

    assert "Nobody is locked out." in page
    assert "<h1>Locks</h1>" in page
