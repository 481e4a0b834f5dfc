"""ApiKey: what a program shows to be let in (PARITY Y01). It names help topics, so it stands above tickets."""

from ipaddress import ip_address, ip_network

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from tickets.models import HelpTopic

MOST_NETWORKS = 100


def validate_networks(text: str) -> None:
    """Raise ValidationError unless each line is an address or a network, such as 192.0.2.7 or 2001:db8::/48."""
    lines = text.split()
    if len(lines) > MOST_NETWORKS:
        raise ValidationError(_("These are too many. Up to %(most)s fit."), params={"most": MOST_NETWORKS})
    for line in lines:
        try:
            ip_network(line)
        except ValueError:
            raise ValidationError(
                _("“%(text)s” is no address or network. Write one such as 192.0.2.7 or 192.0.2.0/24 in each line."),
                params={"text": line[:60]},
            ) from None


class ApiKey(models.Model):
    """`digest` is the SHA-256 of the key; the key itself is shown once and kept nowhere.

    Keys are 128 random bits, so there is nothing to guess and a slow hash would guard nothing.
    """

    name = models.CharField(_("name"), max_length=80, unique=True, help_text=_("Which program uses it."))
    digest = models.CharField(max_length=64, unique=True, editable=False)
    ending = models.CharField(_("ends with"), max_length=4, editable=False)
    is_active = models.BooleanField(_("active"), default=True)
    networks = models.TextField(
        _("from"),
        blank=True,
        validators=[validate_networks],
        help_text=_("Addresses or networks, one in each line. Empty: from anywhere."),
    )
    can_create_tickets = models.BooleanField(_("opens tickets"), default=True)
    can_set_due_dates = models.BooleanField(
        _("sets due dates"),
        default=False,
        db_default=False,
        help_text=_("Of the tickets that it opens, by the field “duedate”. They come before what SLA plans promise."),
    )
    can_run_cron = models.BooleanField(
        _("calls tasks/cron"), default=False, help_text=_("Makes the workers look at once. Nothing needs it.")
    )
    topics = models.ManyToManyField(
        HelpTopic,
        blank=True,
        related_name="+",
        verbose_name=_("help topics"),
        help_text=_("Only about these tickets are opened, and no mail is taken. Empty: about any."),
    )
    notes = models.TextField(_("notes"), max_length=2000, blank=True, help_text=_("For administrators."))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")

    def __str__(self) -> str:
        return self.name

    def lets_in(self, client_ip: str) -> bool:
        """Say whether the key is active and may be used from this address."""
        if not self.is_active:
            return False
        networks = self.networks.split()
        if not networks:
            return True
        try:
            address = ip_address(client_ip)
        except ValueError:
            return False
        return any(address in ip_network(network) for network in networks)
