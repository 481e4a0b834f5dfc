"""MAIL_HOOKS: from which mail services web hooks are taken, and by what they prove to be theirs.

Knows no Django, so that settings can ask at start. `SERVICE?option=value&option=value`, several with blanks between.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

# An option that proves who posts, by kind of hook. `secret` is "user:password" within the hook's address (RFC 7617).
SECRET = "secret"  # noqa: S105 - a name
# Of Amazon's signatures it is asked for which topic they are; several have commas between.
TOPICS = "topics"
_TOPIC = re.compile(r"arn:aws[a-z-]{0,20}:sns:[a-z0-9-]{4,30}:\d{12}:[A-Za-z0-9_-]{1,256}")
INBOUND, TRACKING = "inbound", "tracking"
SHORTEST_SECRET = 16


class HooksInvalid(ValueError):
    """MAIL_HOOKS cannot be used; `str()` is one sentence that repeats no secret."""


@dataclass(frozen=True, slots=True)
class Service:
    """What a service is verified by, per kind of hook (one of the options will do), and what it may be told besides."""

    proofs: Mapping[str, tuple[str, ...]]
    others: tuple[str, ...] = ()

    @property
    def options(self) -> set[str]:
        return {SECRET, *self.others, *(option for options in self.proofs.values() for option in options)}


def _both(*options: str) -> Mapping[str, tuple[str, ...]]:
    return {INBOUND: options, TRACKING: options}


SERVICES: Mapping[str, Service] = {
    "amazon_ses": Service(_both(TOPICS), ("bucket", "region")),
    "brevo": Service(_both(SECRET), ("api_key",)),
    "mailersend": Service({INBOUND: ("inbound_secret",), TRACKING: ("signing_secret",)}),
    "mailgun": Service(_both("webhook_signing_key")),
    "mailjet": Service(_both(SECRET)),
    "mailtrap": Service({INBOUND: ("inbound_secret",), TRACKING: ("tracking_secret",)}, ("api_token",)),
    "mandrill": Service(_both("webhook_key"), ("webhook_url",)),
    "postal": Service(_both("webhook_key")),
    "postmark": Service(_both(SECRET)),
    "resend": Service({INBOUND: ("inbound_secret",), TRACKING: ("signing_secret",)}, ("api_key",)),
    "sendgrid": Service({INBOUND: (SECRET,), TRACKING: (SECRET, "tracking_webhook_verification_key")}),
    "sparkpost": Service(_both(SECRET)),
    "unisender_go": Service({TRACKING: ("api_key",)}),
}
# What they ask their service for, a hook brings only a pointer to.
NEEDED: Mapping[tuple[str, str], str] = {("resend", INBOUND): "api_key", ("mailtrap", INBOUND): "api_token"}


@dataclass(frozen=True, slots=True)
class Hooks:
    """One service with its options. `kinds` are the hooks that are taken."""

    name: str
    options: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def kinds(self) -> tuple[str, ...]:
        proofs = SERVICES[self.name].proofs
        return tuple(kind for kind, options in proofs.items() if any(self.options.get(each) for each in options))


def parse(text: str) -> dict[str, Hooks]:
    """Return service → hooks. Raises HooksInvalid."""
    found: dict[str, Hooks] = {}
    for item in text.split():
        name, _mark, query = item.partition("?")
        name = name.replace("-", "_")
        service = SERVICES.get(name)
        if service is None:
            raise HooksInvalid(f"There is no service “{name[:40]}”. Known: {', '.join(SERVICES)}.")
        if name in found:
            raise HooksInvalid(f"{name} stands there twice.")
        try:
            options = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
        except ValueError:
            raise HooksInvalid(f"{name}: the options must look like option=value&option=value.") from None
        _check(name, service, options)
        found[name] = Hooks(name, options)
    return found


def _check(name: str, service: Service, options: Mapping[str, str]) -> None:
    if unknown := sorted(options.keys() - service.options):
        known = ", ".join(sorted(service.options))
        raise HooksInvalid(f"{name} has no option “{unknown[0][:40]}”. Known: {known}.")
    if any(not value for value in options.values()):
        raise HooksInvalid(f"{name}: an option is empty.")
    secret = options.get(SECRET, f"user:{'x' * SHORTEST_SECRET}")
    if ":" not in secret or len(secret) < SHORTEST_SECRET:
        raise HooksInvalid(
            f"{name}: secret must look like user:password, {SHORTEST_SECRET} characters or more; whoever knows it can "
            "write mails in anybody's name."
        )
    for topic in options.get(TOPICS, "").split(",") if TOPICS in options else []:
        if not _TOPIC.fullmatch(topic):
            raise HooksInvalid(f"{name}: topics must look like arn:aws:sns:eu-west-1:123456789012:mails.")
    kinds = Hooks(name, options).kinds
    if not kinds:
        proofs = sorted({option for each in service.proofs.values() for option in each})
        raise HooksInvalid(f"{name} would take web hooks of anybody. Set {' or '.join(proofs)}.")
    for kind in kinds:
        if (needed := NEEDED.get((name, kind))) and needed not in options:
            raise HooksInvalid(f"{name}: {needed} is missing; its web hooks bring no mail, only where it lies.")
