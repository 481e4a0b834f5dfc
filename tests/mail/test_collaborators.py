"""What collaborators are mailed: a link of their own, every answer, and nothing typed where nobody confirmed."""

import pytest

from accounts.models import Address
from accounts.principal import Principal
from mail import composing, rendering
from mail.models import OutgoingMail, Suppressed, Template
from mail.outbox import ANSWERS_TO_ONE
from tests import cast
from tests.cast import MONDAY, TUESDAY
from tests.mail.test_rendering import WORD, assert_untyped, composed, html_of, text_of, typed
from tickets import actions, links
from tickets.models import Cause, Ticket

__all__ = ["typed"]

BOB = "bob@example.org"


@pytest.fixture
def bob(db):
    return cast.make_person(BOB, "Bob", confirmed=False)


def add(ticket, person, by):
    return actions.add_collaborator(ticket=ticket, address=cast.address_for(person), by=by, at=TUESDAY)


def mail_to(email: str) -> OutgoingMail:
    return OutgoingMail.objects.filter(recipient=email).latest("pk")


def test_who_is_added_gets_a_link_and_nobody_else_a_mail(ticket, bob, grace, told):
    told()

    participant = add(ticket, bob, Principal.agent(grace))

    assert told() == {BOB: Template.TICKET_COLLABORATOR}
    link = text_of(composed(mail_to(BOB))[1]).split("/t/")[1].split("/")[0]
    assert links.read(link) == participant


def test_an_unconfirmed_collaborator_reads_number_and_agent_and_nothing_that_was_typed(typed, bob, grace):
    add(typed, bob, Principal.agent(grace))

    raw, message = composed(mail_to(BOB))

    assert_untyped(raw, message)
    assert "Grace lets you take part in a ticket" in text_of(message)
    assert f"#{typed.number}" in text_of(message)
    assert "this address was added to a ticket" in text_of(message)


def test_added_by_a_requester_their_name_is_not_told_to_an_unconfirmed_address(typed, ada, bob):
    Address.objects.filter(user=ada).update(verified_at=MONDAY)

    add(typed, bob, Principal.requester(ada))

    raw, message = composed(mail_to(BOB))
    assert_untyped(raw, message)
    assert "The requester lets you take part" in text_of(message)


def test_a_confirmed_collaborator_reads_the_subject_and_who_asks(typed, ada):
    bob = cast.make_person(BOB, "Bob")

    add(typed, bob, Principal.requester(ada))

    _raw, message = composed(mail_to(BOB))
    assert WORD in message["Subject"]
    assert f"{WORD} Ada lets you take part in a ticket" in html_of(message)


def test_added_by_a_rule_with_the_opening_each_gets_one_mail(ada, bob, topic, told):
    ticket = cast.make_ticket(ada, topic)
    opened = ticket.events.get()

    actions.add_automatically(
        ticket=ticket,
        addresses=[cast.address_for(bob)],
        cause=Cause.ORGANIZATION,
        at=MONDAY,
        deed=opened.deed,
    )

    assert told() == {"ada@example.org": Template.TICKET_OPENED, BOB: Template.TICKET_COLLABORATOR}
    _raw, message = composed(mail_to(BOB))
    assert "You take part in this ticket now" in text_of(message)
    assert "We were billed twice." not in text_of(message) + html_of(message)


def test_an_answer_and_what_comes_with_it_is_one_mail_to_each(ticket, bob, grace, told):
    add(ticket, bob, Principal.agent(grace))
    told()

    actions.reply_and_resolve(ticket=ticket, text="Fixed.", by=Principal.agent(grace), at=TUESDAY)

    assert told() == {"ada@example.org": Template.TICKET_REPLY, BOB: Template.TICKET_REPLY}
    _raw, message = composed(mail_to(BOB))
    assert "Fixed." in text_of(message)
    # Confirming is the requester's.
    assert "Was it solved?" not in text_of(message) + html_of(message)
    _raw, message = composed(mail_to("ada@example.org"))
    assert "Was it solved?" in text_of(message)


def message(ticket, person, text="It came twice."):
    actions.add_message(
        ticket=ticket,
        address=cast.address_for(person),
        text=text,
        source="web",
        by=Principal.requester(person),
        at=TUESDAY,
    )


def test_a_message_reaches_a_confirmed_collaborator_with_its_words_and_a_link_of_their_own(ticket, ada, grace):
    bob = cast.make_person(BOB, "Bob")
    participant = add(ticket, bob, Principal.agent(grace))
    actions.add_note(ticket=ticket, text="Looks like fraud.", by=Principal.agent(grace), at=TUESDAY)

    message(ticket, ada)

    _raw, mail = composed(mail_to(BOB))
    assert "Ada wrote" in text_of(mail)
    assert "It came twice." in text_of(mail)
    assert "It came twice." in html_of(mail)
    assert "fraud" not in text_of(mail) + html_of(mail)
    assert links.read(text_of(mail).split("/t/")[1].split("/")[0]) == participant
    assert mail["Auto-Submitted"] == "auto-generated"


