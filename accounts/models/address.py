"""Address: the only way from an e-mail address to a person."""

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.models.user import User


class Address(models.Model):
    """One e-mail address, lower-cased, of one person.

    Unconfirmed until `verified_at`: until then mails to it carry the ticket's number and agents'
    words only (PARITY section 4, rule 9). Raising `link_epoch` revokes every ticket link mailed to it.
    """

    email = models.EmailField(_("e-mail"), max_length=254)
    user = models.ForeignKey(User, models.CASCADE, related_name="addresses", verbose_name=_("person"))
    is_primary = models.BooleanField(_("primary"), default=False)
    verified_at = models.DateTimeField(_("confirmed"), null=True, blank=True)
    # Nobody is there, a server said: nothing is mailed here until somebody clears it (accounts.bouncing).
    bouncing_at = models.DateTimeField(_("bouncing since"), null=True, blank=True)
    bounce_said = models.CharField(_("what its server said"), max_length=300, blank=True, default="", db_default="")
    # Its mailbox was full, so many times in a row: mails wait until then.
    resting_until = models.DateTimeField(_("left alone until"), null=True, blank=True)
    soft_bounces = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    link_epoch = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("address")
        verbose_name_plural = _("addresses")
        constraints = [
            # Not `unique` on the field, which would add an index for LIKE that nothing uses.
            models.UniqueConstraint(fields=["email"], name="one_person_per_address"),
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="address_is_lower_case"),
            models.UniqueConstraint(
                fields=["user"], condition=models.Q(is_primary=True), name="one_primary_address_per_person"
            ),
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def bounces(self) -> bool:
        """Whether nothing is mailed here until somebody clears it."""
        return self.bouncing_at is not None

    @property
    def is_verified(self) -> bool:
        return self.verified_at is not None
