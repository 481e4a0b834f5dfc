"""Coming in by a mailed link: to sign in, by registering, by an invitation. And who may (PARITY P11, P12)."""

import re

import pytest
from django.contrib.auth import get_user
from django.core import mail
from django.test import Client
from django.utils.timezone import now

from accounts import invitations, registration, sign_in_links
from accounts.joining import LinkInvalid
from accounts.models import Address, AuditEvent, AuditKind, Invitation, User
from accounts.people import address_of, normalise
from accounts.views import pages
from core.models import SiteSettings
from core.models.settings import Registration
from tests import cast
from tests.accounts.factors import LOGIN, STEP, code, elsewhere, give_app
from tests.cast import DAY, MINUTE, MONDAY, PASSWORD
from tickets.models import Ticket

pytestmark = pytest.mark.django_db

ASK, REGISTER = "/accounts/link/", "/accounts/register/"
ADA = "ada@example.org"
NEW = "a new horse, five letters"
NO_MAIL = "This help desk has no mail server"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(pages, "ANSWER_AFTER_SECONDS", 0)


def link_in(message) -> str:
    found = re.search(r"http://localhost:8000(/accounts/\S+)", message.body)
    assert found, message.body
    return found[1]


def who(client: Client) -> User | None:
    user = get_user(client)
    return user if user.is_authenticated else None


def allow(registration: Registration, **fields: object) -> None:
    SiteSettings.objects.update(registration=registration, **fields)


def register(client: Client, email: str = ADA, name: str = "Ada Lovelace", password: str = NEW):
    return client.post(REGISTER, {"email": email, "name": name, "password": password})


def kinds() -> list[str]:
    return list(AuditEvent.objects.order_by("pk").values_list("kind", flat=True))


# --- A link to sign in ----------------------------------------------------------------------------------


def test_a_mailed_link_signs_in_by_its_button(client, grace):
    client.post(ASK, {"email": " Grace@Example.com"})
    link = link_in(mail.outbox[0])

    assert client.get(link).status_code == 200
    assert who(client) is None

    assert client.post(link)["Location"] == "/desk/"
    assert who(client) == grace
    assert AuditEvent.objects.get(kind=AuditKind.SIGNED_IN).changes == {"way": [None, "link"]}


def test_the_sign_in_page_sends_what_was_typed_there(client, grace):
    assert f'formaction="{ASK}"' in client.get(LOGIN).content.decode()

    response = client.post(ASK, {"login": "grace@example.com", "password": "wrong"})

    assert response["Location"] == "/accounts/link/sent/"
    assert mail.outbox[0].to == ["grace@example.com"]


def test_the_second_factor_is_asked_for_all_the_same(client, grace):
    give_app(grace)

    response = client.post(link := f"/accounts/link/with/{sign_in_links.token_for(cast.address_for(grace))}/")

    assert response["Location"] == STEP
    assert who(client) is None
    # Worth nothing any more, though nobody is signed in yet.
    assert Client().post(link).status_code == 404
    client.post(STEP, {"code": code()})
    assert who(client) == grace


def test_a_link_works_once(client, grace):
    link = f"/accounts/link/with/{sign_in_links.token_for(cast.address_for(grace))}/"
    client.post(link)

    other = Client()
    assert other.get(link).status_code == other.post(link).status_code == 404
    assert who(other) is None


def test_another_sign_in_makes_it_worthless(client, grace):
    link = f"/accounts/link/with/{sign_in_links.token_for(cast.address_for(grace))}/"

    Client().post(LOGIN, {"login": grace.email, "password": PASSWORD})

    assert client.post(link).status_code == 404


@pytest.mark.parametrize("what", ["password", "epoch", "inactive", "person"])
def test_what_makes_it_worthless(client, grace, ken, what):
    address = cast.address_for(grace)
    link = f"/accounts/link/with/{sign_in_links.token_for(address)}/"
    if what == "password":
        grace.set_password(NEW)
    elif what == "epoch":
        Address.objects.filter(pk=address.pk).update(link_epoch=1)
    elif what == "inactive":
        grace.is_active = False
    else:
        Address.objects.filter(pk=address.pk).update(user=ken, is_primary=False)
    grace.save()

    assert client.post(link).status_code == 404
    assert who(client) is None


