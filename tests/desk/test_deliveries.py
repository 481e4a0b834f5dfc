"""What became of an entry's mails, on the ticket's page, and mending it: retry, send again, an address cleared."""

import re
from html import unescape
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import Address, AuditEvent, User
from mail import outages, outbound
from mail.models import (
    Fault,
    MailState,
    OutgoingMail,
    OwnAddress,
    SendingAccount,
    Suppressed,
    Template,
    Writer,
)
from tests import cast
from tests.cast import DAY, MONDAY, VIEW_ONLY, address_for
from tests.desk.conftest import AtDesk, toasts
from tests.mail.sink import Sink
from tickets import actions
from tickets.errors import NotOffered
from tickets.models import Kind, Ticket


@pytest.fixture(autouse=True)
def _mail_server(settings: object) -> None:
    settings.MAIL_URL = "smtp://127.0.0.1:9"


@pytest.fixture
def cleo(ticket: Ticket, grace: User) -> User:
    """Takes part beside Ada."""
    cleo = cast.make_person("cleo@example.org", "Cleo")
    actions.add_collaborator(ticket=ticket, address=address_for(cleo), by=cast.principal(grace), at=MONDAY)
    return cleo


@pytest.fixture
def mails(ticket: Ticket, cleo: User, desk: AtDesk) -> dict[str, OutgoingMail]:
    """The mails of Grace's reply, by recipient."""
    desk.reply(ticket)
    return {mail.recipient: mail for mail in OutgoingMail.objects.filter(template=Template.TICKET_REPLY)}


def become(mail: OutgoingMail, state: MailState, **fields: object) -> None:
    due = timezone.now() + DAY if state == MailState.DEFERRED else None
    defaults = {"sent_at": MONDAY if state == MailState.SENT else None, "due_at": due, "claim": None}
    OutgoingMail.objects.filter(pk=mail.pk).update(state=state, **(defaults | fields))


def live(desk: AtDesk, ticket: Ticket, entry: int, state: object = "") -> object:
    url = f"/desk/tickets/{ticket.number}/entries/{entry}/delivery/?state={state}"
    return desk.client.get(url, headers={"HX-Request": "true"})


def shown(desk: AtDesk, ticket: Ticket):
    [item] = [
        piece.item
        for piece in desk.look(ticket).context["thread"].pieces
        if piece.item and piece.item.entry.kind == "reply"
    ]
    return item.delivery


def test_all_is_well_in_one_quiet_line(ticket, desk, mails):
    for mail in mails.values():
        become(mail, MailState.SENT)

    told = shown(desk, ticket)

    assert (told.summary, told.loud, told.asks_in, told.at) == ("Sent to Ada and 1 other", [], None, MONDAY)


def test_each_recipient_is_told_for_themselves_and_trouble_loudly(ticket, desk, mails):
    become(mails["ada@example.org"], MailState.BOUNCED, fault=Fault.NOBODY, last_error="550 5.1.1 <b>No</b>")
    become(mails["cleo@example.org"], MailState.SENT)

    told = shown(desk, ticket)
    page = desk.look(ticket).text

    assert [one.email for one in told.loud] == ["ada@example.org"]
    assert told.summary == "Sent to Cleo"
    assert "Came back: this address does not exist" in page
    assert "550 5.1.1 &lt;b&gt;No&lt;/b&gt;" in page


def test_a_mail_on_its_way_is_asked_for_again_until_it_is_there(ticket, desk, mails):
    OutgoingMail.objects.update(created_at=timezone.now())
    entry = ticket.entries.get(kind="reply").number
    first = shown(desk, ticket)
    assert first.asks_in == 3

    assert live(desk, ticket, entry, first.state).status_code == 204
    for mail in mails.values():
        become(mail, MailState.SENT)
    answer = live(desk, ticket, entry, first.state)

    assert "Sent to Ada and 1 other" in answer.text
    assert "hx-trigger" not in answer.text


def test_alerts_to_agents_are_not_listed(ticket, desk, mails, grace):
    OutgoingMail.objects.filter(recipient="cleo@example.org").update(template=Template.ALERT_MESSAGE)

    assert [one.email for one in shown(desk, ticket).recipients] == ["ada@example.org"]


def test_a_receipt_that_did_not_go_makes_no_noise(ticket, desk):
    OutgoingMail.objects.update(state=MailState.SUPPRESSED, why=Suppressed.TOO_MANY)

    [message] = [piece.item for piece in desk.look(ticket).context["thread"].pieces if piece.item]

    assert message.delivery.loud == []


def test_two_hundred_recipients_are_one_line_and_a_few_loud_ones(ticket, desk, mails):
    entry = ticket.entries.get(kind="reply")
    OutgoingMail.objects.bulk_create(
        OutgoingMail(
            recipient=f"r{n}@example.org",
            template=Template.TICKET_REPLY,
            ticket=ticket,
            entry=entry,
            state=MailState.FAILED if n % 2 else MailState.SENT,
            sent_at=MONDAY,
            created_at=MONDAY,
        )
        for n in range(200)
    )

    told = shown(desk, ticket)

    assert (len(told.recipients), told.unlisted, len(told.loud), told.more_trouble) == (0, 202, 3, 97)
    everybody = desk.client.get(f"{told.all_url}?all=1", headers={"HX-Request": "true"}).text
    assert all(f"r{n}@example.org" in everybody for n in range(200))


