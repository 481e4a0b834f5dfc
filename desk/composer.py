"""The composer's form: what was written, by the editor or without it, for whom, with which files."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts.models import Preferences, Signs, User
from accounts.people import name_in
from core.models import SiteSettings
from core.uploads import FilesForm, receive
from core.written_images import WrittenImages
from desk.forms import TOO_OLD, SeenForm, new_key
from desk.later import LaterForm
from desk.senders import Senders
from mail.outbox import is_bouncing
from tickets import writing
from tickets.models import EntryKind, Participant, Ticket
from tickets.models.people import Part
from tickets.prose import MAX_TEXT
from tickets.quoting import LEAK

_KEYS = re.compile(r"[0-9]{1,18}", re.ASCII)
# Fifty collaborators have keys of a few digits.
LONGEST_LIST = 2_000


SENDER_IS_GONE = _(
    "The address that you chose is gone, or no longer yours to write from. Look whether this one will do."
)


class ReplyForm(FilesForm, LaterForm, SeenForm):
    """The composer: a reply or an internal note, with files. `request_key` makes a form sent twice one entry.

    `html` is what the editor sends; then `body`, which is typed where no script runs, is not asked. Both become
    `text` and `html` of the entry, and the images that stand in the text go in front of the attachments.
    """

    kind = forms.ChoiceField(choices=[(kind.value, kind.label) for kind in (EntryKind.REPLY, EntryKind.NOTE)])
    body = forms.CharField(
        required=False,
        strip=False,
        max_length=MAX_TEXT,
        error_messages={
            "max_length": _("This is %(show_value)s characters long; %(limit_value)s fit. Attach it as a file instead.")
        },
    )
    html = forms.CharField(
        required=False,
        strip=False,
        max_length=writing.MAX_HTML,
        error_messages={"max_length": _("This is too long. Attach it as a file instead.")},
    )
    then = forms.ChoiceField(
        choices=[("resolve", ""), ("await", ""), ("keep", ""), ("note", "")],
        error_messages={"required": _("Press the button that says what is to happen."), "invalid_choice": TOO_OLD},
    )
    request_key = forms.RegexField(
        r"\A[A-Za-z0-9_-]{16,40}\Z",
        widget=forms.HiddenInput(attrs={"autocomplete": "off"}),
        error_messages={"required": TOO_OLD, "invalid": TOO_OLD},
    )

    # How the mail ends; "" for as the agent always signs.
    signs = forms.ChoiceField(required=False, choices=Signs.choices, error_messages={"invalid_choice": TOO_OLD})
    # From which address it is mailed; "" for the ticket's usual one.
    sender = forms.TypedChoiceField(
        required=False, coerce=int, empty_value=None, error_messages={"invalid_choice": SENDER_IS_GONE}
    )
    leaks = forms.CharField(required=False, widget=forms.HiddenInput(attrs={"autocomplete": "off"}))
    # The held reply whose words these are: it goes once they are sent.
    held = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=2**63 - 1,
        widget=forms.HiddenInput(attrs={"autocomplete": "off"}),
        error_messages={"invalid": TOO_OLD, "min_value": TOO_OLD, "max_value": TOO_OLD},
    )

    # Of a reply that was taken up again: the addresses that it was to be mailed to, None for all.
    chosen: Collection[int] | None = None
    # Whether these are words that were written before, and are gone on with.
    is_taken_up = False

    def __init__(self, *args: Any, by: User, senders: Senders, **kwargs: Any) -> None:
        kwargs["initial"] = {"request_key": new_key(), "kind": EntryKind.REPLY.value} | kwargs.get("initial", {})
        super().__init__(*args, name="id", **kwargs)
        self.signatures = _signatures(by, self.ticket)
        field: Any = self.fields["signs"]
        self.initial.setdefault("signs", _usual(by, self.signatures))
        field.widget.choices = [(one.signs.value, one.signs.label) for one in self.signatures]
        self._offer(senders)
        self.owner = uploads_of(by, self.ticket)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        # What has no place of its own on the page is told above the form.
        for name in ("seen", "request_key", "kind", "then", "held", "signs"):
            if name in self.errors:
                self.add_error(None, self.errors.pop(name).data)
        if "html" in self.errors:
            self.add_error("body", self.errors.pop("html").data)
        kind, then = cleaned.get("kind"), cleaned.get("then")
        if kind == EntryKind.NOTE:
            # A note goes at once, whatever was chosen before for a reply.
            for name in ("later", "later_at", "sender"):
                self.errors.pop(name, None)
        if "sender" in self.errors and not self.has_senders:
            self.add_error(None, self.errors.pop("sender").data)
        # The wrong audience is the worst mistake: what looks like a note is never sent.
        if kind and then and (kind == EntryKind.NOTE) != (then == "note"):
            self.add_error(
                None,
                _("You chose one kind of entry and pressed the button of the other. Nothing was sent; choose again."),
            )
        if not self.errors:
            self._read_what_was_written(cleaned)
        if not self.errors and not cleaned["text"].strip() and not cleaned["attachments"]:
            self.add_error("body", _("Write something first, or attach a file."))
        return cleaned

    def known_leaks(self) -> list[str]:
        """Return what of notes the agent was told that the reply quotes it (tickets.quoting)."""
        return read_leaks(self.data.get("leaks"))

    def left_out(self) -> frozenset[int]:
        """Return the keys of the participants who stood there to be ticked, and are not."""
        if not self.is_bound:
            return frozenset()
        shown = {int(key) for key in _KEYS.findall(str(self.data.get("to_shown") or "")[:LONGEST_LIST])}
        ticked = self.data.getlist("to") if hasattr(self.data, "getlist") else self.data.get("to", [])
        return frozenset(shown - {int(key) for key in ticked if _KEYS.fullmatch(key)})

    def _offer(self, senders: Senders) -> None:
        """Let the agent choose where there is something to choose; whether a choice from before holds is told."""
        field: Any = self.fields["sender"]
        field.choices = [*senders.choices, (senders.usual, "")]
        field.widget.choices = senders.choices
        self.has_senders, self.usual_sender = bool(senders.choices), senders.usual
        self.sender_values = {value for value, _label in field.choices}
        before = senders.value_of(self.initial.get("sender"))
        self.has_lost_sender = bool(before) and before not in dict(senders.choices)
        self.initial["sender"] = "" if self.has_lost_sender else before

    def _read_what_was_written(self, cleaned: dict[str, Any]) -> None:
        if not cleaned["html"].strip():
            cleaned["text"], cleaned["html"] = cleaned["body"], ""
            return
        pictures = WrittenImages(self.owner)
        try:
            written = writing.read(cleaned["html"], pictures.content_id)
        except writing.Unreadable:
            self.add_error("body", _("This is nested too deeply to be read. Paste it as plain text instead."))
            return
        if len(written.text) > MAX_TEXT:
            error = self.fields["body"].error_messages["max_length"]
            self.add_error("body", error % {"show_value": len(written.text), "limit_value": MAX_TEXT})
            return
        received = receive([], pictures.named_by(written.images), owner=self.owner)
        files = [*pictures.placed(received.files), *cleaned["attachments"]]
        if received.problems or len(files) > self.max_files:
            self.add_error("body", received.problems or _too_many_files(len(files), self.max_files))
            return
        cleaned["text"], cleaned["html"], cleaned["attachments"] = written.text, written.html, files


@dataclass(frozen=True, slots=True)
class Signature:
    """A way for the mail to end, and the words that it ends with then."""

    signs: Signs
    text: str


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody who is mailed the reply if ticked. `trouble` says why that may be in vain."""

    pk: int
    name: str
    email: str
    is_requester: bool
    is_confirmed: bool
    is_ticked: bool
    trouble: str = ""
    # The first in the row of those who get a copy.
    starts_copies: bool = False


