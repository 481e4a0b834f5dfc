"""Lock: an account or a client that failed to sign in too often, as administrators see it."""

from django.utils.translation import gettext_lazy as _

from accounts.models.audit import AuditEvent


class Lock(AuditEvent):
    """A line of the audit log that says since when; whether it still holds, the throttle knows (accounts.locks)."""

    class Meta:
        proxy = True
        verbose_name = _("lock")
        verbose_name_plural = _("locks")
