"""Operations for migrations of tables that are large and in use."""

from typing import Any

from django.db import migrations


class AddIndexInPassing(migrations.AddIndex):
    """Adds an index while others write into the table. Its migration needs `atomic = False`.

    SQLite knows no such thing, and is done in seconds.
    """

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if schema_editor.connection.vendor != "postgresql" or not self.allow_migrate_model(
            schema_editor.connection.alias, model
        ):
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        # One that broke off leaves an index that nobody can use, and its name.
        schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {schema_editor.quote_name(self.index.name)}")
        schema_editor.add_index(model, self.index, concurrently=True)