def test_it_works_for_a_quarter_of_an_hour(client, grace, monkeypatch):
    link = f"/accounts/link/with/{sign_in_links.token_for(cast.address_for(grace))}/"
    real = sign_in_links.signing.time.time
    monkeypatch.setattr("django.core.signing.time.time", lambda: real() + 14 * 60)
    assert client.get(link).status_code == 200

    monkeypatch.setattr("django.core.signing.time.time", lambda: real() + 15 * 60 + 5)

    assert client.post(link).status_code == 404


@pytest.mark.parametrize("token", ["x", "WzEsImEiXQ:1xUfIp:B28ArXRnjbPvdNbYpUYx4fBomp2m1NKExm25aJSKvZs"])
def test_a_forged_link_opens_nothing(client, grace, token):
    for kind in ("link/with", "register/with", "invitation"):
        assert client.get(f"/accounts/{kind}/{token}/").status_code == 404
        assert client.post(f"/accounts/{kind}/{token}/").status_code == 404


def test_the_page_behind_a_link_stays_out_of_caches(client, grace):
    response = client.get(f"/accounts/link/with/{sign_in_links.token_for(cast.address_for(grace))}/")

    assert {"private", "no-store"} <= set(response["Cache-Control"].split(", "))
    assert response["X-Robots-Tag"] == "noindex, nofollow"


def test_somebody_elses_session_ends_by_it(sign_in, grace, ken):
    client = sign_in(ken)

    client.post(f"/accounts/link/with/{sign_in_links.token_for(cast.address_for(grace))}/")

    assert who(client) == grace


def test_a_guest_comes_in_and_the_address_is_confirmed(client, ada, ticket):
    client.post(ASK, {"email": ADA})

    client.post(link_in(mail.outbox[0]))

    assert who(client) == ada
    ada.refresh_from_db()
    assert ada.email == ADA
    assert cast.address_for(ada).is_verified
    assert ada.may_sign_in


@pytest.mark.parametrize("setting", [Registration.INVITED, Registration.OFF])
def test_where_not_everybody_may_have_an_account_guests_get_no_link(client, ada, grace, setting):
    allow(setting)
    client.post(ASK, {"email": ADA})
    assert mail.outbox == []

    client.post(ASK, {"email": "grace@example.com"})
    assert len(mail.outbox) == 1


def test_who_came_by_a_link_once_has_an_account(client, ada):
    client.post(ASK, {"email": ADA})
    client.post(link_in(mail.outbox[0]))
    allow(Registration.OFF)

    Client().post(ASK, {"email": ADA})

    other = Client()
    other.post(link_in(mail.outbox[1]))
    assert who(other) == ada


def test_an_address_that_somebody_only_claimed_leads_nobody_in_as_them(client, grace, ada):
    grace.addresses.create(email="victim@example.org")
    ada.addresses.update(verified_at=MONDAY)
    ada.addresses.create(email="typo@example.org")

    for email in ("victim@example.org", "typo@example.org"):
        client.post(ASK, {"email": email})

    assert mail.outbox == []


@pytest.mark.parametrize("kind", [ASK, REGISTER])
def test_the_answer_tells_nothing(client, grace, ada, kind):
    gone = cast.make_person("gone@example.org", "Gone", is_active=False)
    answers = []
    for email in ("grace@example.com", "nobody@example.com", ADA, cast.address_for(gone).email):
        response = client.post(kind, {"email": email, "name": "N", "password": NEW}, follow=True)
        answers.append((response.redirect_chain, re.sub(r"csrf\S+|nonce=\S+|value=\S+", "", response.content.decode())))
        assert email not in response.content.decode()

    assert len({str(answer) for answer in answers}) == 1


@pytest.mark.parametrize("kind", [ASK, REGISTER])
def test_the_answer_takes_the_same_time_for_everybody(client, grace, monkeypatch, kind):
    waits = []
    monkeypatch.setattr(pages, "ANSWER_AFTER_SECONDS", 100)
    monkeypatch.setattr(pages.time, "monotonic", lambda: 1000.0)
    monkeypatch.setattr(pages.time, "sleep", waits.append)

    for email in ("grace@example.com", "nobody@example.com"):
        client.post(kind, {"email": email, "name": "N", "password": NEW})

    assert waits == [100, 100]


