"""The database itself refuses to change the audit log, and the entries of Django's own log move into it.

Those hold names of people (`object_repr`), which ours never does. Afterwards that table stays empty.
"""

from datetime import UTC, datetime

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


OLD = """
SELECT log.action_flag, log.user_id, log.action_time, kind.app_label, kind.model, log.object_id
FROM django_admin_log log LEFT JOIN django_content_type kind ON kind.id = log.content_type_id ORDER BY log.id
"""


def take_over(apps, schema_editor):
    """Read Django's table where there is one: this must not wait for it, since Django's waits for our people."""
    event = apps.get_model("accounts", "AuditEvent")
    with schema_editor.connection.cursor() as cursor:
        if "django_admin_log" not in schema_editor.connection.introspection.table_names(cursor):
            return
        cursor.execute(OLD)
        while rows := cursor.fetchmany(500):
            event.objects.bulk_create(
                event(
                    kind=KINDS[flag],
                    by_id=user,
                    at=_moment(at),
                    target_model=_name(label, model),
                    target_id=int(key) if (key or "").isdecimal() else None,
                    changes={},
                )
                for flag, user, at, label, model, key in rows
            )
        cursor.execute("DELETE FROM django_admin_log")


def _moment(at):
    """Return it with its zone: SQLite keeps UTC, as text or as a moment without one."""
    at = datetime.fromisoformat(at) if isinstance(at, str) else at
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _name(label, model):
    if label is None:
        return ""
    # The page of agents was another; its rows are people.
    return "accounts.user" if (label, model) == ("accounts", "agent") else f"{label}.{model}"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_stock_permissions")]

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
