"""The administration writes times as all pages do: in the reader's zone, day first, by 24 hours, in any language."""

import re
from datetime import UTC, datetime
from importlib.util import find_spec

import pytest
from django.conf import settings
from django.contrib.admin import site
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import AuditEvent, AuditKind
from core.moments import full_moment
from tickets.models import Ticket

pytestmark = pytest.mark.django_db

LATE = datetime(2026, 11, 21, 14, 6, tzinfo=UTC)
FOREIGN = re.compile(r"\b[ap]\.m\.|\b(?:Jan|Feb|Aug|Sept|Oct|Nov|Dec|March|April|May|June|July)\.? \d{1,2}, \d{4}")


@pytest.fixture
def tokyo(root, admin_user):
    admin_user.time_zone = "Asia/Tokyo"
    admin_user.save(update_fields=["time_zone"])
    return root


def test_lists_and_what_cannot_be_changed_show_the_readers_time(tokyo, ticket):
    Ticket.objects.filter(pk=ticket.pk).update(opened_at=LATE)

    for path in (
        reverse("admin:tickets_ticket_changelist"),
        reverse("admin:tickets_ticket_change", args=[ticket.pk]),
    ):
        assert "21 Nov 2026, 23:06" in tokyo.get(path).content.decode(), path


def test_the_audit_log_tells_days_and_times_as_lists_do(tokyo, admin_user):
    AuditEvent.objects.create(
        kind=AuditKind.CHANGED,
        at=LATE,
        by=admin_user,
        target_model="sla.holiday",
        target_id=1,
        changes={"day": ["2026-12-24", "2026-12-25"]},
    )

    page = tokyo.get(reverse("admin:accounts_auditevent_changelist")).content.decode()

    assert "21 Nov 2026, 23:06" in page
    assert "24 Dec 2026" in page
    assert "2026-12-24" not in page


def test_no_page_writes_a_time_in_another_way(root, ticket):
    for model, page in site._registry.items():
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        paths = [reverse(f"admin:{name}_changelist")]
        if (row := page.get_queryset(root.get("/admin/").wsgi_request).first()) is not None:
            paths.append(reverse(f"admin:{name}_change", args=[row.pk]))
        for path in paths:
            assert not FOREIGN.search(root.get(path, follow=True).content.decode()), path


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "21 Nov 2026, 23:06"),
        ("de", "21.11.2026, 23:06"),
        ("es", "21/11/2026, 23:06"),
        ("fr", "21/11/2026, 23:06"),
    ],
)
def test_each_language_has_one_way(language, words):
    with translation.override(language), timezone.override("Asia/Tokyo"):
        assert full_moment(LATE) == words


def test_no_language_is_left_to_other_formats():
    languages = {code for code, _name in [*settings.LANGUAGES, *settings.MAIL_LANGUAGES]}

    assert [code for code in sorted(languages) if find_spec(f"core.formats.{code}.formats") is None] == []
