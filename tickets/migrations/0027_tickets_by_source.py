"""Queues can be narrowed to the way by which tickets came, which may be a rare one."""

from django.db import migrations, models

from core.migrating import AddIndexInPassing


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("tickets", "0026_warned_shares"),
    ]

    operations = [
        AddIndexInPassing(
            model_name="ticket",
            index=models.Index(
                condition=models.Q(
                    ("merged_into", None), ("status__in", ("open", "assigned", "reopened")), ("trashed_at", None)
                ),
                fields=["source", "next_due_at", "id"],
                name="ticket_working_by_source",
            ),
        ),
        AddIndexInPassing(
            model_name="ticket",
            index=models.Index(
                condition=models.Q(("merged_into", None), ("trashed_at", None)),
                fields=["source", "status", "-last_activity_at", "-id"],
                name="ticket_by_source",
            ),
        ),
    ]
