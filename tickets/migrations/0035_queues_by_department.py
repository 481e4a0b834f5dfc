"""Queues are read department by department, also those that hold little of one or what is due last in it."""

from django.db import migrations, models
from django.db.models import Q

from core.migrating import AddIndexInPassing

WORKING = {"status__in": ("open", "assigned", "reopened"), "trashed_at": None, "merged_into": None}


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("tickets", "0034_departments_of_clocks")]

    operations = [
        AddIndexInPassing("ticket", models.Index(fields=fields, name=name, condition=Q(**WORKING, **more)))
        for name, fields, more in (
            ("ticket_working_by_team", ["team", "next_due_at", "id"], {"team__isnull": False}),
            ("ticket_unassigned", ["department", "next_due_at", "id"], {"assignee": None, "team": None}),
            ("ticket_snoozed", ["department", "next_due_at", "id"], {"snoozed_until__isnull": False}),
            ("ticket_awaiting", ["department", "awaiting", "next_due_at", "id"], {}),
        )
    ] + [
        AddIndexInPassing(
            "ticket",
            models.Index(
                fields=[whose, "status", "-last_activity_at", "-id"],
                name=f"ticket_of_{whose}",
                condition=Q(**{f"{whose}__isnull": False}),
            ),
        )
        for whose in ("assignee", "team")
    ]
    # These begin as the ones before them did.
    operations += [migrations.RemoveIndex("ticket", f"ticket_by_{whose}") for whose in ("assignee", "team")]
