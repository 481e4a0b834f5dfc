"""Before a row goes, the database asks for rows that name it: without these indexes it reads whole tables."""

from django.db import migrations, models

from core.migrating import AddIndexInPassing


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("mail", "0017_confirmed_messages"),
    ]

    operations = [
        AddIndexInPassing(
            model_name="outgoingmail",
            index=models.Index(condition=models.Q(("event__isnull", False)), fields=["event"], name="mail_by_event"),
        ),
    ]
