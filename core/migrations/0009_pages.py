from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0008_checks_domains"),
    ]

    operations = [
        migrations.AddField(
            model_name="sitesettings",
            name="is_online",
            field=models.BooleanField(
                db_default=True,
                default=True,
                help_text="Off: requesters see the page “Switched off”, programs are told to come back. Agents and administrators sign in and work on, and mail is taken in.",
                verbose_name="open for requesters",
            ),
        ),
        migrations.AddField(
            model_name="sitesettings",
            name="pages_version",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=32),
        ),
    ]
