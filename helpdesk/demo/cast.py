"""Who and what the demo help desk consists of. Everybody has an address under example.com (RFC 2606)."""

import unicodedata
from dataclasses import dataclass
from datetime import timedelta

SITE_NAME = "Meridian Support"
PASSWORD_ENDING = "-demo-2026"  # noqa: S105  # shown on the sign-in page, good on this machine only


@dataclass(frozen=True)
class DemoPlan:
    name: str
    first_response: timedelta
    resolution: timedelta


@dataclass(frozen=True)
class DemoTopic:
    name: str
    hint: str
    department: str
    priority: str
    plan: str
    advice: str = ""
    is_public: bool = True
    below: str = ""
    thank_you: str = ""
    # The canned response that answers new tickets by itself.
    answer: str = ""


@dataclass(frozen=True)
class DemoAgent:
    name: str
    # Department → role.
    access: dict[str, str]
    is_administrator: bool = False
    alerts: bool = True

    @property
    def first_name(self) -> str:
        return self.name.split()[0].lower()

    @property
    def email(self) -> str:
        return f"{self.first_name}@example.com"

    @property
    def password(self) -> str:
        return self.first_name + PASSWORD_ENDING

    @property
    def role(self) -> str:
        """What the sign-in page says about them."""
        return "Administrator" if self.is_administrator else next(iter(self.access))


@dataclass(frozen=True)
class DemoPage:
    """`texts` by language: heading and body."""

    name: str
    kind: str
    texts: dict[str, tuple[str, str]]
    slug: str = ""


@dataclass(frozen=True)
class DemoCanned:
    title: str
    body: str
    department: str = ""


PLANS = [
    DemoPlan("Sev-A (1h/4h, 24/7)", timedelta(hours=1), timedelta(hours=4)),
    DemoPlan("Sev-B (4h/1d, 24/7)", timedelta(hours=4), timedelta(days=1)),
    DemoPlan("Relaxed (1d/7d, 24/7)", timedelta(days=1), timedelta(days=7)),
]
STANDARD = "Standard (8h/3d, 24/7)"
SEV_A, SEV_B, RELAXED = (plan.name for plan in PLANS)

DEPARTMENTS = ["Support", "System Administrators", "Payments", "Card Services", "Facilities"]
CANNED = [
    DemoCanned(
        "We are looking into it",
        "<p>Hello {{ requester.name.first }},</p><p>we are looking into it and tell you as soon as we know more.</p>",
    ),
    DemoCanned(
        "What we need to know",
        "<p>Hello {{ requester.name.first }},</p><p>to find out more we need to know:</p>"
        "<ul><li>when it happened last,</li><li>at which branch or on which device,</li>"
        "<li>what the message said, word for word or as a picture.</li></ul>",
    ),
    DemoCanned(
        "It works again",
        "<p>Hello {{ requester.name.first }},</p><p>the fault behind {{ ticket.number }} is mended and it works. "
        "Is it so for you too?</p>",
        "System Administrators",
    ),
    DemoCanned(
        "A payment takes a working day",
        "<p>Hello {{ requester.name.first }},</p><p>payments sent after 16:00 are booked on the next working day. "
        "If it is not there by then, answer this mail and we trace it.</p>",
        "Payments",
    ),
]

# Department → what it is part of, and who manages it.
PART_OF = {"Card Services": "Payments"}
MANAGERS = {"Payments": "Sam Obi"}
TEAMS = {"Network on call": ["Mary Okafor", "Viktor Holm"], "Branch visits": ["Rosa Pinto", "Nadia Rahman"]}
LEADS = {"Network on call": "Mary Okafor"}

TOPICS = [
    DemoTopic(
        "Business critical outage",
        "A service that customers or branches depend on is down",
        "Support",
        "Emergency",
        SEV_A,
        "Outages are handled day and night. Tell us since when, and who is affected.",
    ),
    DemoTopic(
        "Something does not work",
        "An error, a fault, something slow",
        "Support",
        "Normal",
        STANDARD,
        "Tell us what you did, what you saw, and the exact words of any error.",
    ),
    DemoTopic(
        "Access and accounts",
        "Sign-in, permissions, new starters",
        "Support",
        "Normal",
        STANDARD,
        "Never send us a password.",
    ),
    DemoTopic(
        "Payments and transfers",
        "Wires, standing orders, statements",
        "Payments",
        "High",
        SEV_B,
        answer="A payment takes a working day",
    ),
    DemoTopic("Cards and terminals", "Cards, terminals, cash machines", "Card Services", "High", SEV_B),
    DemoTopic(
        "Lost or stolen card",
        "To have a card blocked",
        "Card Services",
        "Emergency",
        SEV_A,
        "At night call the number on the back of any of our cards.",
        below="Cards and terminals",
        thank_you="We block the card as soon as we read this. Do not use it again, even if you find it.",
    ),
    DemoTopic("Equipment or software", "Order, replace, install", "Support", "Low", RELAXED),
    DemoTopic("Rooms and buildings", "Heating, doors, furniture", "Facilities", "Low", RELAXED),
    DemoTopic("Planned maintenance", "For agents only", "System Administrators", "Normal", RELAXED, is_public=False),
]

