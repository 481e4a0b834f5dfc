from django.db import migrations, models

from core.migrating import AddIndexInPassing


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("tickets", "0032_clocks_set_aside")]
    operations = [
        AddIndexInPassing(
            model_name="ticketclock",
            index=models.Index(fields=["started_at"], name="clock_by_start"),
        ),
    ]
