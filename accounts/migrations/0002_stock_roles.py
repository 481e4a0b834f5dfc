"""The four roles everybody starts with (PARITY R01). Rerunnable; names already taken are left alone."""

from django.db import migrations

LIMITED = ["ticket.reply", "ticket.note", "ticket.claim", "ticket.release", "ticket.resolve"]
EXPANDED = [*LIMITED, "ticket.assign", "ticket.transfer", "ticket.edit"]
ROLES = {
    "All access": [*EXPANDED, "ticket.close_unresolved"],
    "Expanded access": EXPANDED,
    "Limited access": LIMITED,
    "View only": [],
}


def make_roles(apps, schema_editor):
    Role = apps.get_model("accounts", "Role")
    for name, permissions in ROLES.items():
        Role.objects.get_or_create(name=name, defaults={"permissions": permissions})


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunPython(make_roles, migrations.RunPython.noop)]
