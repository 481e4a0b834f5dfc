"""Clocks keep which department had the ticket when they were decided; null stands for the one that has it now."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tickets", "0033_clocks_by_start")]
    operations = [
        migrations.AddField(
            model_name="ticketclock",
            name="department",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tickets.department",
            ),
        ),
    ]
