"""Blob: the bytes of one file, known by their digest; NewFile: such a file on its way into a thread."""

from dataclasses import dataclass

from django.db import models


class Blob(models.Model):
    """Bytes in storage, written and synced before this row names them, shared by all who hold the same.

    The name on disk comes from the digest, never from the sender (PARITY section 4, rule 1).
    A blob that nothing refers to is swept after a day.
    """

    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField(help_text="In bytes.")
    # Nearly every blob is older than a day, so no index would help the sweep.
    created_at = models.DateTimeField()

    class Meta:
        # Not `unique` on the field, which would add an index for LIKE that nothing uses.
        constraints = [models.UniqueConstraint(fields=["sha256"], name="one_blob_per_digest")]

    def __str__(self) -> str:
        return self.sha256[:12]

    @property
    def path(self) -> str:
        """Where storage keeps the bytes, below its root."""
        return f"{self.sha256[:2]}/{self.sha256[2:4]}/{self.sha256}"


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that is stored already, about to be attached; core.uploads made `name` and `content_type` harmless.

    `content_id` is by what the text of the same entry shows it, if it does (RFC 2392). An internal one is for agents
    alone, whoever may read the entry.
    """

    blob: Blob
    name: str
    content_type: str
    content_id: str = ""
    is_internal: bool = False