@pytest.mark.parametrize("kind", [ASK, REGISTER])
def test_links_are_counted_per_address_and_per_client(grace, kind):
    for _ in range(5):
        assert elsewhere().post(kind, {"email": ADA, "name": "N", "password": NEW}).status_code == 302
    assert len(mail.outbox) <= pages.LINKS_PER_ADDRESS

    client = Client(REMOTE_ADDR="192.0.2.1")
    data = {"name": "N", "password": NEW}
    statuses = [client.post(kind, data | {"email": f"a{number}@example.com"}).status_code for number in range(11)]
    assert statuses == [302] * 10 + [429]


# --- Registering ----------------------------------------------------------------------------------------


def test_nothing_is_there_before_the_link_is_confirmed(client, db):
    response = register(client)

    assert response["Location"] == "/accounts/register/sent/"
    assert not User.objects.exists()
    assert NEW not in mail.outbox[0].body
    link = link_in(mail.outbox[0])
    assert client.get(link).status_code == 200
    assert not User.objects.exists()
    assert Client().post(LOGIN, {"login": ADA, "password": NEW}).status_code == 422


def test_the_button_makes_the_account(client, db):
    register(client)

    client.post(link_in(mail.outbox[0]))

    person = who(client)
    assert (person.name, person.email, person.is_agent) == ("Ada Lovelace", ADA, False)
    assert AuditEvent.objects.get(kind=AuditKind.REGISTERED).target_id == person.pk
    assert Client().post(LOGIN, {"login": ADA, "password": NEW}).status_code == 302


def test_a_guest_becomes_the_account_and_keeps_the_tickets(client, ada, ticket):
    register(client)

    client.post(link_in(mail.outbox[0]))

    assert who(client) == ada
    assert User.objects.filter(addresses__email=ADA).count() == 1
    ticket.refresh_from_db()
    assert ticket.requester == ada
    ada.refresh_from_db()
    assert ada.name == "Ada Lovelace"


def test_in_another_browser_the_link_asks_for_the_password(client, db):
    register(client)
    link, other = link_in(mail.outbox[0]), Client()

    assert 'type="password"' in other.get(link).content.decode()
    assert other.post(link).status_code == 422
    assert other.post(link, {"password": "a guess, not the password"}).status_code == 422
    assert not User.objects.exists()

    other.post(link, {"password": NEW})
    assert who(other).email == ADA


def test_whoever_registers_with_somebody_elses_address_gains_nothing_by_their_click(db):
    """The owner registers at the same time, and presses the button of the wrong mail."""
    mallory, ada = elsewhere(), elsewhere()
    register(mallory, password="a password of Mallory's")
    register(ada)
    wrong, right = link_in(mail.outbox[0]), link_in(mail.outbox[1])

    assert ada.post(wrong).status_code == 422
    assert ada.post(wrong, {"password": NEW}).status_code == 422
    ada.post(right)

    assert who(ada).check_password(NEW)
    assert ada.post(wrong, {"password": "a password of Mallory's"}).status_code == 404


def test_of_two_registrations_for_one_address_one_wins(db):
    one, two = elsewhere(), elsewhere()
    register(one, name="One")
    register(two, name="Two")

    one.post(link_in(mail.outbox[0]))
    assert two.post(link_in(mail.outbox[1])).status_code == 404

    assert User.objects.get().name == "One"


def test_the_link_works_once_and_for_a_day(client, db):
    wanted = registration.Wanted("Ada", ADA, "!", "browser", now().timestamp())
    token = registration.token_for(wanted)
    assert registration.read(token, at=now() + DAY - MINUTE)
    with pytest.raises(LinkInvalid):
        registration.read(token, at=now() + DAY + MINUTE)

    registration.confirm(wanted, at=now())
    User.objects.update(password="md5$x$y")
    with pytest.raises(LinkInvalid):
        registration.read(token, at=now())
    with pytest.raises(LinkInvalid):
        registration.confirm(wanted, at=now())


def test_who_has_an_account_is_told_so_by_mail_alone(client, grace):
    register(client, "grace@example.com")

    assert link_in(mail.outbox[0]) == LOGIN
    grace.refresh_from_db()
    assert grace.check_password(PASSWORD)


def test_the_mail_repeats_nothing_that_was_typed(client, db):
    register(client, name="Buy at evil.example")

    sent = mail.outbox[0]
    assert "evil" not in sent.subject + sent.body + sent.alternatives[0][0]