AGENTS = [
    DemoAgent("Ken Tanaka", {"Support": "All access"}),
    DemoAgent("Mary Okafor", {"System Administrators": "All access"}),
    DemoAgent("Rosa Pinto", {"Support": "Limited access"}),
    DemoAgent("Viktor Holm", {"System Administrators": "Expanded access"}),
    DemoAgent("Sam Obi", {"Payments": "All access", "Card Services": "Limited access"}),
    DemoAgent("Nadia Rahman", {"Card Services": "All access", "Facilities": "Expanded access"}),
    DemoAgent("Alex Moreno", dict.fromkeys(DEPARTMENTS, "All access"), is_administrator=True, alerts=False),
]

ORGANIZATIONS = ["Meridian Bank", "Harbour Credit Union", "Northwind Trading"]

# Requesters: name → organisation.
REQUESTERS = {
    "Priya Nair": "Meridian Bank",
    "Tomás Rivera": "Meridian Bank",
    "Ines Kovač": "Meridian Bank",
    "Lukas Brandt": "Meridian Bank",
    "Amara Diallo": "Meridian Bank",
    "Oskar Lindqvist": "Harbour Credit Union",
    "Grace Muir": "Meridian Bank",
    "Daniel Weiss": "Northwind Trading",
    "Noor Haddad": "Meridian Bank",
    "Ben Archer": "Meridian Bank",
    "Elif Aydın": "Harbour Credit Union",
    "Marta Wójcik": "Northwind Trading",
    "Henry Osei": "Harbour Credit Union",
    "יעל כהן": "Harbour Credit Union",
    "محمد الفارسي": "Northwind Trading",
    "小林 直子": "Northwind Trading",
}
WRITTEN_OTHERWISE = {"יעל כהן": "yael.cohen", "محمد الفارسي": "mohammed.alfarsi", "小林 直子": "naoko.kobayashi"}


def address_of(requester: str) -> str:
    """Return a requester's address: the name without its accents, under example.com."""
    plain = unicodedata.normalize("NFKD", requester.lower().replace("ı", "i"))
    local_part = "".join(letter for letter in plain if letter.isascii()).split()
    return f"{WRITTEN_OTHERWISE.get(requester) or '.'.join(local_part)}@example.com"


PAGES = (
    DemoPage(
        "Welcome",
        "landing",
        {
            "en": (
                "",
                "<p>Tell us what is wrong, or see how your ticket stands. You need no account. On working days "
                "somebody reads every ticket within the hour.</p>",
            ),
            "de": (
                "Wie können wir helfen?",
                "<p>Sagen Sie uns, was nicht geht, oder sehen Sie nach, wie es um Ihr Ticket steht. Ein Konto brauchen "
                "Sie nicht. An Werktagen liest jemand jedes Ticket binnen einer Stunde.</p>",
            ),
        },
    ),
    DemoPage(
        "Thank-you",
        "thanks",
        {
            "en": (
                "Thank you",
                "<p>Ticket {{ ticket.number }} is with us. There is nothing to do until we answer.</p>",
            ),
            "de": (
                "Vielen Dank",
                "<p>Ticket {{ ticket.number }} ist bei uns. Bis wir antworten, brauchen Sie nichts zu tun.</p>",
            ),
        },
    ),
    DemoPage(
        "Opening hours",
        "other",
        {
            "en": (
                "Opening hours",
                "<p>The service desk of {{ site.name }} is there</p>"
                "<ul><li><p>Monday to Friday from 8:00 to 18:00</p></li>"
                "<li><p>Saturday from 9:30 to 13:00, for the branches</p></li></ul>"
                "<p>Outside these hours, write: mails and tickets wait for us.</p>",
            )
        },
        slug="opening-hours",
    ),
)
