"""Before a row goes, the database asks for rows that name it: without these indexes it reads whole tables."""

from django.db import migrations, models

from core.migrating import AddIndexInPassing


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("notices", "0002_stopped_replies"),
    ]

    operations = [
        AddIndexInPassing(
            model_name="notice",
            index=models.Index(fields=["event"], name="notice_by_event"),
        ),
    ]
