"""BannedSender: from whom nothing is taken."""

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _


class BannedSender(models.Model):
    """An address, a domain with all below it, or a pattern with * and ? (PARITY N11).

    `pattern` is lower-case: "jane@example.com", "example.com" or "*@*.example.com".
    """

    pattern = models.CharField(
        _("address, domain or pattern"),
        max_length=254,
        help_text=_("Such as jane@example.com, example.com (with all below it) or *newsletter*@*."),
    )
    is_active = models.BooleanField(_("active"), default=True)
    notes = models.TextField(_("notes"), blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("banned sender")
        verbose_name_plural = _("banned senders")
        constraints = [
            models.UniqueConstraint(fields=["pattern"], name="one_ban_per_pattern"),
            models.CheckConstraint(condition=models.Q(pattern=Lower("pattern")), name="ban_is_lower_case"),
        ]

    def __str__(self) -> str:
        return self.pattern
