from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0012_bounces"),
    ]

    operations = [
        migrations.AddField(
            model_name="preferences",
            name="undo_seconds",
            field=models.PositiveSmallIntegerField(
                choices=[
                    (0, "No time: it goes at once"),
                    (5, "5 seconds"),
                    (8, "8 seconds"),
                    (20, "20 seconds"),
                    (30, "30 seconds"),
                ],
                db_default=8,
                default=8,
                verbose_name="time to take back a reply",
            ),
        ),
    ]
