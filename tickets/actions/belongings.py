"""What is a person's alone and goes with them: preferences, keys, sessions, whatever else hangs on their row."""

from collections.abc import Collection

from django.db import models

from accounts.models import Address, User
from tickets.models import Erasure


def drop_belongings(person: User, *, keep: Collection[type[models.Model]] = frozenset()) -> None:
    """Delete what would go with the person but their addresses. Tables are asked for, not named."""
    kept = {Address, Erasure, *keep}
    for relation in User._meta.get_fields(include_hidden=True):
        if getattr(relation, "on_delete", None) is not models.CASCADE or relation.related_model in kept:
            continue
        rows = relation.related_model
        if relation.auto_created and isinstance(rows, type) and issubclass(rows, models.Model):
            field = relation.field.name  # type: ignore[union-attr]  # of the key that points here
            rows._base_manager.filter(**{field: person.pk}).delete()
