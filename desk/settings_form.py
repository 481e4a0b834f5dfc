"""What agents set for themselves."""

from typing import Any

from django import forms
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import AfterReply, Confirms, PageSize, Preferences, Signs, ThreadOrder, UndoTime, User
from core import languages
from core.models import SiteSettings
from core.zones import zones
from desk.quiet_field import QuietHoursField, rows_of
from tickets import wishes
from tickets.models import Alert
from tickets.queues import BY_SLUG, DEFAULT, QUEUES

OF_PERSON = ("name", "phone", "time_zone", "language", "on_vacation")
OF_DESK = (
    "default_queue",
    "thread_order",
    "page_size",
    "after_reply",
    "undo_seconds",
    "single_keys",
    "signature",
    "signs",
    "confirms_mail",
)

ABOUT_LABELS = {wishes.About.MINE: _("About my tickets"), wishes.About.DEPARTMENT: _("About my departments")}
CHANNEL_LABELS = {wishes.Channel.WEB: _("Notice"), wishes.Channel.MAIL: _("Mail")}
COLUMNS = tuple((about, channel) for about in wishes.About for channel in wishes.Channel)


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
    undo_seconds = forms.TypedChoiceField(
        label=_("Time to take back a reply"),
        coerce=int,
        choices=UndoTime.choices,
        help_text=_("So long a reply waits before it goes. Until then it has not happened."),
    )
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
    signs = forms.ChoiceField(
        label=_("Replies are signed"),
        choices=Signs.choices,
        widget=forms.RadioSelect,
        help_text=_("For each reply you can choose otherwise."),
    )

    alerts = forms.MultipleChoiceField(required=False, choices=[(code, code) for code in wishes.CODES])
    quiet_hours = QuietHoursField(required=False)
    breaches_pass = forms.BooleanField(
        label=_("Deadlines that have passed are mailed all the same"),
        required=False,
    )
    confirms_mail = forms.ChoiceField(
        label=_("When you answer by mail, a mail tells what was done"),
        choices=Confirms.choices,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, agent: User, **kwargs: Any) -> None:
        self.agent, self.preferences = agent, Preferences.of(agent)
        initial = {name: getattr(agent, name) for name in OF_PERSON}
        initial |= {name: getattr(self.preferences, name) for name in (*OF_DESK, "quiet_hours", "breaches_pass")}
        initial["alerts"] = [code for code in wishes.CODES if code not in self.preferences.alerts_off]
        # A queue that is no more is not offered.
        initial["default_queue"] = initial["default_queue"] if initial["default_queue"] in BY_SLUG else DEFAULT.slug
        super().__init__(*args, **{"initial": initial, "auto_id": "settings-%s"} | kwargs)
        self._offer("default_queue", [(queue.slug, queue.label) for queue in QUEUES])
        usual = _("The help desk's own (%(zone)s)") % {"zone": SiteSettings.load().time_zone}
        self._offer("time_zone", [("", usual), *((zone, zone.replace("_", " ")) for zone in zones(agent.time_zone))])
        languages.offer(self.fields["language"])

    def _offer(self, name: str, choices: Any) -> None:
        field: Any = self.fields[name]
        field.choices = choices

    def alert_columns(self) -> list[tuple[Any, list[Any]]]:
        return [(label, list(CHANNEL_LABELS.values())) for label in ABOUT_LABELS.values()]

    def has_channels(self) -> bool:
        return len(CHANNEL_LABELS) > 1

    def quiet_days(self) -> list[dict[str, Any]]:
        return rows_of(self["quiet_hours"].value() or {})

    def alert_rows(self) -> list[dict[str, Any]]:
        """Return the table of what the agent hears of: a row for each kind of event, a box for each reason and way."""
        on = set(self["alerts"].value() or ())
        return [{"label": alert.label, "cells": [self._cell(alert, *one, on) for one in COLUMNS]} for alert in Alert]

    def _cell(self, alert: Alert, about: wishes.About, channel: wishes.Channel, on: set[str]) -> dict[str, Any] | None:
        code = wishes.code(channel, alert, about)
        if code not in wishes.CODES:
            return None
        label = f"{alert.label}, {ABOUT_LABELS[about]}, {CHANNEL_LABELS[channel]}"
        return {"code": code, "is_on": code in on, "label": label}

    @transaction.atomic
    def save(self) -> None:
        """Keep what was sent, and nothing that was not offered."""
        cleaned = self.cleaned_data
        person = [name for name in OF_PERSON if name in cleaned]
        for name in person:
            setattr(self.agent, name, cleaned[name])
        self.agent.save(update_fields=person)
        chosen = {name: cleaned[name] for name in (*OF_DESK, "quiet_hours", "breaches_pass")}
        chosen["alerts_off"] = [code for code in wishes.CODES if code not in cleaned["alerts"]]
        self.preferences, _created = Preferences.objects.update_or_create(agent=self.agent, defaults=chosen)
