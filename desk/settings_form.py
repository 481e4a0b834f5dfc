"""What agents set for themselves."""

from typing import Any

from django import forms
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import AfterReply, PageSize, Preferences, ThreadOrder, User
from core.languages import has_choice
from core.models import SiteSettings
from core.zones import zones
from tickets.queues import BY_SLUG, DEFAULT, QUEUES

OF_PERSON = ("name", "phone", "time_zone", "language", "on_vacation")
OF_DESK = ("default_queue", "thread_order", "page_size", "after_reply", "single_keys", "signature")


class SettingsForm(forms.Form):
    """Fields are called as in User and Preferences, which keep them."""

    name = forms.CharField(
        label=_("Name"),
        max_length=120,
        help_text=_("Signs your replies."),
        widget=forms.TextInput({"autocomplete": "name"}),
    )
    phone = forms.CharField(
        label=_("Phone"),
        max_length=40,
        required=False,
        help_text=_("For your colleagues, in the list of agents."),
        widget=forms.TextInput({"type": "tel", "autocomplete": "tel"}),
    )
    time_zone = forms.ChoiceField(label=_("Time zone"), required=False)
    language = forms.ChoiceField(label=_("Language"), required=False)
    on_vacation = forms.BooleanField(
        label=_("I am on vacation"),
        required=False,
        help_text=_("Nothing is assigned to you, you get no alerts, and your colleagues see it."),
    )
    default_queue = forms.ChoiceField(label=_("First queue"), help_text=_("Where the desk opens."))
    page_size = forms.TypedChoiceField(label=_("Tickets on a page"), coerce=int, choices=PageSize.choices)
    thread_order = forms.ChoiceField(
        label=_("Order of a ticket's entries"), choices=ThreadOrder.choices, widget=forms.RadioSelect
    )
    after_reply = forms.ChoiceField(label=_("After a reply"), choices=AfterReply.choices, widget=forms.RadioSelect)
    single_keys = forms.BooleanField(
        label=_("Single-key shortcuts"),
        required=False,
        help_text=_("Off: letters alone do nothing outside of fields, which helps with voice control."),
    )
    signature = forms.CharField(
        label=_("Signature"),
        max_length=1000,
        required=False,
        help_text=_("Ends the mails that carry your replies. Empty: the department's."),
        widget=forms.Textarea({"data-signature": "", "rows": 4}),
    )

    def __init__(self, *args: Any, agent: User, **kwargs: Any) -> None:
        self.agent, self.preferences = agent, Preferences.of(agent)
        initial = {name: getattr(agent, name) for name in OF_PERSON}
        initial |= {name: getattr(self.preferences, name) for name in OF_DESK}
        # A queue that is no more is not offered.
        initial["default_queue"] = initial["default_queue"] if initial["default_queue"] in BY_SLUG else DEFAULT.slug
        super().__init__(*args, **{"initial": initial, "auto_id": "settings-%s"} | kwargs)
        self._offer("default_queue", [(queue.slug, queue.label) for queue in QUEUES])
        usual = _("The help desk's own (%(zone)s)") % {"zone": SiteSettings.load().time_zone}
        self._offer("time_zone", [("", usual), *((zone, zone.replace("_", " ")) for zone in zones(agent.time_zone))])
        self._offer("language", [("", _("What the browser asks for")), *settings.LANGUAGES])
        if not has_choice():
            del self.fields["language"]

    def _offer(self, name: str, choices: Any) -> None:
        field: Any = self.fields[name]
        field.choices = choices

    @transaction.atomic
    def save(self) -> None:
        """Keep what was sent, and nothing that was not offered."""
        cleaned = self.cleaned_data
        person = [name for name in OF_PERSON if name in cleaned]
        for name in person:
            setattr(self.agent, name, cleaned[name])
        self.agent.save(update_fields=person)
        chosen = {name: cleaned[name] for name in OF_DESK}
        self.preferences, _created = Preferences.objects.update_or_create(agent=self.agent, defaults=chosen)