def test_an_address_that_somebody_only_claimed_is_parted_from_them(client, grace):
    grace.addresses.create(email=ADA)
    register(client)

    client.post(link_in(mail.outbox[0]))

    person = who(client)
    assert person != grace
    assert (person.email, person.is_agent) == (ADA, False)
    assert list(grace.addresses.values_list("email", flat=True)) == ["grace@example.com"]


def test_who_is_switched_off_stays_so(client, ada):
    ada.is_active = False
    ada.save()

    register(client)

    assert mail.outbox == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "short"},
        {"password": "password1234"},
        {"name": ""},
        {"name": "\u202e\x00"},
        {"email": "ada"},
        {"email": "ada\u212a@example.org"},
        {"email": f"{'a' * 260}@example.org"},
    ],
)
def test_what_will_not_do_gets_a_sentence(client, db, wrong):
    response = register(client, **wrong)

    assert response.status_code == 422
    assert mail.outbox == []


# --- Who may (PARITY P12) --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "guests", "may_register", "may_be_invited", "may_ask"),
    [
        (Registration.OPEN, True, True, True, True),
        (Registration.OPEN, False, True, True, False),
        (Registration.INVITED, True, False, True, True),
        (Registration.INVITED, False, False, True, False),
        (Registration.OFF, True, False, False, True),
        (Registration.OFF, False, False, False, False),
    ],
)
def test_the_matrix(client, ada, grace, setting, guests, may_register, may_be_invited, may_ask):
    allow(setting, guests_may_ask=guests)

    assert (register(client).status_code == 302) == may_register
    assert (f'href="{REGISTER}"' in client.get(LOGIN).content.decode()) == may_register
    try:
        invitations.invite(cast.address_for(ada), by=grace, at=now())
    except invitations.CannotInvite:
        assert not may_be_invited
    else:
        assert may_be_invited
    assert (client.get("/new/").status_code == 200) == may_ask


def test_a_registration_that_was_closed_meanwhile_is_not_confirmed(client, db):
    register(client)
    allow(Registration.INVITED)

    assert client.post(link_in(mail.outbox[0])).status_code == 404
    assert not User.objects.exists()


# --- Invitations --------------------------------------------------------------------------------------------


@pytest.fixture
def invited(ada, grace) -> str:
    """Ada is invited; her link."""
    invitations.invite(cast.address_for(ada), by=grace, at=now())
    return link_in(mail.outbox[-1])


def test_an_invitation_makes_the_account(client, ada, ticket, invited):
    assert client.get(invited).status_code == 200
    ada.refresh_from_db()
    assert not ada.may_sign_in

    client.post(invited, {"password": NEW})

    assert who(client) == ada
    ada.refresh_from_db()
    assert (ada.email, ada.name) == (ADA, "Ada")
    assert ada.check_password(NEW)
    assert {AuditKind.INVITED, AuditKind.REGISTERED, AuditKind.SIGNED_IN} <= set(kinds())


def test_who_has_no_name_gives_one(client, grace):
    address = address_of("nameless@example.org")
    invitations.invite(address, by=grace, at=now())
    link = link_in(mail.outbox[0])

    assert client.post(link, {"password": NEW}).status_code == 422
    client.post(link, {"password": NEW, "name": " Ada \n L. "})

    assert who(client).name == "Ada L."


def test_it_works_once(client, invited):
    client.post(invited, {"password": NEW})

    assert Client().get(invited).status_code == 404
    assert Client().post(invited, {"password": "something else, longer"}).status_code == 404


def test_sent_again_the_one_before_is_worth_nothing(client, ada, grace, invited):
    invitations.invite(cast.address_for(ada), by=grace, at=now())

    assert client.post(invited, {"password": NEW}).status_code == 404
    assert client.post(link_in(mail.outbox[-1]), {"password": NEW}).status_code == 302
    assert Invitation.objects.count() == 1


def test_it_works_for_a_week(ada, grace):
    invitation = invitations.invite(cast.address_for(ada), by=grace, at=MONDAY)
    token = invitations.token_for(invitation)

    assert invitations.read(token, at=MONDAY + 7 * DAY - MINUTE)
    with pytest.raises(LinkInvalid):
        invitations.accept(token, name="", password=NEW, at=MONDAY + 7 * DAY)


