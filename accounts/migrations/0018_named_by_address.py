"""Who is stored without a name is known by what stands before the @ of their address, as everybody is from now on.

Rerunnable; whoever has a name keeps it. A few hundred people at a time, found by an index, so that nobody waits.
"""

from typing import Any

from django.db import migrations, transaction

BATCH = 500


def name_by_address(apps: Any, _schema: Any) -> None:
    users, addresses = (apps.get_model("accounts", name).objects for name in ("User", "Address"))
    nameless = users.filter(name="", is_agent=False, is_administrator=False, anonymised_at=None)
    last = 0
    while people := list(nameless.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        emails = addresses.filter(user__in=people, is_primary=True).values_list("user", "email")
        with transaction.atomic():
            for pk, email in emails:
                users.filter(pk=pk, name="").update(name=email.rpartition("@")[0][:120])
        last = people[-1]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("accounts", "0017_canned_permission")]
    operations = [migrations.RunPython(name_by_address, migrations.RunPython.noop)]
