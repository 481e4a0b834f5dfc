"""One change of the audit log is allowed: from where somebody came is forgotten when they are anonymised."""

from django.db import migrations

SQLITE = """
CREATE TRIGGER audit_is_append_only BEFORE UPDATE ON accounts_auditevent
WHEN NOT (
    NEW.client_ip IS NULL AND NEW.id IS OLD.id AND NEW.at IS OLD.at AND NEW.kind IS OLD.kind AND NEW.by_id IS OLD.by_id
    AND NEW.target_model IS OLD.target_model AND NEW.target_id IS OLD.target_id AND NEW.changes IS OLD.changes
)
BEGIN SELECT RAISE(ABORT, 'the audit log is only ever added to'); END
"""
POSTGRESQL = """
CREATE OR REPLACE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
IF TG_OP = 'UPDATE' AND NEW.client_ip IS NULL
   AND (NEW.id, NEW.at, NEW.kind, NEW.by_id, NEW.target_model, NEW.target_id, NEW.changes)
   IS NOT DISTINCT FROM (OLD.id, OLD.at, OLD.kind, OLD.by_id, OLD.target_model, OLD.target_id, OLD.changes)
THEN RETURN NEW; END IF;
RAISE EXCEPTION 'the audit log is only ever added to'; END $$
"""


def allow_forgetting(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(POSTGRESQL)
    else:
        schema_editor.execute("DROP TRIGGER IF EXISTS audit_is_append_only")
        schema_editor.execute(SQLITE)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_people_by_name")]
    operations = [migrations.RunPython(allow_forgetting, migrations.RunPython.noop)]
