"""One department and one help topic, so that the first ticket has somewhere to go. Rerunnable."""

from django.db import migrations


def make_rows(apps, schema_editor):
    Department = apps.get_model("tickets", "Department")
    if not Department.objects.filter(is_default=True).exists():
        Department.objects.get_or_create(name="Support", defaults={"is_default": True})
    HelpTopic = apps.get_model("tickets", "HelpTopic")
    if not HelpTopic.objects.exists():
        HelpTopic.objects.create(name="General question", hint="Anything that fits nowhere else", position=900)


class Migration(migrations.Migration):
    dependencies = [("tickets", "0001_initial"), ("sla", "0002_stock_priorities"), ("core", "0002_site_settings_row")]
    operations = [migrations.RunPython(make_rows, migrations.RunPython.noop)]
