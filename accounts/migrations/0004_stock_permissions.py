"""What the stock roles allow besides, now that there is more to allow. Rerunnable; adds, and takes nothing away."""

from django.db import migrations

PEOPLE = ["person.view", "person.edit", "organization.edit"]
MORE = {
    "All access": [
        "ticket.create",
        "ticket.refer",
        *PEOPLE,
        "person.account",
        "person.delete",
        "organization.delete",
    ],
    "Expanded access": ["ticket.create", "ticket.refer", *PEOPLE],
    "Limited access": ["ticket.create", "person.view"],
    "View only": ["person.view"],
}


def allow_more(apps, schema_editor):
    Role = apps.get_model("accounts", "Role")
    for role in Role.objects.filter(name__in=MORE):
        role.permissions = [*role.permissions, *(one for one in MORE[role.name] if one not in role.permissions)]
        role.save(update_fields=["permissions"])


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_people_and_rights")]
    operations = [migrations.RunPython(allow_more, migrations.RunPython.noop)]
