"""Everything up to here in one step, for a new help desk: the steps that it replaces take several times as long.

Who has some of these goes on by them; they stay until nobody has. Models come with their indexes and constraints, which
Django would otherwise draw all models anew for, one by one.
"""

import uuid

import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import mail.models.outgoing


class Migration(migrations.Migration):
    replaces = [
        ("mail", "0001_initial"),
        ("mail", "0002_collaborator_mail"),
        ("mail", "0003_opened_for_mail"),
        ("mail", "0004_messages_to_participants"),
        ("mail", "0005_mail_intake"),
        ("mail", "0006_generated_mail"),
        ("mail", "0007_fetching"),
        ("mail", "0008_images_from_elsewhere"),
        ("mail", "0009_service_id"),
        ("mail", "0010_let_through"),
        ("mail", "0011_alerts"),
        ("mail", "0012_commands_by_mail"),
        ("mail", "0013_mail_words"),
        ("mail", "0014_outages"),
        ("mail", "0015_sending_accounts"),
        ("mail", "0016_breaker"),
        ("mail", "0017_confirmed_messages"),
        ("mail", "0018_keys_of_what_goes"),
    ]

    initial = True

    dependencies = [
        ("accounts", "0001_squashed_0014_reply_signatures"),
        ("core", "0001_squashed_0008_checks_domains"),
        ("sla", "0001_squashed_0006_transient_plans"),
        ("tickets", "0001_squashed_0025_keys_of_what_goes"),
    ]

    operations = [
        migrations.CreateModel(
            name="BannedSender",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "pattern",
                    models.CharField(
                        help_text="Such as jane@example.com, example.com (with all below it) or *newsletter*@*.",
                        max_length=254,
                        verbose_name="address, domain or pattern",
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                ("notes", models.TextField(blank=True, verbose_name="notes")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
            ],
            options={
                "verbose_name": "banned sender",
                "verbose_name_plural": "banned senders",
                "constraints": [
                    models.UniqueConstraint(fields=("pattern",), name="one_ban_per_pattern"),
                    models.CheckConstraint(
                        condition=models.Q(("pattern", django.db.models.functions.text.Lower("pattern"))),
                        name="ban_is_lower_case",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Breaker",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("opened_at", models.DateTimeField(verbose_name="opened")),
                ("closes_at", models.DateTimeField(verbose_name="closes")),
                ("told_at", models.DateTimeField(null=True, verbose_name="told")),
            ],
            options={
                "verbose_name": "breaker of automatic answers",
                "verbose_name_plural": "breakers of automatic answers",
                "constraints": [models.CheckConstraint(condition=models.Q(("pk", 1)), name="one_breaker")],
            },
        ),
        migrations.CreateModel(
            name="Mailbox",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("due_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("claim", models.UUIDField(blank=True, editable=False, null=True)),
                (
                    "name",
                    models.SlugField(
                        help_text="Short and without spaces: a pipe names the mailbox by it.",
                        max_length=40,
                        verbose_name="name",
                    ),
                ),
                (
                    "address",
                    models.EmailField(
                        help_text="Replies to tickets that came in here go to this address.",
                        max_length=254,
                        verbose_name="address",
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                (
                    "is_default",
                    models.BooleanField(
                        default=False,
                        help_text="Answers to tickets that came in by no mailbox are asked for at this address.",
                        verbose_name="default",
                    ),
                ),
                (
                    "acknowledges",
                    models.BooleanField(
                        default=True,
                        help_text="New tickets, and messages. Site settings, department and help topic must allow it too.",
                        verbose_name="confirm by mail what came",
                    ),
                ),
                ("notes", models.TextField(blank=True, verbose_name="notes")),
                (
                    "protocol",
                    models.CharField(
                        choices=[
                            ("pushed", "It is handed to us: by a pipe, a web hook or the API"),
                            ("imap", "We fetch it by IMAP"),
                            ("pop3", "We fetch it by POP3"),
                        ],
                        default="pushed",
                        max_length=10,
                        verbose_name="mail comes by",
                    ),
                ),
                ("host", models.CharField(blank=True, max_length=255, verbose_name="server")),
                (
                    "port",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Empty for the usual one.",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(65535),
                        ],
                        verbose_name="port",
                    ),
                ),
                (
                    "security",
                    models.CharField(
                        choices=[
                            ("tls", "TLS from the start"),
                            ("starttls", "STARTTLS"),
                            ("none", "None: only for a server on this machine"),
                        ],
                        default="tls",
                        max_length=10,
                        verbose_name="encryption",
                    ),
                ),
                ("username", models.CharField(blank=True, max_length=255, verbose_name="user")),
                (
                    "authentication",
                    models.CharField(
                        choices=[
                            ("password", "User and password"),
                            ("google", "Google (OAuth2)"),
                            ("microsoft", "Microsoft (OAuth2)"),
                            ("ms_app", "Microsoft, app-only (OAuth2): for shared mailboxes"),
                        ],
                        default="password",
                        max_length=10,
                        verbose_name="signs in by",
                    ),
                ),
                ("secret", models.BinaryField(null=True)),
                ("folder", models.CharField(default="INBOX", max_length=255, verbose_name="folder")),
                (
                    "after_fetch",
                    models.CharField(
                        choices=[("seen", "Mark it as read"), ("move", "Move it to a folder"), ("delete", "Delete it")],
                        default="seen",
                        max_length=10,
                        verbose_name="after fetching",
                    ),
                ),
                ("archive_folder", models.CharField(blank=True, max_length=255, verbose_name="move it to")),
                (
                    "poll_seconds",
                    models.PositiveIntegerField(
                        default=60,
                        help_text="Where the server tells of new mail by itself (IDLE), it is fetched at once besides.",
                        validators=[
                            django.core.validators.MinValueValidator(5),
                            django.core.validators.MaxValueValidator(86400),
                        ],
                        verbose_name="look every … seconds",
                    ),
                ),
                (
                    "authserv_id",
                    models.CharField(
                        blank=True,
                        help_text="By this name your mail server signs its checks of SPF, DKIM and DMARC. Nobody else's are believed; empty, none are.",
                        max_length=255,
                        verbose_name="name in Authentication-Results",
                    ),
                ),
                (
                    "plus_addresses",
                    models.BooleanField(
                        default=True,
                        help_text="The server delivers support+anything@… like support@…. Answers then find their ticket safely.",
                        verbose_name="extended addresses",
                    ),
                ),
                ("connected_at", models.DateTimeField(editable=False, null=True, verbose_name="last connected")),
                ("fetched_at", models.DateTimeField(editable=False, null=True, verbose_name="last mail")),
                ("failing_since", models.DateTimeField(editable=False, null=True, verbose_name="failing since")),
                ("failures", models.PositiveIntegerField(default=0, editable=False)),
                ("last_error", models.TextField(blank=True, editable=False, verbose_name="last error")),
                ("on_server", models.PositiveIntegerField(editable=False, null=True)),
                ("uid_validity", models.PositiveBigIntegerField(editable=False, null=True)),
                ("last_uid", models.PositiveBigIntegerField(default=0, editable=False)),
                ("client_id", models.CharField(blank=True, max_length=255, verbose_name="client ID")),
                ("tenant", models.CharField(blank=True, max_length=100, verbose_name="tenant")),
                ("client_secret", models.BinaryField(null=True)),
                ("access_token", models.BinaryField(null=True)),
                ("access_expires_at", models.DateTimeField(editable=False, null=True)),
                ("refresh_token", models.BinaryField(null=True)),
                ("authorized_at", models.DateTimeField(editable=False, null=True, verbose_name="authorised")),
                (
                    "department",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tickets.department",
                        verbose_name="department",
                    ),
                ),
                (
                    "priority",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="sla.priority",
                        verbose_name="priority",
                    ),
                ),
                (
                    "topic",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tickets.helptopic",
                        verbose_name="help topic",
                    ),
                ),
                (
                    "takes_generated",
                    models.BooleanField(
                        default=False,
                        help_text="Mails that say a program made them (Auto-Submitted: auto-generated), as monitoring sends them, open tickets, which no mail confirms. Automatic answers never do.",
                        verbose_name="programs may open tickets",
                    ),
                ),
                ("first_uid", models.PositiveBigIntegerField(default=0, editable=False)),
                ("generation", models.PositiveIntegerField(default=0, editable=False)),
                (
                    "health",
                    models.CharField(
                        choices=[("green", "Fine"), ("amber", "Look at it"), ("red", "Broken")],
                        default="green",
                        editable=False,
                        max_length=10,
                    ),
                ),
                ("looked_through_at", models.DateTimeField(editable=False, null=True)),
                ("not_stored", models.PositiveIntegerField(default=0, editable=False)),
                ("refresh_expires_at", models.DateTimeField(editable=False, null=True)),
                ("source", models.CharField(blank=True, editable=False, max_length=64)),
                ("stumbled_over", models.JSONField(default=dict, editable=False)),
            ],
            options={
                "verbose_name": "mailbox",
                "verbose_name_plural": "mailboxes",
                "indexes": [
                    models.Index(condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="mailbox_due")
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("name",), name="one_mailbox_per_name"),
                    models.UniqueConstraint(fields=("address",), name="one_mailbox_per_address"),
                    models.UniqueConstraint(
                        condition=models.Q(("is_default", True)), fields=("is_default",), name="one_default_mailbox"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("address", django.db.models.functions.text.Lower("address"))),
                        name="mailbox_address_is_lower_case",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MailTemplate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "template",
                    models.CharField(
                        choices=[
                            ("ticket_opened", "Ticket opened, to the requester"),
                            ("ticket_opened_for", "Ticket opened by an agent, to the requester"),
                            ("ticket_reply", "Reply, to the requester"),
                            ("message_received", "Message received, to who wrote it"),
                            ("ticket_message", "New message, to the others on the ticket"),
                            ("ticket_resolved", "Ticket resolved, to the requester"),
                            ("ticket_closed", "Ticket closed, to the requester"),
                            ("ticket_collaborator", "Added to a ticket, to the collaborator"),
                            ("ticket_link", "Fresh link to a ticket, to the requester"),
                            ("alert_new", "New ticket, to agents"),
                            ("alert_message", "New message, to agents"),
                            ("alert_note", "Internal note, to agents"),
                            ("alert_transfer", "Ticket transferred, to agents"),
                            ("alert_assigned", "Ticket assigned, to agents"),
                            ("alert_clock", "Deadline near or passed, to agents"),
                        ],
                        max_length=30,
                        verbose_name="mail",
                    ),
                ),
                ("language", models.CharField(max_length=10, verbose_name="language")),
                ("subject", models.CharField(max_length=250, verbose_name="subject")),
                ("body", models.TextField(verbose_name="text")),
                ("text", models.TextField(editable=False)),
                ("html_version", models.PositiveSmallIntegerField(default=1, editable=False)),
                (
                    "is_active",
                    models.BooleanField(
                        default=True, help_text="Off: the delivered text holds.", verbose_name="active"
                    ),
                ),
                (
                    "notes",
                    models.TextField(
                        blank=True, help_text="For administrators.", max_length=2000, verbose_name="notes"
                    ),
                ),
                ("silent_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="said nothing")),
                (
                    "department",
                    models.ForeignKey(
                        blank=True,
                        help_text="Holds there and in what is part of it. Empty: everywhere.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tickets.department",
                        verbose_name="department",
                    ),
                ),
            ],
            options={
                "verbose_name": "mail template",
                "verbose_name_plural": "mail templates",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("template", "department", "language"),
                        name="one_template_of_a_department",
                        violation_error_message="There is a template for this mail, department and language already.",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("department", None)),
                        fields=("template", "language"),
                        name="one_template_of_the_site",
                        violation_error_message="There is a template for this mail and language already.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Outage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account", models.CharField(max_length=200, verbose_name="account")),
                ("since", models.DateTimeField(verbose_name="since")),
                ("until", models.DateTimeField(null=True, verbose_name="tried again")),
                ("failures", models.PositiveIntegerField(default=0, verbose_name="tries")),
                ("said", models.TextField(blank=True, verbose_name="what its server said")),
                ("told_at", models.DateTimeField(editable=False, null=True)),
            ],
            options={
                "verbose_name": "outage",
                "verbose_name_plural": "outages",
                "constraints": [models.UniqueConstraint(fields=("account",), name="one_outage_per_account")],
            },
        ),
        migrations.CreateModel(
            name="SendingAccount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.SlugField(max_length=40, verbose_name="name")),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Off: mails that would go by it wait until it is on again.",
                        verbose_name="active",
                    ),
                ),
                (
                    "sends_by",
                    models.CharField(
                        choices=[("smtp", "A mail server (SMTP)"), ("service", "A mail service")],
                        default="smtp",
                        max_length=10,
                        verbose_name="sends by",
                    ),
                ),
                ("host", models.CharField(blank=True, max_length=255, verbose_name="server")),
                (
                    "port",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Empty for the usual one.",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(65535),
                        ],
                        verbose_name="port",
                    ),
                ),
                (
                    "security",
                    models.CharField(
                        choices=[
                            ("tls", "TLS from the start"),
                            ("starttls", "STARTTLS"),
                            ("none", "None: only for a server on this machine"),
                        ],
                        default="starttls",
                        max_length=10,
                        verbose_name="encryption",
                    ),
                ),
                (
                    "signs_in",
                    models.CharField(
                        choices=[
                            ("not", "Not at all"),
                            ("password", "By user and password"),
                            ("mailbox", "As we do at a mailbox: by its password, or its OAuth2"),
                        ],
                        default="password",
                        max_length=10,
                        verbose_name="signs in",
                    ),
                ),
                ("username", models.CharField(blank=True, max_length=255, verbose_name="user")),
                ("secret", models.BinaryField(null=True)),
                (
                    "per_minute",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="As many as its provider allows. Further ones wait. Empty: any number.",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(100000),
                        ],
                        verbose_name="mails in a minute",
                    ),
                ),
                ("notes", models.TextField(blank=True, verbose_name="notes")),
                ("minute_at", models.DateTimeField(editable=False, null=True)),
                ("in_minute", models.PositiveIntegerField(default=0, editable=False)),
                (
                    "mailbox",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sending_accounts",
                        to="mail.mailbox",
                        verbose_name="mailbox",
                    ),
                ),
            ],
            options={
                "verbose_name": "sending account",
                "verbose_name_plural": "sending accounts",
                "constraints": [models.UniqueConstraint(fields=("name",), name="one_sending_account_per_name")],
            },
        ),
        migrations.CreateModel(
            name="OutgoingMail",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("due_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("claim", models.UUIDField(blank=True, editable=False, null=True)),
                ("deed", models.UUIDField(default=uuid.uuid4)),
                ("recipient", models.EmailField(max_length=254, verbose_name="recipient")),
                (
                    "template",
                    models.CharField(
                        choices=[
                            ("ticket_opened", "Ticket opened, to the requester"),
                            ("ticket_opened_for", "Ticket opened by an agent, to the requester"),
                            ("ticket_reply", "Reply, to the requester"),
                            ("message_received", "Message received, to who wrote it"),
                            ("ticket_message", "New message, to the others on the ticket"),
                            ("ticket_resolved", "Ticket resolved, to the requester"),
                            ("ticket_closed", "Ticket closed, to the requester"),
                            ("ticket_collaborator", "Added to a ticket, to the collaborator"),
                            ("over_limit", "Too many open tickets, to the sender"),
                            ("ticket_link", "Fresh link to a ticket, to the requester"),
                            ("alert_new", "New ticket, to agents"),
                            ("alert_message", "New message, to agents"),
                            ("alert_note", "Internal note, to agents"),
                            ("alert_transfer", "Ticket transferred, to agents"),
                            ("alert_assigned", "Ticket assigned, to agents"),
                            ("alert_clock", "Deadline near or passed, to agents"),
                            ("agent_commands", "What a mail did, to the agent who wrote it"),
                            ("account", "Account mail"),
                        ],
                        max_length=30,
                        verbose_name="template",
                    ),
                ),
                ("body", models.BinaryField(null=True)),
                (
                    "message_id",
                    models.CharField(
                        default=mail.models.outgoing.new_message_id, max_length=300, verbose_name="Message-ID"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("sending", "Sending"),
                            ("sent", "Sent"),
                            ("deferred", "Deferred"),
                            ("bounced", "Bounced"),
                            ("failed", "Failed"),
                            ("suppressed", "Not sent"),
                            ("cancelled", "Cancelled"),
                            ("perhaps_sent", "Perhaps sent"),
                        ],
                        default="queued",
                        max_length=15,
                        verbose_name="state",
                    ),
                ),
                (
                    "why",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("no_server", "No mail server is set"),
                            ("demo", "Demo"),
                            ("bouncing", "The address bounces"),
                            ("too_many", "Too many automatic answers"),
                            ("breaker", "Automatic answers are held back"),
                        ],
                        max_length=15,
                        verbose_name="why",
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("last_error", models.TextField(blank=True, verbose_name="last error")),
                ("created_at", models.DateTimeField(verbose_name="created")),
                ("first_tried_at", models.DateTimeField(null=True, verbose_name="first tried")),
                ("handed_over_at", models.DateTimeField(null=True, verbose_name="handed over")),
                ("sent_at", models.DateTimeField(null=True, verbose_name="sent")),
                (
                    "address",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.address"
                    ),
                ),
                (
                    "entry",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="outgoing_mail",
                        to="tickets.threadentry",
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tickets.ticketevent",
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="outgoing_mail",
                        to="tickets.ticket",
                        verbose_name="ticket",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("service_id", models.CharField(editable=False, max_length=200, null=True)),
                (
                    "fault",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("account", "The help desk's own mail account"),
                            ("nobody", "The address does not exist"),
                            ("full", "The mailbox is full or out of order"),
                            ("size", "The mail is too large"),
                        ],
                        db_default="",
                        default="",
                        max_length=10,
                        verbose_name="fault",
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="outgoing_mail",
                        to="mail.sendingaccount",
                        verbose_name="sending account",
                    ),
                ),
            ],
            options={
                "verbose_name": "outgoing mail",
                "verbose_name_plural": "outgoing mail",
                "indexes": [
                    models.Index(condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="mail_due"),
                    models.Index(fields=["ticket", "-id"], name="mail_by_ticket"),
                    models.Index(fields=["state", "-id"], name="mail_by_state"),
                    models.Index(fields=["recipient", "-id"], name="mail_by_recipient"),
                    models.Index(fields=["template", "created_at"], name="mail_by_template_and_time"),
                    models.Index(
                        condition=models.Q(("service_id__isnull", False)),
                        fields=["service_id"],
                        name="mail_by_service_id",
                    ),
                    models.Index(
                        condition=models.Q(("account__isnull", False)),
                        fields=["account", "state", "-id"],
                        name="mail_by_account",
                    ),
                    models.Index(condition=models.Q(("event__isnull", False)), fields=["event"], name="mail_by_event"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("deed", "recipient"), name="one_mail_per_deed_and_recipient"),
                    models.UniqueConstraint(fields=("message_id",), name="one_mail_per_message_id"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "suppressed"), _negated=True),
                            models.Q(("why", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="suppressed_mail_says_why",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="IncomingMail",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("due_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("claim", models.UUIDField(blank=True, editable=False, null=True)),
                (
                    "door",
                    models.CharField(
                        choices=[
                            ("imap", "IMAP"),
                            ("pop3", "POP3"),
                            ("pipe", "Pipe"),
                            ("webhook", "Web hook"),
                            ("api", "API"),
                        ],
                        max_length=10,
                        verbose_name="door",
                    ),
                ),
                ("place", models.CharField(blank=True, max_length=255)),
                ("size", models.PositiveBigIntegerField(verbose_name="size")),
                ("stored_at", models.DateTimeField(verbose_name="stored")),
                ("arrived_at", models.DateTimeField(verbose_name="arrived")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("stored", "Waiting"),
                            ("ticket", "New ticket"),
                            ("message", "Message"),
                            ("reply", "Reply"),
                            ("note", "Internal note"),
                            ("commands", "Commands"),
                            ("duplicate", "Duplicate"),
                            ("ignored", "Ignored"),
                            ("quarantined", "Quarantined"),
                        ],
                        default="stored",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("new", "It belongs to no ticket"),
                            ("reply_address", "It was sent to the address signed for its ticket"),
                            ("signed_id", "It answers a mail that we signed"),
                            ("references", "It answers a mail of the ticket"),
                            ("subject", "Its subject names the ticket"),
                            ("forced", "An administrator put it there"),
                            ("same_mail", "The same mail came before"),
                            ("bounce", "A mail of ours could not be delivered"),
                            ("auto_reply", "An automatic answer"),
                            ("own_loop", "A mail that we sent ourselves"),
                            ("own_address", "It came from an address of ours"),
                            ("banned", "The sender is banned"),
                            ("for_ever", "An administrator ignored it for ever"),
                            ("no_sender", "It does not say who sent it"),
                            ("too_many", "Too many mails from this sender"),
                            ("too_many_open", "The sender has too many open tickets"),
                            ("stranger", "The sender is not known, and only known people may write"),
                            ("switched_off", "The sender is switched off"),
                            ("empty", "There is nothing in it"),
                            ("refused", "The ticket did not take it"),
                            ("failed", "It could not be worked on"),
                            ("too_large", "It is too large to be fetched: only its head is here"),
                            ("not_handed_out", "The mail server does not hand it out"),
                        ],
                        max_length=20,
                        verbose_name="reason",
                    ),
                ),
                ("remarks", models.JSONField(default=list)),
                ("identity", models.CharField(max_length=64, null=True)),
                ("taken_in_at", models.DateTimeField(null=True, verbose_name="taken in")),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("last_error", models.TextField(blank=True, verbose_name="last error")),
                ("sender", models.CharField(blank=True, max_length=254, verbose_name="from")),
                ("subject", models.CharField(blank=True, max_length=1000, verbose_name="subject")),
                ("message_id", models.CharField(blank=True, max_length=500, verbose_name="Message-ID")),
                ("authentication", models.JSONField(default=dict)),
                (
                    "bounced",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="bounces",
                        to="mail.outgoingmail",
                    ),
                ),
                (
                    "duplicate_of",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="duplicates",
                        to="mail.incomingmail",
                    ),
                ),
                (
                    "entry",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="incoming_mail",
                        to="tickets.threadentry",
                    ),
                ),
                (
                    "raw",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.blob",
                        verbose_name="raw mail",
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="incoming_mail",
                        to="tickets.ticket",
                        verbose_name="ticket",
                    ),
                ),
                (
                    "mailbox",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="incoming_mail",
                        to="mail.mailbox",
                        verbose_name="mailbox",
                    ),
                ),
                ("remote_images", models.JSONField(default=list)),
                ("is_let_through", models.BooleanField(default=False, verbose_name="let through")),
            ],
            options={
                "verbose_name": "incoming mail",
                "verbose_name_plural": "incoming mail",
                "indexes": [
                    models.Index(condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="incoming_due"),
                    models.Index(fields=["state", "-id"], name="incoming_by_state"),
                    models.Index(fields=["mailbox", "-id"], name="incoming_by_mailbox"),
                    models.Index(fields=["sender", "-id"], name="incoming_by_sender"),
                    models.Index(
                        condition=models.Q(("message_id", ""), _negated=True),
                        fields=["message_id"],
                        name="incoming_by_message_id",
                    ),
                    models.Index(
                        condition=models.Q(("ticket__isnull", False)),
                        fields=["ticket", "-id"],
                        name="incoming_by_ticket",
                    ),
                    models.Index(
                        condition=models.Q(("entry__isnull", False)), fields=["entry"], name="incoming_by_entry"
                    ),
                    models.Index(
                        condition=models.Q(("duplicate_of__isnull", False)),
                        fields=["duplicate_of"],
                        name="incoming_duplicates",
                    ),
                    models.Index(
                        condition=models.Q(("bounced__isnull", False)), fields=["bounced"], name="incoming_bounces"
                    ),
                    models.Index(
                        condition=models.Q(("raw__isnull", False)), fields=["stored_at"], name="incoming_with_raw"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("mailbox__isnull", False), models.Q(("place", ""), _negated=True)),
                        fields=("mailbox", "place"),
                        name="one_mail_per_place",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("identity__isnull", False)),
                        fields=("identity",),
                        name="one_mail_per_identity",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state", "stored"), models.Q(("reason", ""), _negated=True), _connector="OR"
                        ),
                        name="mail_says_why",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["ticket", "message", "reply", "note"]), _negated=True),
                            ("taken_in_at__isnull", False),
                            _connector="OR",
                        ),
                        name="mail_taken_in_has_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OwnAddress",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("email", models.EmailField(max_length=254, verbose_name="address")),
                (
                    "name",
                    models.CharField(
                        blank=True,
                        help_text="Stands before the address. Empty: the help desk's name.",
                        max_length=100,
                        verbose_name="name",
                    ),
                ),
                (
                    "mailbox",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty: the mailbox of the same address, else the one that the ticket came by.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="mail.mailbox",
                        verbose_name="answers go to",
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty: the mail server that MAIL_URL names.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="addresses",
                        to="mail.sendingaccount",
                        verbose_name="sending account",
                    ),
                ),
            ],
            options={
                "verbose_name": "own address",
                "verbose_name_plural": "own addresses",
                "constraints": [
                    models.UniqueConstraint(fields=("email",), name="one_own_address_per_email"),
                    models.CheckConstraint(
                        condition=models.Q(("email", django.db.models.functions.text.Lower("email"))),
                        name="own_address_is_lower_case",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Writer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "address",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="writers",
                        to="mail.ownaddress",
                        verbose_name="own address",
                    ),
                ),
                (
                    "department",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tickets.department",
                        verbose_name="department",
                    ),
                ),
                (
                    "topic",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tickets.helptopic",
                        verbose_name="help topic",
                    ),
                ),
            ],
            options={
                "verbose_name": "writer",
                "verbose_name_plural": "who writes from it",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("department",),
                        name="one_address_per_department",
                        violation_error_message="The department writes from another address already.",
                    ),
                    models.UniqueConstraint(
                        fields=("topic",),
                        name="one_address_per_topic",
                        violation_error_message="The help topic writes from another address already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("department__isnull", False), ("topic", None)),
                            models.Q(("department", None), ("topic__isnull", False)),
                            _connector="OR",
                        ),
                        name="writer_is_department_or_topic",
                        violation_error_message="Choose a department or a help topic.",
                    ),
                ],
            },
        ),
    ]