def test_whoever_is_signed_in_as_somebody_else_does_not_accept_it(sign_in, ken, ada, invited):
    client = sign_in(ken)

    assert client.post(invited, {"password": NEW}).status_code == 409
    assert who(client) == ken
    ada.refresh_from_db()
    assert not ada.may_sign_in


def test_an_address_that_was_given_to_somebody_else_makes_nobody_an_account(client, ada, ken, invited):
    Address.objects.filter(email=ADA).update(user=ken, is_primary=False)

    assert client.post(invited, {"password": NEW}).status_code == 404
    ken.refresh_from_db()
    assert ken.check_password(PASSWORD)


def test_who_has_an_account_is_not_invited(grace, ken):
    with pytest.raises(invitations.CannotInvite, match="has an account already"):
        invitations.invite(cast.address_for(grace), by=ken, at=now())
    assert mail.outbox == []


def test_a_bad_password_is_refused_and_the_invitation_stays(client, invited):
    assert client.post(invited, {"password": "short"}).status_code == 422

    assert client.post(invited, {"password": NEW}).status_code == 302


def test_an_administrator_invites(sign_in, admin_user, ada, grace):
    client = sign_in(admin_user)

    client.post("/admin/accounts/user/", {"action": "invite", "_selected_action": [ada.pk]})

    assert mail.outbox[0].to == [ADA]
    event = AuditEvent.objects.get(kind=AuditKind.INVITED)
    assert (event.by, event.target_id) == (admin_user, ada.pk)


# --- Tickets without an account ------------------------------------------------------------------------------


def test_where_guests_may_not_ask_the_form_leads_to_the_sign_in(client, topic):
    allow(Registration.OPEN, guests_may_ask=False)

    response = client.get(f"/new/?topic={topic.pk}", follow=True)

    assert response.redirect_chain[0][0] == f"{LOGIN}?next=/new/%3Ftopic%3D{topic.pk}"
    assert "Please sign in to open a ticket" in response.content.decode()


def ask_as(client: Client, topic, email: str):
    data = {"email": email, "name": "N", "topic": str(topic.pk), "subject": "S", "text": "T"}
    return client.post("/new/", data | {"request_key": "k" * 20})


def test_nor_does_a_form_that_is_sent_open_one(client, topic, ada):
    allow(Registration.OPEN, guests_may_ask=False)

    response = ask_as(client, topic, ADA)

    assert response["Location"].startswith(LOGIN)
    assert not Ticket.objects.exists()


def test_who_is_signed_in_asks_in_their_own_name_whatever_they_type(sign_in, topic, ada_confirmed, ken):
    allow(Registration.OPEN, guests_may_ask=False)

    assert ask_as(sign_in(ada_confirmed), topic, "ken@example.com").status_code == 302

    assert Ticket.objects.get().requester == ada_confirmed


def test_who_has_no_address_of_their_own_borrows_none(sign_in, topic, ada, ken):
    allow(Registration.OPEN, guests_may_ask=False)

    assert ask_as(sign_in(ada), topic, "ken@example.com").status_code == 422
    assert not Ticket.objects.exists()


def test_addresses_are_compared_as_they_are_kept():
    assert normalise(" ADA@Example.org ") == ADA


# --- Where no mail goes out -------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [ASK, REGISTER, "/accounts/password/reset/"])
@pytest.mark.parametrize("mail_url", ["", "smtp://127.0.0.1:9"])
def test_a_form_that_promises_a_mail_says_where_none_goes_out(client, db, settings, page, mail_url):
    settings.MAIL_URL = mail_url

    assert (NO_MAIL in client.get(page).content.decode()) is not bool(mail_url)


@pytest.mark.parametrize("page", [f"{ASK}sent/", f"{REGISTER}sent/", "/accounts/password/reset/done/"])
@pytest.mark.parametrize("mail_url", ["", "smtp://127.0.0.1:9"])
def test_nobody_waits_for_a_mail_that_never_comes(client, db, settings, page, mail_url):
    settings.MAIL_URL = mail_url

    told = client.get(page).content.decode()

    assert (NO_MAIL in told) is not bool(mail_url)
    assert ("Look into your mail" in told) is bool(mail_url)
