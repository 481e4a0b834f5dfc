"""Reports are for whoever leads: the stock roles that allow much allow them, too. Rerunnable; takes nothing away."""

from django.db import migrations

ROLES = ["All access", "Expanded access"]


def allow_reports(apps, schema_editor):
    Role = apps.get_model("accounts", "Role")
    for role in Role.objects.filter(name__in=ROLES):
        if "report.view" not in role.permissions:
            role.permissions = [*role.permissions, "report.view"]
            role.save(update_fields=["permissions"])


class Migration(migrations.Migration):
    dependencies = [("accounts", "0015_reckoned")]
    operations = [migrations.RunPython(allow_reports, migrations.RunPython.noop)]