def recipients_of(form: ReplyForm, people: Iterable[Participant], *, by: User, at: datetime) -> list[Recipient]:
    """Return who is mailed a reply, the requester first; the agent who writes it is not."""
    left_out = form.left_out()
    mailed = [one for one in people if one.user.is_active and one.user_id != by.pk]
    mailed.sort(key=lambda one: one.role != Part.REQUESTER)
    copies = [one for one in mailed if one.role != Part.REQUESTER]
    return [
        Recipient(
            pk=one.pk,
            # Where it goes to is more than what stands before the @ of it.
            name=one.address.email if one.user.name in {"", name_in(one.address.email)} else one.user.name,
            email=one.address.email,
            is_requester=one.role == Part.REQUESTER,
            is_confirmed=one.address.is_verified,
            is_ticked=one.pk not in left_out and (form.chosen is None or one.address_id in form.chosen),
            trouble=_now("Mail to this address comes back") if is_bouncing(one.address, at) else "",
            starts_copies=one in copies[:1],
        )
        for one in mailed
    ]


def uploads_of(agent: User, ticket: Ticket) -> str:
    """Return whose uploads they are, for core.uploads: what an agent uploads for one ticket is no file of another."""
    return f"desk:{agent.pk}:{ticket.pk}"


def read_leaks(value: Any) -> list[str]:
    """Return the keys of tickets.quoting.Leak that a form sends."""
    return [key for key in str(value or "")[:LONGEST_LIST].split() if LEAK.fullmatch(key)]


def _signatures(agent: User, ticket: Ticket) -> list[Signature]:
    """Return in which ways a reply of this agent can end. Who has no signature of their own is not offered it."""
    own, department = Preferences.of(agent).signature.strip(), ticket.department.signature.strip()
    found = [Signature(Signs.OWN, own)] if own else []
    if not department:
        department = f"{agent.display_name}\n{ticket.department.public_name or SiteSettings.load().name}"
    return [*found, Signature(Signs.DEPARTMENT, department), Signature(Signs.NOTHING, "")]


def _usual(agent: User, offered: Iterable[Signature]) -> str:
    """Return how the agent always signs, of the ways that there are."""
    usual = Preferences.of(agent).signs
    return usual if usual in {one.signs for one in offered} else Signs.DEPARTMENT.value


def _too_many_files(count: int, most: int) -> str:
    told = {"count": count, "most": most}
    return _now("%(count)s files are too many: %(most)s can be sent at once. Take some out.") % told