def test_a_message_reaches_an_unconfirmed_address_without_its_words(typed, bob, grace):
    add(typed, bob, Principal.agent(grace))

    message(typed, typed.requester, f"{WORD} more")

    raw, mail = composed(mail_to(BOB))
    assert_untyped(raw, mail)
    assert "There is a new message" in text_of(mail)
    assert "There is a new message" in mail["Subject"]
    assert f"#{typed.number}" in text_of(mail)


def test_a_message_waits_for_nobody_who_was_removed_meanwhile(ticket, ada, bob, grace):
    participant = add(ticket, bob, Principal.agent(grace))
    message(ticket, ada)

    actions.remove_collaborator(ticket=ticket, participant=participant, by=Principal.agent(grace), at=TUESDAY)

    with pytest.raises(rendering.NoLongerWanted):
        composing.compose(OutgoingMail.objects.get(recipient=BOB, template=Template.TICKET_MESSAGE))


def test_resolving_and_closing_is_told_as_to_somebody_whose_ticket_it_is_not(ticket, bob, grace):
    by = Principal.agent(grace)
    add(ticket, bob, by)

    actions.resolve(ticket=ticket, by=by, at=TUESDAY, resolution="By phone.")
    resolved = text_of(composed(mail_to(BOB))[1])
    actions.close(ticket=ticket, by=by, at=TUESDAY)
    closed = text_of(composed(mail_to(BOB))[1])

    assert "Grace marked the ticket as resolved" in resolved
    assert "confirm" not in resolved
    assert "The ticket is closed" in closed


def test_who_was_removed_gets_none_of_what_still_waits(ticket, bob, grace):
    participant = add(ticket, bob, Principal.agent(grace))
    actions.reply(ticket=ticket, text="Fixed.", by=Principal.agent(grace), at=TUESDAY)

    actions.remove_collaborator(ticket=ticket, participant=participant, by=Principal.agent(grace), at=TUESDAY)

    for mail in OutgoingMail.objects.filter(recipient=BOB):
        with pytest.raises(rendering.NoLongerWanted):
            composing.compose(mail)


def test_removing_is_mailed_to_nobody(ticket, bob, grace, told):
    participant = add(ticket, bob, Principal.agent(grace))
    told()

    actions.remove_collaborator(ticket=ticket, participant=participant, by=Principal.agent(grace), at=TUESDAY)

    assert told() == {}


def test_an_address_is_not_flooded_by_being_added_over_and_over(ada, bob, topic):
    cast.make_person("ada@example.org", "Ada")
    for _ in range(ANSWERS_TO_ONE + 1):
        add(cast.make_ticket(ada, topic), bob, Principal.requester(ada))

    mails = OutgoingMail.objects.filter(recipient=BOB)
    assert mails.count() == ANSWERS_TO_ONE + 1
    assert [mail.ticket for mail in mails.filter(why=Suppressed.TOO_MANY)] == [Ticket.objects.latest("pk")]


# --- Opened by an agent ---------------------------------------------------------------------------------


def test_opened_for_somebody_unconfirmed_the_agent_s_words_are_told(ada, topic, grace):
    cast.make_ticket(ada, topic, by=Principal.agent(grace), text="You called about the invoice.", source="phone")

    raw, message = composed(mail_to("ada@example.org"))

    assert "Grace opened a ticket for you" in text_of(message)
    assert "You called about the invoice." in text_of(message)
    assert "You called about the invoice." in html_of(message)
    assert message["Auto-Submitted"] == "auto-generated"
    assert raw


def test_colleagues_are_told_who_opened_it_for_whom(ada, topic, grace, billing):
    cast.make_agent("Mia", billing)

    cast.make_ticket(ada, topic, by=Principal.agent(grace))

    assert "Grace opened a ticket for Ada" in text_of(composed(mail_to("mia@example.com"))[1])


def test_what_a_requester_typed_is_no_agent_s_word_though_they_are_one(topic, ken):
    """Somebody types Ken's address into the form; a rule adds Bob, who confirmed nothing."""
    ticket = cast.make_ticket(ken, topic, text=f"{WORD} text", subject=f"{WORD} subject")
    bob = cast.make_person(BOB, "Bob", confirmed=False)
    actions.add_automatically(
        ticket=ticket,
        addresses=[cast.address_for(bob)],
        cause=Cause.ORGANIZATION,
        at=MONDAY,
        deed=ticket.events.get().deed,
    )

    assert_untyped(*composed(mail_to(BOB)))


def test_an_address_that_became_somebody_elses_as_a_rule_added_it_is_told_nothing(ticket, bob, grace, told):
    """The rule read whose it was, somebody proved that it is theirs, and the rule wrote down what it had read."""
    participant = add(ticket, bob, Principal.agent(grace))
    link = links.token_for(participant)
    waiting = mail_to(BOB)
    Address.objects.filter(email=BOB).update(user=cast.make_person("eve@example.org", "Eve"), is_primary=False)
    told()

    actions.reply(ticket=ticket, text="It is refunded.", by=Principal.agent(grace), at=TUESDAY)

    assert told() == {"ada@example.org": Template.TICKET_REPLY}
    with pytest.raises(rendering.NoLongerWanted):
        composing.compose(waiting)
    with pytest.raises(links.LinkInvalid):
        links.read(link)
