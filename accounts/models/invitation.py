"""Invitation: a mailed link by which one address gets an account (PARITY P12, U04)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.address import Address
from accounts.models.user import User


class Invitation(models.Model):
    """Bound to the address, works once. The link is signed and carries `secret`; sending again makes a new one."""

    address = models.OneToOneField(Address, models.CASCADE, related_name="invitation", verbose_name=_("address"))
    secret = models.CharField(max_length=32, editable=False)
    invited_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("invited by")
    )
    invited_at = models.DateTimeField(_("invited"))
    expires_at = models.DateTimeField(_("expires"))
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")

    def __str__(self) -> str:
        return str(self.address)
