"""Before a row goes, the database asks for rows that name it: without these indexes it reads whole tables."""

from django.db import migrations, models

from core.migrating import AddIndexInPassing


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("tickets", "0024_waits_and_pauses"),
    ]

    operations = [
        AddIndexInPassing(
            model_name="threadentry",
            index=models.Index(fields=["origin_ticket"], name="entry_by_origin"),
        ),
        AddIndexInPassing(
            model_name="ticket",
            index=models.Index(
                condition=models.Q(("merged_into__isnull", False)), fields=["merged_into"], name="ticket_by_merged"
            ),
        ),
    ]
