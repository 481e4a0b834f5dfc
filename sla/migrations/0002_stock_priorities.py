"""Four priorities and one plan, so that the first ticket has both. Rerunnable."""

from datetime import timedelta

from django.db import migrations

PRIORITIES = [("Emergency", 1, "emergency"), ("High", 2, "high"), ("Normal", 3, "normal"), ("Low", 4, "low")]


def make_rows(apps, schema_editor):
    Priority = apps.get_model("sla", "Priority")
    for name, level, glyph in PRIORITIES:
        Priority.objects.get_or_create(
            level=level, defaults={"name": name, "glyph": glyph, "is_default": glyph == "normal"}
        )
    SLAPlan = apps.get_model("sla", "SLAPlan")
    if SLAPlan.objects.filter(is_default=True).exists():
        return
    plan, created = SLAPlan.objects.get_or_create(name="Standard (8h/3d, 24/7)", defaults={"is_default": True})
    if created:
        plan.targets.create(target="first_response", within=timedelta(hours=8))
        plan.targets.create(target="resolution", within=timedelta(days=3))


class Migration(migrations.Migration):
    dependencies = [("sla", "0001_initial")]
    operations = [migrations.RunPython(make_rows, migrations.RunPython.noop)]