@pytest.mark.parametrize("later", [0, 49, 50, 60])
def test_all_recipients_are_shown_without_script_too_on_the_page_that_has_the_entry(ticket, desk, mails, grace, later):
    entry = ticket.entries.get(kind="reply")
    OutgoingMail.objects.bulk_create(
        OutgoingMail(
            recipient=f"r{n}@example.org", template=Template.TICKET_REPLY, ticket=ticket, entry=entry, created_at=MONDAY
        )
        for n in range(8)
    )
    for _ in range(later):
        actions.add_note(ticket=ticket, text="Seen.", by=cast.principal(grace), at=MONDAY)
    url = f"/desk/tickets/{ticket.number}/entries/{entry.number}/delivery/"
    link = re.search(
        r'<a class="btn btn-sm" href="([^"]+all=1)"', desk.look(ticket, f"?before={entry.number + 1}").text
    )
    assert unescape(link[1]) == f"{url}?all=1"

    answer = desk.client.get(unescape(link[1]))

    assert answer["Location"].endswith(f"#e{entry.number}")
    assert ("before=" in answer["Location"]) is (later >= 50)
    page = desk.client.get(answer["Location"]).text
    assert all(f"r{n}@example.org" in page for n in range(8))
    assert '<details class="delivery-all" open>' in page


# --- Retry ------------------------------------------------------------------------------------------


def test_retry_now_makes_it_due_and_says_who_wanted_it(ticket, desk, mails):
    mail = mails["ada@example.org"]
    become(mail, MailState.DEFERRED)

    answer = desk.client.post(f"/desk/tickets/{ticket.number}/mails/{mail.pk}/retry/")

    mail.refresh_from_db()
    assert mail.due_at <= timezone.now()
    assert toasts(answer)[-1] == "The mail to ada@example.org is tried again now"
    event = ticket.events.get(kind=Kind.RESENT)
    assert (event.by, event.data["retried"]) == (desk.agent, True)
    assert OutgoingMail.objects.filter(template=Template.TICKET_REPLY).count() == 2
    assert "had entry 2 tried again at once, to" in desk.look(ticket).text


@pytest.fixture
def own_account(ticket: Ticket, settings: object) -> SendingAccount:
    """The only way out there is: the account of the ticket's department."""
    settings.MAIL_URL = ""
    account = SendingAccount.objects.create(name="billing", host="127.0.0.1", port=9)
    address = OwnAddress.objects.create(email="billing@example.com", account=account)
    Writer.objects.create(address=address, department=ticket.department)
    return account


def test_retry_now_tries_the_account_that_the_mail_waits_for(ticket, desk, mails, own_account):
    mail, later = mails["ada@example.org"], timezone.now() + DAY
    outages.note(outages.key_of(own_account), "Go away", timezone.now(), is_certain=True, wait=DAY)
    become(mail, MailState.DEFERRED, due_at=later, fault=Fault.ACCOUNT, account=own_account)

    desk.client.post(f"/desk/tickets/{ticket.number}/mails/{mail.pk}/retry/")

    assert outages.Way(own_account).may_try(timezone.now())


def test_a_department_s_own_account_is_a_way_to_send_again_and_is_told_of(ticket, desk, mails, ada, own_account):
    become(mails["ada@example.org"], MailState.FAILED)

    assert toasts(again(desk, ticket, ada))[-1] == f"The reply in #{ticket.number} is mailed again"
    assert toasts(desk.reply(ticket, request_key="m" * 22))[-1] == f"Reply to #{ticket.number} sent, awaiting requester"
    assert "Answers are mailed here" in desk.look(ticket).text


@pytest.mark.parametrize("state", [MailState.SENT, MailState.QUEUED, MailState.BOUNCED, MailState.PERHAPS_SENT])
def test_what_waits_for_nothing_is_not_tried_again(ticket, desk, mails, state):
    become(mails["ada@example.org"], state)

    desk.client.post(f"/desk/tickets/{ticket.number}/mails/{mails['ada@example.org'].pk}/retry/")

    assert not ticket.events.filter(kind=Kind.RESENT).exists()


def test_who_may_not_reply_may_not_retry(ticket, at_desk, mails, billing):
    vera = at_desk(cast.make_agent("Vera", billing, role=VIEW_ONLY))
    become(mails["ada@example.org"], MailState.DEFERRED)

    vera.client.post(f"/desk/tickets/{ticket.number}/mails/{mails['ada@example.org'].pk}/retry/")

    assert not ticket.events.filter(kind=Kind.RESENT).exists()
    assert OutgoingMail.objects.get(pk=mails["ada@example.org"].pk).due_at > timezone.now()
    assert "Retry now" not in vera.look(ticket).text


# --- Send again ---------------------------------------------------------------------------------------


