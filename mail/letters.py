"""Mails about accounts in the words of an administrator (PARITY L03): which template holds, and what it says.

Their one variable that lets somebody in, the link, is made when the mail is written (accounts.letters) and stands in
that mail alone, which the outbox keeps encrypted. Whoever looks at a template sees a link that leads nowhere.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe
from django.utils.timezone import now
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from accounts import addresses as known_addresses
from accounts import invitations, letters, own_addresses, registration, sign_in_links
from accounts.letters import Own
from accounts.models import User
from core.absolute import absolute_url
from core.models import SiteSettings
from mail.models import Letter, MailTemplate
from tickets import variables
from tickets.models import Ticket
from tickets.variables import Block, Facts, Shape, Values, Variable, Vocabulary, vocabulary
from tickets.vocabulary import CANNED, with_parts

logger = logging.getLogger(__name__)

# Links to set a password: whoever has none yet reads another one.
AGENT_LINK = "agent_password_link"
PASSWORDS = ("password_link", AGENT_LINK)
# What a letter is for, by the name of the delivered one.
LETTERS = {
    "registration": Letter.REGISTRATION,
    "registered_already": Letter.REGISTERED,
    "sign_in_link": Letter.SIGN_IN,
    "invitation": Letter.INVITATION,
    "confirm_address": Letter.CONFIRM_ADDRESS,
    "add_address": Letter.ADD_ADDRESS,
}


# --- What it may say -------------------------------------------------------------------------------


def _link(facts: Facts) -> str:
    return str(facts.more["url"])


def _button(facts: Facts) -> Block:
    words, link = _("Open the link"), _link(facts)
    drawn = render_to_string("mail/_button.html", {"link": link, "label": words}).strip()
    return Block(mark_safe(drawn), f"{words}:\n{link}")  # noqa: S308 - a template escapes


def _given(name: str) -> Callable[[Facts], str]:
    return lambda facts: str(facts.more.get(name) or "")


def _reader(facts: Facts) -> str:
    person = facts.more.get("person")
    return person.name if isinstance(person, User) else ""


SITE = (CANNED["site.name"], CANNED["site.link"])
LINK = (
    Variable("account.link", gettext_lazy("The link that the mail is for"), _link, Shape.LINK),
    Variable("account.button", gettext_lazy("A button with that link"), _button, Shape.BLOCK),
)
READER = with_parts("reader.name", gettext_lazy("The name of who gets the mail"), _reader)
INVITED_BY = (Variable("invitation.by", gettext_lazy("Who invites"), _given("by")),)
DESK = (Variable("desk.link", gettext_lazy("Where agents work"), _given("desk"), Shape.LINK),)

# Only to whoever has an account: all others may be somebody else than who typed the address and the name.
_TO_AGENTS = frozenset({Letter.AGENT_PASSWORD, Letter.AGENT_FIRST_PASSWORD})
_TO_ACCOUNTS = _TO_AGENTS | {Letter.PASSWORD, Letter.FIRST_PASSWORD}
LINKS = frozenset(one.name for one in LINK)
BLOCKS = frozenset(one.name for one in LINK if one.shape == Shape.BLOCK)


def vocabulary_of(letter: str) -> Vocabulary:
    """Return the names that this letter may use."""
    more = READER if letter in _TO_ACCOUNTS else INVITED_BY if letter == Letter.INVITATION else ()
    return vocabulary(SITE, LINK, more, DESK if letter in _TO_AGENTS else ())


def vocabulary_of_subject(letter: str) -> Vocabulary:
    """Return the same without the link: subjects stand in lists and logs."""
    return {name: one for name, one in vocabulary_of(letter).items() if name not in LINKS}


def has_link(body: str) -> bool:
    """Say whether the text has the link, without which nobody could do what the mail is for."""
    return bool(LINKS & set(variables.names_in(body)))


# --- Writing -----------------------------------------------------------------------------------------


def written(letter: str, context: Mapping[str, Any]) -> Own | None:
    """Return what a template says in place of the delivered letter; None where there is none, or it says too little."""
    languages = list(dict.fromkeys([get_language() or settings.LANGUAGE_CODE, SiteSettings.load().language]))
    for kind in kinds_of(letter, context):
        row = MailTemplate.objects.of_site(kind, languages)
        if row is None:
            continue
        said = say(row, context)
        if said.subject.strip() and str(context["url"]) in said.text:
            return said
        logger.warning("mail template %s has no subject or no link: it is passed over", row.pk)
        MailTemplate.objects.filter(pk=row.pk).update(silent_at=now())
    return None


def kinds_of(letter: str, context: Mapping[str, Any]) -> Sequence[Letter]:
    """Return what administrators know the letter as, the first that they wrote holds; none of what stays in our words.

    Agents get what is written for agents, else what is written for everybody.
    """
    if letter not in PASSWORDS:
        return [LETTERS[letter]] if letter in LETTERS else []
    of_agents = [Letter.AGENT_FIRST_PASSWORD if context.get("is_first") else Letter.AGENT_PASSWORD]
    of_all = Letter.FIRST_PASSWORD if context.get("is_first") else Letter.PASSWORD
    return [*(of_agents if letter == AGENT_LINK else ()), of_all]


def say(row: MailTemplate, context: Mapping[str, Any]) -> Own:
    """Return what the template says, saved or not."""
    facts = Facts(Ticket(), SiteSettings.load(), more=context)
    values = Values(vocabulary_of(row.template), facts)
    body = variables.unwrapped(row.body, BLOCKS)
    return Own(
        variables.in_line(row.subject, Values(vocabulary_of_subject(row.template), facts)),
        mark_safe(variables.in_html(body, values)),  # noqa: S308 - cleaned, values escaped
        variables.in_text(row.text, values),
    )


def preview(row: MailTemplate, looker: User) -> tuple[str, str, str]:
    """Return subject, text and HTML of the mail as `looker` would get it, with a link that leads nowhere."""
    context = {"url": f"{settings.PUBLIC_URL}/#", "person": looker, "by": looker.display_name}
    context["desk"] = absolute_url("desk:home")
    with letters.in_the_words_of(looker, only=row.language):
        own = say(row, context)
        return own.subject, own.text, letters.framed(own, context)


# --- The delivered letters, as a template begins -----------------------------------------------------


def delivered(letter: str) -> tuple[str, list[str]]:
    """Return subject and paragraphs in the language that is spoken, with variables."""
    subject, hello, before, *after = _TEXTS[Letter(letter)]()
    return subject, [f"<p>{hello}</p>", f"<p>{before}</p>", "{{ account.button }}", *(f"<p>{one}</p>" for one in after)]


_SITE = {"name": "{{ site.name }}"}


def _hello() -> str:
    return _("Hello,")


def _hello_you() -> str:
    return _("Hello %(name)s,") % {"name": "{{ reader.name.first }}"}


def _password() -> tuple[str, str, str, str]:
    once = _works_hours(settings.PASSWORD_RESET_TIMEOUT // 3600)
    unasked = _("You did not ask for it? Then nothing happens, and your password stays as it is.")
    return (
        _("Set a new password for %(name)s") % _SITE,
        _hello_you(),
        _("here you set a new password:"),
        f"{once} {unasked}",
    )


def _first_password() -> tuple[str, str, str, str]:
    once = _works_hours(settings.PASSWORD_RESET_TIMEOUT // 3600)
    before = _("you can sign in at %(name)s. Set your password here:") % _SITE
    return _("Set your password for %(name)s") % _SITE, _hello_you(), before, once


def _agent_password() -> tuple[str, ...]:
    once = _works_hours(settings.PASSWORD_RESET_TIMEOUT // 3600)
    before = _("here you set a new password for the desk of %(name)s, where you answer tickets:") % _SITE
    unasked = _(
        "You did not ask for it? Then your password stays as it is. Tell an administrator: somebody may be trying to "
        "get to the desk."
    )
    factor = _("If you sign in with a second factor, it stays as it is.")
    return (
        _("Set a new password for the desk of %(name)s") % _SITE,
        _hello_you(),
        before,
        f"{once} {factor}",
        unasked,
        _desk(),
    )


def _agent_first_password() -> tuple[str, ...]:
    once = _works_hours(settings.PASSWORD_RESET_TIMEOUT // 3600)
    before = _("you are an agent at %(name)s now. Set the password with which you sign in to the desk:") % _SITE
    return _("Your place at the desk of %(name)s") % _SITE, _hello_you(), before, once, _desk()


def _desk() -> str:
    return f'{_("The desk is here:")} <a href="{{{{ desk.link }}}}">{{{{ desk.link }}}}</a>'


def _registration() -> tuple[str, str, str, str]:
    hours = registration.LASTS // letters.HOUR
    one = "It works once, within %(hours)s hour. It was not you? Then do not open it, and nothing happens."
    many = "It works once, within %(hours)s hours. It was not you? Then do not open it, and nothing happens."
    before = _("somebody registered with this address. Was it you? Then this link makes the account:")
    return _("Your account at %(name)s") % _SITE, _hello(), before, ngettext(one, many, hours) % {"hours": hours}


def _registered() -> tuple[str, str, str, str]:
    before = _("somebody registered with this address, which has an account already. Sign in here:")
    after = _(
        "You do not know the password any more? The sign-in page helps. It was not you who registered? Then nothing "
        "happens."
    )
    return _("Your account at %(name)s") % _SITE, _hello(), before, after


def _sign_in() -> tuple[str, str, str, str]:
    minutes = sign_in_links.LASTS // letters.MINUTE
    after = _("It works once, within %(minutes)s minutes. You did not ask for it? Then nothing happens.")
    return _("Sign in at %(name)s") % _SITE, _hello(), _("by this link you sign in:"), after % {"minutes": minutes}


def _invitation() -> tuple[str, str, str, str]:
    days = invitations.LASTS.days
    one, many = "The link works once, within %(days)s day.", "The link works once, within %(days)s days."
    before = _("%(by)s invites you to have an account at %(name)s, where all your tickets stand in one place:")
    said = before % (_SITE | {"by": "{{ invitation.by }}"})
    return _("An account for you at %(name)s") % _SITE, _hello(), said, ngettext(one, many, days) % {"days": days}


def _confirm_address() -> tuple[str, str, str, str]:
    days = known_addresses.LASTS.days
    works = ngettext("The link works for %(days)s day.", "The link works for %(days)s days.", days) % {"days": days}
    unasked = _("It is not yours, or you expected nothing of the kind? Then do nothing.")
    before = _("this address was written down at %(name)s as yours. If it is, confirm it here:") % _SITE
    return _("Confirm your address for %(name)s") % _SITE, _hello(), before, f"{works} {unasked}"


def _add_address() -> tuple[str, str, str, str]:
    hours = own_addresses.LASTS // letters.HOUR
    one = "The link works for %(hours)s hour, where you are signed in."
    many = "The link works for %(hours)s hours, where you are signed in."
    works = ngettext(one, many, hours) % {"hours": hours}
    before = _(
        "somebody who is signed in at %(name)s wants to add this address to their account. If it was you, add it here:"
    )
    return (
        _("Add this address at %(name)s") % _SITE,
        _hello(),
        before % _SITE,
        f"{works} {_('It was not you? Then do nothing.')}",
    )


def _works_hours(hours: int) -> str:
    one, many = "The link works once, within %(hours)s hour.", "The link works once, within %(hours)s hours."
    return ngettext(one, many, hours) % {"hours": hours}


# Subject, greeting, what stands before the link, and a paragraph or more behind it.
_TEXTS: dict[str, Callable[[], tuple[str, ...]]] = {
    Letter.PASSWORD: _password,
    Letter.FIRST_PASSWORD: _first_password,
    Letter.AGENT_PASSWORD: _agent_password,
    Letter.AGENT_FIRST_PASSWORD: _agent_first_password,
    Letter.REGISTRATION: _registration,
    Letter.REGISTERED: _registered,
    Letter.SIGN_IN: _sign_in,
    Letter.INVITATION: _invitation,
    Letter.CONFIRM_ADDRESS: _confirm_address,
    Letter.ADD_ADDRESS: _add_address,
}
