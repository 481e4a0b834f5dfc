"""When the demo is loaded, and when it is not."""

from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from core.models import SiteSettings
from helpdesk.demo import loading
from mail.models import OutgoingMail
from tickets.models import Ticket

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def test_a_demo_that_cannot_load_whole_does_not_load_at_all(db, monkeypatch):
    def broken(*args, **kwargs):
        raise ValueError("no")

    monkeypatch.setattr(loading.actions, "close_unresolved", broken)

    with pytest.raises(ValueError, match="no"):
        loading.load(NOW)

    assert loading.is_new()
    assert not SiteSettings.load().is_demo
    assert not OutgoingMail.objects.exists()


def test_the_demo_is_loaded_once_and_says_how_to_sign_in(db):
    call_command("demo", stdout=StringIO())
    again = StringIO()
    call_command("demo", "--if-new", stdout=again)

    assert "ken@example.com" in again.getvalue()
    assert Ticket.objects.count() == len(loading.TICKETS)


def test_a_help_desk_in_use_gets_no_demo(ticket):
    call_command("demo", "--if-new", stdout=StringIO())

    assert Ticket.objects.count() == 1
    assert not SiteSettings.load().is_demo
    with pytest.raises(CommandError, match="in use"):
        call_command("demo", stdout=StringIO())


def test_sign_ins_are_told_only_in_the_demo(db):
    assert loading.sign_ins() == []
