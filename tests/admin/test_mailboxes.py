"""Mailboxes in the administration: what may be saved, secrets that never come out, tests in plain words."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse
from django.utils.timezone import now

from accounts.models import AuditEvent
from core import secrets
from mail import intake, oauth
from mail.models import Mailbox
from tests.admin.oauth_service import OAuthService
from tests.mail.greeting import Greeting
from tests.plugins.dovecot import PASSWORD

pytestmark = pytest.mark.django_db

LIST = "admin:mail_mailbox_changelist"
ADD = "admin:mail_mailbox_add"
CHANGE = "admin:mail_mailbox_change"


def filled_in(**given):
    usual = {
        "name": "support",
        "address": "Support@Example.com",
        "is_active": "on",
        "acknowledges": "on",
        "protocol": "imap",
        "host": "imap.example.com",
        "security": "tls",
        "username": "support",
        "authentication": "password",
        "password": "s3cret words",
        "folder": "INBOX",
        "after_fetch": "seen",
        "poll_seconds": "60",
        "plus_addresses": "on",
    }
    return {name: value for name, value in (usual | given).items() if value is not None}


@pytest.fixture
def box(root):
    root.post(reverse(ADD), filled_in())
    return Mailbox.objects.get()


def do(client, box, action):
    data = {"action": action, "_selected_action": box.pk}
    return client.post(reverse(LIST), data, follow=True).content.decode()


def test_a_mailbox_is_saved_with_its_secret_encrypted_and_fetched_from_at_once(root, box):
    assert box.address == "support@example.com"
    assert secrets.decrypt(bytes(box.secret)) == b"s3cret words"
    assert box.due_at <= now()


def test_the_secret_comes_out_nowhere(root, box):
    pages = [reverse(CHANGE, args=[box.pk]), reverse(LIST), reverse("admin:accounts_auditevent_changelist")]

    told = "".join(root.get(page).content.decode() for page in pages)

    assert "s3cret" not in told
    assert bytes(box.secret).decode() not in told
    assert "One is set. Leave empty to keep it." in told
    assert "s3cret" not in str(list(AuditEvent.objects.values_list("changes", flat=True)))


def test_left_empty_the_secret_stays_and_what_the_fetcher_wrote_too(root, box):
    Mailbox.objects.update(last_uid=77, connected_at=now(), claim="00000000-0000-0000-0000-000000000001", due_at=None)

    root.post(reverse(CHANGE, args=[box.pk]), filled_in(password="", folder="Support"))

    after = Mailbox.objects.get()
    assert (after.folder, after.claim) == ("Support", None)
    assert secrets.decrypt(bytes(after.secret)) == b"s3cret words"
    assert after.due_at <= now()


def test_the_password_does_not_go_to_another_server(root, box):
    Mailbox.objects.update(last_uid=77)

    page = root.post(reverse(CHANGE, args=[box.pk]), filled_in(password="", host="thief.example.net"))

    assert "it was given for another server" in page.content.decode()
    assert Mailbox.objects.get().host == "imap.example.com"
    root.post(reverse(CHANGE, args=[box.pk]), filled_in(password="s3cret words", host="mail.example.com"))
    after = Mailbox.objects.get()
    assert (after.host, after.last_uid) == ("mail.example.com", 77)


OTHERWISE = {
    "handed to us": {"protocol": "pushed"},
    "by a token": {"authentication": "google", "client_id": "id", "client_password": "of the app"},
}


@pytest.mark.parametrize("otherwise", OTHERWISE.values(), ids=OTHERWISE)
def test_nor_by_a_way_on_which_nobody_is_asked_for_it(root, box, otherwise):
    change = reverse(CHANGE, args=[box.pk])
    root.post(change, filled_in(password="", host="thief.example.net", **otherwise))
    assert Mailbox.objects.get().host == "thief.example.net"

    page = root.post(change, filled_in(password="", host="thief.example.net"))

    assert "Enter the password" in page.content.decode()
    assert Mailbox.objects.get().secret is None


def test_what_an_app_may_read_does_not_go_to_another_server(root):
    app = {"authentication": "ms_app", "password": "", "client_id": "app", "tenant": "t.example"}
    root.post(reverse(ADD), filled_in(**app, client_password="of the app"))
    change = reverse(CHANGE, args=[Mailbox.objects.get().pk])

    page = root.post(change, filled_in(**app, host="thief.example.net"))

    assert "it was given for another server" in page.content.decode()
    assert Mailbox.objects.get().host == "imap.example.com"


@pytest.mark.parametrize(
    ("field", "given", "says"),
    [
        ("address", "x" * 21 + "@example.com", "at most 20 characters"),
        ("address", "support+x@example.com", "without a +"),
        ("host", "", "Enter the name of the server"),
        ("host", "imap.example.com/x", "without port and slashes"),
        ("username", "a\r\nb", "one line"),
        ("password", "a\nb", "one line"),
        ("password", "", "Enter the password"),
        ("security", "none", "only a server on this machine"),
        ("folder", "", "Enter a folder"),
        ("after_fetch", "move", "folder that mails are moved to"),
        ("poll_seconds", "1", "greater than or equal to 5"),
        ("port", "70000", "less than or equal to 65535"),
        ("authentication", "google", "ID of the app"),
        ("authentication", "ms_app", "enter its ID"),
        ("tenant", "../x", "ID or domain"),
    ],
)
def test_what_cannot_work_is_not_saved(root, field, given, says):
    response = root.post(reverse(ADD), filled_in(**{field: given}))

    assert says in response.content.decode()
    assert Mailbox.objects.count() == 0


def test_pop3_moves_nothing(root):
    page = root.post(reverse(ADD), filled_in(protocol="pop3", after_fetch="move")).content.decode()

    assert "POP3 knows no folders" in page


def test_a_long_address_will_do_without_extended_ones(root):
    root.post(reverse(ADD), filled_in(address="x" * 40 + "@example.com", plus_addresses=None))

    assert Mailbox.objects.count() == 1


def test_one_that_mail_is_handed_to_needs_no_server(root):
    root.post(reverse(ADD), filled_in(protocol="pushed", host="", username="", password=""))

    assert Mailbox.objects.get().due_at is None


def test_choosing_a_default_takes_it_from_the_other(root, box):
    Mailbox.objects.update(is_default=True)

    root.post(reverse(ADD), filled_in(name="sales", address="sales@example.com", make_default="on"))

    assert list(Mailbox.objects.order_by("name").values_list("name", "is_default")) == [
        ("sales", True),
        ("support", False),
    ]


def test_one_by_which_mail_came_cannot_be_deleted_and_says_why(root, box):
    intake.store([b"Subject: x\r\n\r\nx"], door="imap", at=now(), mailbox=box, place="1/1")
    page = root.get(reverse(CHANGE, args=[box.pk])).content.decode()

    response = root.post(reverse("admin:mail_mailbox_delete", args=[box.pk]), {"post": "yes"})

    assert "cannot be deleted. Switch it off instead." in page
    assert response.status_code == 403
    assert Mailbox.objects.count() == 1


def test_one_that_was_never_used_is_deleted(root, box):
    root.post(reverse("admin:mail_mailbox_delete", args=[box.pk]), {"post": "yes"})

    assert Mailbox.objects.count() == 0


def test_switching_off_stops_fetching_and_on_begins_it(root, box):
    assert "It is switched off." in do(root, box, "switch_off")
    assert Mailbox.objects.get().due_at is None
    assert "is switched off, so nothing is fetched" in do(root, box, "fetch_now")

    assert "It is switched on." in do(root, box, "switch_on")
    assert Mailbox.objects.get().due_at <= now()


def test_a_test_says_what_is_right(root, dovecot_server):
    root.post(
        reverse(ADD),
        filled_in(host="127.0.0.1", port=dovecot_server.imap, security="none", username="tried", password=PASSWORD),
    )

    page = do(root, Mailbox.objects.get(), "try_out")

    assert "It lets us in." in page
    assert "The folder “INBOX” is there, with 0 mails in it." in page
    assert "It tells of new mail at once (IDLE)." in page
    assert "Wrong:" not in page


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ("host: does-not-exist.invalid", "There is no server called"),
        ("port: 1", "Nothing answers at"),
        ("secret: wrong", "refuses user and password"),
        ("folder: Nowhere", "There is no folder “Nowhere”. There are: “INBOX”."),
        ("archive_folder: Done", "There is no folder “Done”."),
        ("security: tls", "does not begin with TLS"),
    ],
)
def test_a_test_says_what_is_wrong(root, dovecot_server, changes, says):
    root.post(
        reverse(ADD),
        filled_in(host="127.0.0.1", port=dovecot_server.imap, security="none", username="tried", password=PASSWORD),
    )
    name, _, value = changes.partition(": ")
    fields = {name: secrets.encrypt(value.encode()) if name == "secret" else value}
    if name == "archive_folder":
        fields["after_fetch"] = "move"
    Mailbox.objects.update(**fields)

    page = do(root, Mailbox.objects.get(), "try_out")

    assert says in page
    assert "Wrong:" in page


@pytest.mark.parametrize("protocol", ["imap", "pop3"])
@pytest.mark.parametrize("banner", [b"SSH-2.0-secret_7.4\r\n", b"HTTP/1.1 400 secret\r\n\r\nsecret\r\n", b"x" * 3_000])
def test_what_is_no_mail_server_is_not_repeated(root, protocol, banner):
    with Greeting(banner) as port:
        root.post(reverse(ADD), filled_in(protocol=protocol, host="127.0.0.1", port=port, security="starttls"))

        page = do(root, Mailbox.objects.get(), "try_out")

    assert "does not answer as a mail server does" in page
    assert "secret_7" not in page
    assert "400 secret" not in page
    assert "xxx" not in page


def test_only_administrators_send_us_anywhere(sign_in, grace, box):
    client = sign_in(grace)

    response = client.post(reverse(LIST), {"action": "try_out", "_selected_action": box.pk})

    assert response.status_code == 403


# --- OAuth2 ---------------------------------------------------------------------------------------


@pytest.fixture
def service(monkeypatch):
    with OAuthService() as service:
        for name, known in list(oauth.SERVICES.items()):
            monkeypatch.setitem(oauth.SERVICES, name, service.instead_of(known))
        yield service


@pytest.fixture
def at_google(root):
    root.post(
        reverse(ADD),
        filled_in(authentication="google", password="", client_id="our-app", client_password="app secret"),
    )
    return Mailbox.objects.get()


def begin(root, box):
    response = root.get(reverse("admin:mail_mailbox_authorize", args=[box.pk]))
    return {name: values[0] for name, values in parse_qs(urlsplit(response["Location"]).query).items()}


def come_back(root, **query):
    return root.get(reverse("admin:mail_mailbox_authorized"), query, follow=True).content.decode()


def test_a_person_authorises_with_pkce_and_state(root, service, at_google):
    asked = begin(root, at_google)
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] in root.get(reverse(CHANGE, args=[at_google.pk])).content.decode()
    assert Mailbox.objects.get().refresh_token is None

    page = come_back(root, code="the-code", state=asked["state"])

    assert "The mailbox is authorised." in page
    [sent] = service.requests
    assert sent["code"] == "the-code"
    assert service.fits(sent["code_verifier"], asked["code_challenge"])
    box = Mailbox.objects.get()
    assert oauth.access_token(box) == "access-1"
    assert b"refresh-1" not in bytes(box.refresh_token)
    assert box.refresh_expires_at is not None


def test_an_answer_to_no_journey_of_ours_is_refused(root, service, at_google):
    begin(root, at_google)

    page = come_back(root, code="the-code", state="another")

    assert "belongs to no authorisation that you began here" in page
    assert service.requests == []
    assert "belongs to no authorisation" in come_back(root, code="the-code", state="")


def test_a_mailbox_that_was_set_up_otherwise_meanwhile_is_not_authorised(root, service, at_google):
    asked = begin(root, at_google)
    Mailbox.objects.update(authentication="password")

    page = come_back(root, code="the-code", state=asked["state"])

    assert "belongs to no authorisation that you began here" in page
    assert service.requests == []


def test_who_declines_is_told(root, service, at_google):
    asked = begin(root, at_google)

    assert "Perhaps somebody declined" in come_back(root, error="access_denied", state=asked["state"])


def test_access_is_renewed_before_it_ends_and_not_sooner(root, service, at_google):
    come_back(root, code="the-code", state=begin(root, at_google)["state"])

    assert oauth.access_token(Mailbox.objects.get()) == "access-1"
    Mailbox.objects.update(access_expires_at=now() + oauth.EARLY)
    assert oauth.access_token(Mailbox.objects.get()) == "access-2"
    assert service.requests[-1]["refresh_token"] == "refresh-1"


def test_an_authorisation_that_is_over_says_so(root, service, at_google):
    come_back(root, code="the-code", state=begin(root, at_google)["state"])
    Mailbox.objects.update(access_expires_at=None)
    service.answers.append((400, {"error": "invalid_grant", "error_description": "Token has been revoked."}))

    with pytest.raises(oauth.Trouble, match="Authorise the mailbox again"):
        oauth.access_token(Mailbox.objects.get())


def test_app_only_access_needs_nobody(root, service):
    root.post(
        reverse(ADD),
        filled_in(
            authentication="ms_app", password="", client_id="our-app", client_password="app secret", tenant="t.example"
        ),
    )

    assert oauth.access_token(Mailbox.objects.get()) == "access-1"
    assert service.requests[0]["grant_type"] == "client_credentials"
    assert service.requests[0]["client_secret"] == "app secret"


def test_another_app_or_person_needs_another_authorisation(root, service, at_google):
    come_back(root, code="the-code", state=begin(root, at_google)["state"])

    changed = filled_in(authentication="google", password="", client_id="another", client_password="")
    root.post(reverse(CHANGE, args=[at_google.pk]), changed)

    box = Mailbox.objects.get()
    assert (box.client_id, box.refresh_token, box.authorized_at) == ("another", None, None)
