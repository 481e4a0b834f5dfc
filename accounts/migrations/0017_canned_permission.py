"""Who may do everything that there was may write canned responses too. Rerunnable; adds, and takes nothing away."""

from django.db import migrations

EVERYTHING = {
    "ticket.create",
    "ticket.reply",
    "ticket.note",
    "ticket.claim",
    "ticket.assign",
    "ticket.release",
    "ticket.transfer",
    "ticket.refer",
    "ticket.edit",
    "ticket.resolve",
    "ticket.close_unresolved",
}
NEW = "canned.edit"


def allow_more(apps, schema_editor):
    for role in apps.get_model("accounts", "Role").objects.all():
        if set(role.permissions) >= EVERYTHING and NEW not in role.permissions:
            role.permissions = [*role.permissions, NEW]
            role.save(update_fields=["permissions"])


class Migration(migrations.Migration):
    dependencies = [("accounts", "0016_report_permission")]
    operations = [migrations.RunPython(allow_more, migrations.RunPython.noop)]