def again(desk: AtDesk, ticket: Ticket, *to: User, **data: object) -> object:
    seen = Ticket.objects.values_list("last_event_number", flat=True).get(pk=ticket.pk)
    chosen = [address_for(one).pk for one in to]
    url = f"/desk/tickets/{ticket.number}/entries/2/resend/"
    return desk.client.post(url, {"seen": seen, "to": chosen} | data)


def test_the_form_ticks_who_did_not_get_it_and_warns_of_a_second_copy(ticket, desk, mails, ada, cleo):
    become(mails["ada@example.org"], MailState.PERHAPS_SENT)
    become(mails["cleo@example.org"], MailState.FAILED)

    answer = desk.client.get(f"/desk/tickets/{ticket.number}/entries/2/resend/")

    assert answer.context["dialog"].form.initial["to"] == [address_for(cleo).pk]
    assert "Ada (ada@example.org): perhaps has it; it may arrive twice" in answer.text


def test_it_is_mailed_again_to_those_who_were_chosen_and_reads_as_it_did(ticket, desk, mails, ada, cleo, settings):
    become(mails["ada@example.org"], MailState.PERHAPS_SENT)
    become(mails["cleo@example.org"], MailState.FAILED)

    answer = again(desk, ticket, ada)

    assert toasts(answer)[-1] == f"The reply in #{ticket.number} is mailed again"
    event = ticket.events.get(kind=Kind.RESENT)
    assert (event.by, event.data["maybe_twice"]) == (desk.agent, True)
    fresh = OutgoingMail.objects.get(deed=event.deed)
    assert (fresh.recipient, fresh.state) == ("ada@example.org", MailState.QUEUED)
    with Sink() as sink:
        settings.MAIL_URL = f"smtp://127.0.0.1:{sink.port}"
        OutgoingMail.objects.filter(pk=fresh.pk).update(claim=(claim := uuid4()))
        assert outbound.send(fresh.pk, claim) == MailState.SENT
    text = sink.received[0].message.get_body(("plain",)).get_content()
    assert "Grace answered" in text
    assert "Which invoice?" in text
    assert "who may have it twice" in desk.look(ticket).text
    assert shown(desk, ticket).summary == "Sent to Ada"


def test_pressed_twice_it_is_mailed_once_more(ticket, desk, mails, ada):
    become(mails["ada@example.org"], MailState.FAILED)

    answers = [again(desk, ticket, ada) for _time in range(2)]

    assert [answer.status_code for answer in answers] == [302, 422]
    assert ticket.events.filter(kind=Kind.RESENT).count() == 1


def test_a_colleague_who_was_added_later_can_be_told(ticket, desk, mails, grace):
    dora = cast.make_person("dora@example.org", "Dora")
    actions.add_collaborator(ticket=ticket, address=address_for(dora), by=cast.principal(grace), at=timezone.now())

    again(desk, ticket, dora)

    fresh = OutgoingMail.objects.filter(template=Template.TICKET_REPLY).latest("pk")
    assert (fresh.recipient, fresh.entry.number) == ("dora@example.org", 2)


def test_nobody_who_takes_no_part_is_told(ticket, desk, mails, linus):
    assert again(desk, ticket, linus).status_code == 422
    with pytest.raises(NotOffered):
        actions.resend(
            ticket=ticket,
            entry=ticket.entries.get(kind="reply"),
            addresses=[address_for(linus).pk],
            by=cast.principal(desk.agent),
            at=timezone.now(),
        )


# --- An address that is right -------------------------------------------------------------------------


def test_an_address_that_bounces_is_shown_and_cleared_by_who_may_reply(ticket, desk, ada):
    Address.objects.filter(user=ada).update(bouncing_at=MONDAY, bounce_said="550 5.1.1 No such user")
    page = desk.look(ticket).text
    assert page.count("Mail to this address comes back, so none is sent") == 1
    assert "550 5.1.1 No such user" in page

    address = address_for(ada)
    answer = desk.client.post(f"/desk/tickets/{ticket.number}/addresses/{address.pk}/clear-bounce/")

    assert toasts(answer) == ["Mail goes to ada@example.org again"]
    address.refresh_from_db()
    assert not address.bounces
    assert AuditEvent.objects.get(target_id=address.pk, target_model="accounts.address").by == desk.agent


def test_who_may_only_look_does_not_clear_it(ticket, at_desk, billing, ada):
    vera = at_desk(cast.make_agent("Vera", billing, role=VIEW_ONLY))
    Address.objects.filter(user=ada).update(bouncing_at=MONDAY)

    vera.client.post(f"/desk/tickets/{ticket.number}/addresses/{address_for(ada).pk}/clear-bounce/")

    assert address_for(ada).bounces


def test_it_is_cleared_on_the_person_s_page_too(desk, ada):
    Address.objects.filter(user=ada).update(bouncing_at=MONDAY, bounce_said="550 5.1.1 No such user")
    assert "550 5.1.1 No such user" in desk.client.get(f"/desk/people/{ada.pk}/").text

    desk.client.post(f"/desk/people/{ada.pk}/addresses/{address_for(ada).pk}/clear/")

    assert not address_for(ada).bounces
