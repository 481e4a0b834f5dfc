"""AuditEvent: who changed the help desk, signed in, looked through somebody's eyes or took data out."""

from typing import Any, NoReturn

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.user import User
from core.moments import full_moment


class AuditKind(models.TextChoices):
    CREATED = "created", _("Created")
    CHANGED = "changed", _("Changed")
    DELETED = "deleted", _("Deleted")
    ARCHIVED = "archived", _("Archived")
    RESTORED = "restored", _("Taken out of the archive")
    RIGHTS = "rights", _("Rights changed")
    SIGNED_IN = "signed_in", _("Signed in")
    SIGNED_OUT = "signed_out", _("Signed out")
    REFUSED = "refused", _("Sign-in refused")
    LOCKED = "locked", _("Locked after failed sign-ins")
    UNLOCKED = "unlocked", _("Lock cleared")
    PASSWORD = "password", _("Password changed")
    SECOND_FACTOR = "second_factor", _("Second factor changed")
    SESSION_REVOKED = "session_revoked", _("Session ended from elsewhere")
    INVITED = "invited", _("Invited")
    REGISTERED = "registered", _("Registered")
    VIEWED_AS = "viewed_as", _("Looked as somebody else")
    EXPORTED = "exported", _("Exported")
    ANONYMISED = "anonymised", _("Anonymised")
    MERGED = "merged", _("Merged")
    REDACTED = "redacted", _("Redacted")
    RECKONED = "reckoned", _("Deadlines reckoned anew")


class AppendOnlyError(TypeError):
    """Something tried to change what has been written down."""


class AppendOnlyQuerySet(models.QuerySet["AuditEvent"]):
    """Reads, and makes new rows; nothing else. The database refuses the rest as well (migrations 0005, 0007)."""

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnlyError("the audit log is only ever added to")

    update = delete = bulk_update = update_or_create = _refuse
    aupdate = adelete = abulk_update = aupdate_or_create = _refuse
    _raw_delete = _update = _refuse

    def bulk_create(self, objs: Any, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("update_conflicts"):
            self._refuse()
        return super().bulk_create(objs, *args, **kwargs)


class AuditEvent(models.Model):
    """Never updated, never deleted. `changes` is field → [old, new]; of personal fields it holds ids, never values.

    `by` and the target keep their numbers when their rows are gone, so no key holds them.
    """

    at = models.DateTimeField(_("when"))
    kind = models.CharField(_("what"), max_length=20, choices=AuditKind)
    by = models.ForeignKey(
        User,
        models.DO_NOTHING,
        null=True,
        blank=True,
        db_constraint=False,
        db_index=False,  # covered by audit_by_person
        related_name="+",
        verbose_name=_("who"),
    )
    target_model = models.CharField(_("kind of thing"), max_length=60, blank=True)
    target_id = models.BigIntegerField(_("number of the thing"), null=True, blank=True)
    changes = models.JSONField(_("old and new"), default=dict, blank=True)
    client_ip = models.GenericIPAddressField(_("from"), null=True, blank=True)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit log")
        base_manager_name = "objects"
        indexes = [
            # The log itself, newest first; of one kind; of one person; of one thing.
            models.Index(fields=["-at", "-id"], name="audit_newest"),
            models.Index(fields=["kind", "-at", "-id"], name="audit_by_kind"),
            models.Index(fields=["by", "-at", "-id"], name="audit_by_person"),
            models.Index(fields=["target_model", "target_id", "-at", "-id"], name="audit_by_target"),
        ]

    def __str__(self) -> str:
        return f"{full_moment(self.at)} {self.get_kind_display()}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnlyError("the audit log is only ever added to")
        # A key that is there already must not become an update.
        kwargs["force_insert"] = True
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnlyError("the audit log is only ever added to")
