from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0030_due_dates"),
    ]

    operations = [
        migrations.AddField(
            model_name="heldreply",
            name="failures",
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
        migrations.AlterField(
            model_name="heldreply",
            name="why",
            field=models.CharField(
                blank=True,
                choices=[
                    ("taken_back", "It was taken back"),
                    ("message", "A message came in meanwhile"),
                    ("reply", "Somebody else answered meanwhile"),
                    ("status", "The ticket was resolved, closed or reopened meanwhile"),
                    ("author", "Its author is not at work here any more"),
                    ("quotes", "It quotes an internal note"),
                    ("refused", "Its author may not answer this ticket any more"),
                    ("nobody", "Nobody whom it was for takes part any more"),
                    ("failed", "The help desk failed at sending it, again and again"),
                ],
                max_length=10,
            ),
        ),
    ]
