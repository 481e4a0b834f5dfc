"""The database itself refuses to change the audit log, and the entries of Django's own log move into it.

Those hold names of people (`object_repr`), which ours never does. Afterwards that table stays empty.
"""

from django.db import migrations

KINDS = {1: "created", 2: "changed", 3: "deleted"}

SQLITE = """
CREATE TRIGGER audit_is_append_only BEFORE UPDATE ON accounts_auditevent
BEGIN SELECT RAISE(ABORT, 'the audit log is only ever added to'); END
"""
POSTGRESQL = """
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit log is only ever added to'; END $$;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE ON accounts_auditevent
FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()
"""
# In SQLite deleting stays possible to whoever holds the file: emptying a table, as tests do, deletes its rows there.


def refuse_changes(apps, schema_editor):
    schema_editor.execute(POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE)


def allow_changes(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION audit_is_append_only() CASCADE")
    else:
        schema_editor.execute("DROP TRIGGER audit_is_append_only")


def take_over(apps, schema_editor):
    old = apps.get_model("admin", "LogEntry").objects.all()
    event = apps.get_model("accounts", "AuditEvent")
    event.objects.bulk_create(
        (
            event(
                kind=KINDS[entry.action_flag],
                by_id=entry.user_id,
                at=entry.action_time,
                target_model=_name(entry.content_type),
                target_id=int(entry.object_id) if (entry.object_id or "").isdecimal() else None,
                changes={},
            )
            for entry in old.select_related("content_type").order_by("pk").iterator()
        ),
        batch_size=500,
    )
    old.delete()


def _name(content_type):
    if content_type is None:
        return ""
    name = f"{content_type.app_label}.{content_type.model}"
    # The page of agents was another; its rows are people.
    return "accounts.user" if name == "accounts.agent" else name


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_stock_permissions"),
        ("admin", "0003_logentry_add_action_flag_choices"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="auditevent",
            options={
                "base_manager_name": "objects",
                "verbose_name": "audit event",
                "verbose_name_plural": "audit log",
            },
        ),
        migrations.RunPython(take_over, migrations.RunPython.noop),
        migrations.RunPython(refuse_changes, allow_changes),
    ]
