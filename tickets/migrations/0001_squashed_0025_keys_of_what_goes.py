"""Everything up to here in one step, for a new help desk: the steps that it replaces take several times as long.

Who has some of these goes on by them; they stay until nobody has. Models come with their indexes and constraints, which
Django would otherwise draw all models anew for, one by one.
"""

import datetime
from importlib import import_module

import django.core.validators
import django.db.models.deletion
import django_fsm
from django.conf import settings
from django.db import migrations, models

import core.languages
import core.models.settings

_first_department = import_module("tickets.migrations.0002_first_department")


class Migration(migrations.Migration):
    replaces = [
        ("tickets", "0001_initial"),
        ("tickets", "0002_first_department"),
        ("tickets", "0003_departments_and_topics"),
        ("tickets", "0004_collaborator_events"),
        ("tickets", "0005_referred_events"),
        ("tickets", "0006_erasing"),
        ("tickets", "0007_nested_names"),
        ("tickets", "0008_merged_people"),
        ("tickets", "0009_participants_told"),
        ("tickets", "0010_mail_intake"),
        ("tickets", "0011_internal_files"),
        ("tickets", "0012_moved_entries"),
        ("tickets", "0013_alerts"),
        ("tickets", "0014_canned_responses"),
        ("tickets", "0015_source_other"),
        ("tickets", "0016_mail_words"),
        ("tickets", "0017_mailed_again"),
        ("tickets", "0018_held_replies"),
        ("tickets", "0019_reply_signatures"),
        ("tickets", "0020_confirmed_messages"),
        ("tickets", "0021_clocks_by_business_hours"),
        ("tickets", "0022_held_for_nobody"),
        ("tickets", "0023_stopped_replies"),
        ("tickets", "0024_waits_and_pauses"),
        ("tickets", "0025_keys_of_what_goes"),
    ]

    initial = True

    dependencies = [
        ("accounts", "0001_squashed_0014_reply_signatures"),
        ("core", "0001_squashed_0008_checks_domains"),
        ("sla", "0001_squashed_0006_transient_plans"),
    ]

    operations = [
        migrations.CreateModel(
            name="AlertRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "event",
                    models.CharField(
                        choices=[
                            ("new", "A new ticket"),
                            ("message", "A message, or a ticket that came back"),
                            ("note", "An internal note"),
                            ("assigned", "An assignment"),
                            ("transferred", "A transfer"),
                            ("warned", "A deadline that is near"),
                            ("breached", "A deadline that has passed"),
                        ],
                        editable=False,
                        max_length=12,
                        unique=True,
                        verbose_name="of",
                    ),
                ),
                ("agent", models.BooleanField(default=False, verbose_name="the agent who has it")),
                ("team", models.BooleanField(default=False, verbose_name="the team that has it")),
                (
                    "members_if_nobody",
                    models.BooleanField(default=False, verbose_name="the department, if nobody has it"),
                ),
                ("members", models.BooleanField(default=False, verbose_name="the department, always")),
                ("lead", models.BooleanField(default=False, verbose_name="the team's lead")),
                ("manager", models.BooleanField(default=False, verbose_name="the department's manager")),
                ("respondent", models.BooleanField(default=False, verbose_name="who answered last")),
                ("referred", models.BooleanField(default=False, verbose_name="who reads along")),
                ("mentioned", models.BooleanField(default=False, verbose_name="whom it names with an @")),
                ("administrators", models.BooleanField(default=False, verbose_name="administrators")),
            ],
            options={
                "verbose_name": "alert",
                "verbose_name_plural": "alerts",
            },
        ),
        migrations.CreateModel(
            name="Department",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60, verbose_name="name")),
                (
                    "close_after",
                    models.DurationField(
                        blank=True,
                        help_text="How long a resolved ticket waits before it closes. Empty: as in the site settings.",
                        null=True,
                        validators=[core.models.settings.validate_wait],
                        verbose_name="close after",
                    ),
                ),
                (
                    "reopen_within",
                    models.DurationField(
                        blank=True,
                        help_text="How long a closed ticket may come back. Empty: as in the site settings.",
                        null=True,
                        validators=[core.models.settings.validate_wait],
                        verbose_name="reopen within",
                    ),
                ),
                (
                    "is_default",
                    models.BooleanField(
                        default=False,
                        help_text="Gets the tickets whose help topic names no department.",
                        verbose_name="default",
                    ),
                ),
                ("archived_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="archived")),
                (
                    "sla_plan",
                    models.ForeignKey(
                        blank=True,
                        help_text="For tickets whose help topic sets none.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="sla.slaplan",
                        verbose_name="SLA plan",
                    ),
                ),
                (
                    "acknowledges",
                    models.BooleanField(
                        default=True,
                        help_text="Off: requesters get no mail when they open one.",
                        verbose_name="confirms new tickets by mail",
                    ),
                ),
                (
                    "assignable_to",
                    models.CharField(
                        choices=[
                            ("primary", "Agents whose primary department it is"),
                            ("members", "Agents with access to it"),
                            ("everyone", "All agents"),
                        ],
                        default="members",
                        max_length=10,
                        verbose_name="may be assigned",
                    ),
                ),
                (
                    "claims_on_reply",
                    models.BooleanField(
                        default=False,
                        help_text="Who answers a ticket that nobody has gets it.",
                        verbose_name="a reply claims",
                    ),
                ),
                ("disabled_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="disabled")),
                (
                    "is_public",
                    models.BooleanField(
                        default=True, help_text="Off: requesters never read its name.", verbose_name="public"
                    ),
                ),
                (
                    "keeps_assignee",
                    models.BooleanField(
                        default=True,
                        help_text="Off: a ticket that comes back is nobody's, and everybody in the department sees it.",
                        verbose_name="reopened tickets keep their agent",
                    ),
                ),
                (
                    "manager",
                    models.ForeignKey(
                        blank=True,
                        help_text="Sees its tickets and may do all to them that the role All access allows.",
                        limit_choices_to={"is_agent": True},
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="manages",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="manager",
                    ),
                ),
                (
                    "notes",
                    models.TextField(
                        blank=True, help_text="For administrators.", max_length=2000, verbose_name="notes"
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="tickets.department",
                        verbose_name="part of",
                    ),
                ),
                (
                    "signature",
                    models.TextField(
                        blank=True,
                        help_text="Ends the replies of agents who have none.",
                        max_length=1000,
                        verbose_name="signature",
                    ),
                ),
                (
                    "tells_participants",
                    models.BooleanField(
                        default=True,
                        help_text="Off: what requesters and collaborators write goes to agents alone. Replies go to all of them.",
                        verbose_name="mails messages to the others on a ticket",
                    ),
                ),
                (
                    "alerts_to",
                    models.CharField(
                        choices=[
                            ("members", "Agents with access to it"),
                            ("primary", "Agents whose primary department it is"),
                            ("administrators", "Administrators alone"),
                            ("nobody", "Nobody"),
                        ],
                        db_default="members",
                        default="members",
                        help_text="Of what it is told is said under Alerts. Each agent may decline, on the agent's page.",
                        max_length=14,
                        verbose_name="alerts to the department go to",
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        blank=True,
                        choices=core.languages.mail_languages,
                        db_default="",
                        help_text="For readers who have not chosen their own. Empty: as in the site settings.",
                        max_length=10,
                        verbose_name="language of mails",
                    ),
                ),
                (
                    "acknowledges_messages",
                    models.BooleanField(
                        db_default=True,
                        default=True,
                        help_text="Where the site settings say that messages are confirmed. Off: not here.",
                        verbose_name="confirms further messages by mail",
                    ),
                ),
                (
                    "hours",
                    models.ForeignKey(
                        blank=True,
                        help_text="By which its promises are counted. Empty: those of the SLA plan, else of the site.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="sla.businesshours",
                        verbose_name="business hours",
                    ),
                ),
            ],
            options={
                "verbose_name": "department",
                "verbose_name_plural": "departments",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("is_default", True)), fields=("is_default",), name="one_default_department"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("parent", None)),
                        fields=("name",),
                        name="one_department_of_a_name",
                        violation_error_message="There is a department of this name already.",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("parent__isnull", False)),
                        fields=("parent", "name"),
                        name="one_department_of_a_name_below",
                        violation_error_message="There is a department of this name below the same one already.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CannedResponse",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title", models.CharField(max_length=120, verbose_name="title")),
                ("body", models.TextField(verbose_name="text")),
                ("text", models.TextField(editable=False)),
                ("html_version", models.PositiveSmallIntegerField(default=1, editable=False)),
                (
                    "is_active",
                    models.BooleanField(
                        default=True, help_text="Off: agents are not offered it.", verbose_name="active"
                    ),
                ),
                (
                    "notes",
                    models.TextField(
                        blank=True, help_text="For administrators.", max_length=2000, verbose_name="notes"
                    ),
                ),
                ("archived_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="archived")),
                (
                    "department",
                    models.ForeignKey(
                        blank=True,
                        help_text="Offered there and in what is part of it. Empty: everywhere.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="canned_responses",
                        to="tickets.department",
                        verbose_name="department",
                    ),
                ),
            ],
            options={
                "verbose_name": "canned response",
                "verbose_name_plural": "canned responses",
            },
        ),
        migrations.CreateModel(
            name="CannedFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField()),
                ("name", models.CharField(max_length=255)),
                ("content_type", models.CharField(max_length=100)),
                (
                    "blob",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="core.blob"),
                ),
                (
                    "response",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="files",
                        to="tickets.cannedresponse",
                    ),
                ),
            ],
            options={
                "verbose_name": "file of a canned response",
                "verbose_name_plural": "files of a canned response",
                "constraints": [models.UniqueConstraint(fields=("response", "position"), name="canned_file_position")],
            },
        ),
        migrations.CreateModel(
            name="DepartmentAccess",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alerts",
                    models.BooleanField(
                        default=True,
                        help_text="Tell this agent by mail about tickets new to the department.",
                        verbose_name="alerts",
                    ),
                ),
                (
                    "agent",
                    models.ForeignKey(
                        limit_choices_to={"is_agent": True},
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="department_access",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="agent",
                    ),
                ),
                (
                    "department",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="access",
                        to="tickets.department",
                        verbose_name="department",
                    ),
                ),
                (
                    "role",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.role",
                        verbose_name="role",
                    ),
                ),
                (
                    "is_primary",
                    models.BooleanField(
                        default=False, help_text="The department this agent belongs to.", verbose_name="primary"
                    ),
                ),
            ],
            options={
                "verbose_name": "access to a department",
                "verbose_name_plural": "access to departments",
                "constraints": [
                    models.UniqueConstraint(fields=("agent", "department"), name="one_access_per_agent"),
                    models.UniqueConstraint(
                        condition=models.Q(("is_primary", True)), fields=("agent",), name="one_primary_department"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Erasure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("due_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("claim", models.UUIDField(blank=True, editable=False, null=True)),
                (
                    "way",
                    models.CharField(
                        choices=[
                            ("hand_over", "Hand the tickets to another person"),
                            ("merge", "Merge with another person"),
                            ("anonymise", "Anonymise"),
                            ("delete", "Delete"),
                        ],
                        max_length=10,
                        verbose_name="what is done",
                    ),
                ),
                ("asked_at", models.DateTimeField(verbose_name="asked")),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="asked by",
                    ),
                ),
                (
                    "person",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="erasure",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
                (
                    "to",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="who gets the tickets",
                    ),
                ),
            ],
            options={
                "verbose_name": "erasure",
                "verbose_name_plural": "erasures",
                "indexes": [
                    models.Index(condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="erasure_due")
                ],
            },
        ),
        migrations.CreateModel(
            name="HelpTopic",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                (
                    "hint",
                    models.CharField(
                        blank=True,
                        help_text="One line below the name, where requesters choose.",
                        max_length=200,
                        verbose_name="hint",
                    ),
                ),
                (
                    "advice",
                    models.CharField(
                        blank=True,
                        help_text="Shown once the topic is chosen: what to tell us, where else to call.",
                        max_length=400,
                        verbose_name="advice",
                    ),
                ),
                (
                    "is_public",
                    models.BooleanField(
                        default=True, help_text="Off: only agents can choose it.", verbose_name="public"
                    ),
                ),
                (
                    "position",
                    models.PositiveSmallIntegerField(
                        default=100, help_text="Lower comes first.", verbose_name="position"
                    ),
                ),
                ("archived_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="archived")),
                (
                    "department",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty: the default department.",
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
                        help_text="Empty: the default priority.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="sla.priority",
                        verbose_name="priority",
                    ),
                ),
                (
                    "sla_plan",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty: the department's, else the default plan.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="sla.slaplan",
                        verbose_name="SLA plan",
                    ),
                ),
                (
                    "acknowledges",
                    models.BooleanField(
                        default=True,
                        help_text="Off: requesters get no mail when they open one.",
                        verbose_name="confirms new tickets by mail",
                    ),
                ),
                (
                    "assignee",
                    models.ForeignKey(
                        blank=True,
                        limit_choices_to={"is_agent": True},
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="assign to agent",
                    ),
                ),
                ("disabled_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="disabled")),
                (
                    "is_default",
                    models.BooleanField(
                        default=False, help_text="For tickets that come without a topic.", verbose_name="default"
                    ),
                ),
                (
                    "next_number",
                    models.PositiveBigIntegerField(
                        default=1,
                        help_text="Where counting goes on. Used only when this topic counts for itself.",
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(999999999999),
                        ],
                        verbose_name="next number",
                    ),
                ),
                (
                    "notes",
                    models.TextField(
                        blank=True, help_text="For administrators.", max_length=2000, verbose_name="notes"
                    ),
                ),
                (
                    "number_prefix",
                    models.CharField(
                        blank=True,
                        help_text="Letters, digits and hyphens, such as INV-.",
                        max_length=8,
                        verbose_name="ticket numbers begin with",
                    ),
                ),
                (
                    "numbering",
                    models.CharField(
                        blank=True,
                        choices=[("random", "Random digits"), ("sequence", "Counting up")],
                        help_text="Empty: as in the site settings. Counting up counts for this topic alone.",
                        max_length=10,
                        verbose_name="ticket numbers",
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="tickets.helptopic",
                        verbose_name="below",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="accounts.team",
                        verbose_name="assign to team",
                    ),
                ),
                (
                    "thank_you",
                    models.TextField(
                        blank=True,
                        help_text="Shown once the ticket is sent, and in its mail.",
                        max_length=2000,
                        verbose_name="thank-you text",
                    ),
                ),
                (
                    "acknowledges_messages",
                    models.BooleanField(
                        db_default=True,
                        default=True,
                        help_text="Where the site settings say that messages are confirmed. Off: not here.",
                        verbose_name="confirms further messages by mail",
                    ),
                ),
            ],
            options={
                "verbose_name": "help topic",
                "verbose_name_plural": "help topics",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("assignee", None), ("team", None), _connector="OR"),
                        name="topic_assigns_to_agent_or_team",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("is_default", True)), fields=("is_default",), name="one_default_topic"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("parent", None)),
                        fields=("name",),
                        name="one_topic_of_a_name",
                        violation_error_message="There is a help topic of this name already.",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("parent__isnull", False)),
                        fields=("parent", "name"),
                        name="one_topic_of_a_name_below",
                        violation_error_message="There is a help topic of this name below the same one already.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Ticket",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=32, verbose_name="number")),
                ("subject", models.CharField(max_length=1000, verbose_name="subject")),
                (
                    "status",
                    django_fsm.FSMField(
                        choices=[
                            ("open", "Open"),
                            ("assigned", "Assigned"),
                            ("resolved", "Resolved"),
                            ("closed", "Closed"),
                            ("reopened", "Reopened"),
                        ],
                        default="open",
                        max_length=10,
                        protected=True,
                        verbose_name="status",
                    ),
                ),
                (
                    "awaiting",
                    models.CharField(
                        choices=[
                            ("agent", "Awaiting us"),
                            ("requester", "Awaiting requester"),
                            ("third", "Awaiting a third party"),
                        ],
                        default="agent",
                        max_length=10,
                        verbose_name="awaiting",
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("web", "Web form"),
                            ("mail", "E-mail"),
                            ("api", "API"),
                            ("desk", "Desk"),
                            ("phone", "Phone"),
                            ("other", "Other"),
                        ],
                        max_length=10,
                        verbose_name="source",
                    ),
                ),
                ("opened_at", models.DateTimeField(verbose_name="opened")),
                ("first_response_at", models.DateTimeField(blank=True, null=True, verbose_name="first response")),
                ("resolved_at", models.DateTimeField(blank=True, null=True, verbose_name="resolved")),
                ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="closed")),
                ("closes_at", models.DateTimeField(blank=True, null=True, verbose_name="closes")),
                (
                    "next_due_at",
                    models.DateTimeField(
                        default=datetime.datetime(9000, 1, 1, 0, 0, tzinfo=datetime.UTC), verbose_name="next due"
                    ),
                ),
                ("last_activity_at", models.DateTimeField(verbose_name="last activity")),
                ("trashed_at", models.DateTimeField(blank=True, null=True, verbose_name="in the trash since")),
                (
                    "close_reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("confirmed", "Confirmed by the requester"),
                            ("silence", "No answer after it was resolved"),
                            ("agent", "Closed by an agent after it was resolved"),
                            ("spam", "Spam"),
                            ("duplicate", "Duplicate"),
                            ("obsolete", "No longer needed"),
                            ("other", "Other reason"),
                        ],
                        max_length=10,
                        verbose_name="close reason",
                    ),
                ),
                ("entry_count", models.PositiveIntegerField(default=0)),
                ("last_event_number", models.PositiveIntegerField(default=0)),
                ("reopened_count", models.PositiveIntegerField(default=0, verbose_name="times reopened")),
                (
                    "assignee",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="assigned_tickets",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="assignee",
                    ),
                ),
                (
                    "department",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tickets",
                        to="tickets.department",
                        verbose_name="department",
                    ),
                ),
                (
                    "follow_up_of",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="follow_ups",
                        to="tickets.ticket",
                        verbose_name="follows",
                    ),
                ),
                (
                    "merged_into",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="merged",
                        to="tickets.ticket",
                        verbose_name="merged into",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tickets",
                        to="accounts.organization",
                        verbose_name="organisation",
                    ),
                ),
                (
                    "priority",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tickets",
                        to="sla.priority",
                        verbose_name="priority",
                    ),
                ),
                (
                    "requester",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tickets",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="requester",
                    ),
                ),
                (
                    "sla_plan",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tickets",
                        to="sla.slaplan",
                        verbose_name="SLA plan",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tickets",
                        to="accounts.team",
                        verbose_name="team",
                    ),
                ),
                (
                    "topic",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tickets",
                        to="tickets.helptopic",
                        verbose_name="help topic",
                    ),
                ),
                ("snoozed_until", models.DateTimeField(blank=True, null=True, verbose_name="snoozed until")),
            ],
            options={
                "verbose_name": "ticket",
                "verbose_name_plural": "tickets",
                "indexes": [
                    models.Index(
                        condition=models.Q(
                            ("merged_into", None),
                            ("status__in", ("open", "assigned", "reopened")),
                            ("trashed_at", None),
                        ),
                        fields=["department", "next_due_at", "id"],
                        name="ticket_working_by_department",
                    ),
                    models.Index(
                        condition=models.Q(
                            ("assignee__isnull", False),
                            ("merged_into", None),
                            ("status__in", ("open", "assigned", "reopened")),
                            ("trashed_at", None),
                        ),
                        fields=["assignee", "next_due_at", "id"],
                        name="ticket_working_by_assignee",
                    ),
                    models.Index(
                        condition=models.Q(
                            ("merged_into", None),
                            ("status__in", ("open", "assigned", "reopened")),
                            ("trashed_at", None),
                        ),
                        fields=["next_due_at", "id"],
                        name="ticket_working_by_deadline",
                    ),
                    models.Index(
                        condition=models.Q(("merged_into", None), ("trashed_at", None)),
                        fields=["status", "-last_activity_at", "-id"],
                        name="ticket_by_status_activity",
                    ),
                    models.Index(
                        fields=["department", "status", "-last_activity_at", "-id"], name="ticket_by_department"
                    ),
                    models.Index(
                        condition=models.Q(("assignee__isnull", False)), fields=["assignee"], name="ticket_by_assignee"
                    ),
                    models.Index(condition=models.Q(("team__isnull", False)), fields=["team"], name="ticket_by_team"),
                    models.Index(
                        condition=models.Q(("follow_up_of__isnull", False)),
                        fields=["follow_up_of"],
                        name="ticket_by_follow_up",
                    ),
                    models.Index(fields=["requester", "-id"], name="ticket_by_requester"),
                    models.Index(
                        condition=models.Q(("merged_into__isnull", False)),
                        fields=["merged_into"],
                        name="ticket_by_merged",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("number",), name="one_ticket_per_number"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "assigned"), _negated=True),
                            ("assignee__isnull", False),
                            ("team__isnull", False),
                            _connector="OR",
                        ),
                        name="assigned_has_agent_or_team",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "open"), _negated=True),
                            models.Q(("assignee__isnull", True), ("team__isnull", True)),
                            _connector="OR",
                        ),
                        name="open_has_neither_agent_nor_team",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "resolved"), _negated=True),
                            ("resolved_at__isnull", False),
                            _connector="OR",
                        ),
                        name="resolved_has_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "closed"), _negated=True),
                            models.Q(("closed_at__isnull", False), models.Q(("close_reason", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="closed_has_time_and_reason",
                    ),
                ],
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name="HeldReply",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("due_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("claim", models.UUIDField(blank=True, editable=False, null=True)),
                ("text", models.TextField(blank=True)),
                ("html", models.TextField(blank=True)),
                ("to", models.JSONField(null=True)),
                (
                    "then",
                    models.CharField(
                        choices=[
                            ("resolve", "Send and resolve"),
                            ("await", "Send, await requester"),
                            ("keep", "Send, we keep working on it"),
                        ],
                        max_length=10,
                    ),
                ),
                ("is_scheduled", models.BooleanField()),
                ("send_at", models.DateTimeField()),
                ("seen", models.PositiveIntegerField()),
                ("request_key", models.CharField(max_length=40)),
                (
                    "why",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("taken_back", "It was taken back"),
                            ("message", "A message came in meanwhile"),
                            ("reply", "Somebody else answered meanwhile"),
                            ("status", "The ticket was resolved, closed or reopened meanwhile"),
                            ("author", "Its author is not at work here any more"),
                            ("quotes", "It quotes an internal note"),
                            ("refused", "Its author may not answer this ticket any more"),
                            ("nobody", "Nobody whom it was for takes part any more"),
                        ],
                        max_length=10,
                    ),
                ),
                ("created_at", models.DateTimeField()),
                (
                    "author",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="held_replies",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="held_replies",
                        to="tickets.ticket",
                    ),
                ),
                (
                    "signs",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("own", "With my signature"),
                            ("department", "With the department's signature"),
                            ("nothing", "Without a signature"),
                        ],
                        db_default="",
                        default="",
                        max_length=10,
                    ),
                ),
                ("told", models.JSONField(db_default=[], default=list)),
            ],
            options={
                "verbose_name": "held reply",
                "verbose_name_plural": "held replies",
                "indexes": [
                    models.Index(condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="held_due"),
                    models.Index(fields=["ticket", "id"], name="held_by_ticket"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("request_key", ""), _negated=True),
                        fields=("author", "request_key"),
                        name="one_held_reply_per_sent_form",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("due_at", None), ("why", ""), _connector="OR"),
                        name="held_reply_waits_or_says_why_not",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="HeldFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField()),
                ("name", models.CharField(max_length=255)),
                ("content_type", models.CharField(max_length=100)),
                ("content_id", models.CharField(blank=True, max_length=255)),
                (
                    "blob",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="core.blob"),
                ),
                (
                    "held",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="files",
                        to="tickets.heldreply",
                    ),
                ),
            ],
            options={
                "verbose_name": "file of a held reply",
                "verbose_name_plural": "files of held replies",
                "constraints": [models.UniqueConstraint(fields=("held", "position"), name="held_file_position")],
            },
        ),
        migrations.CreateModel(
            name="Participant",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "role",
                    models.CharField(
                        choices=[("requester", "Requester"), ("collaborator", "Collaborator")],
                        default="requester",
                        max_length=12,
                    ),
                ),
                ("added_at", models.DateTimeField()),
                (
                    "address",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="participations",
                        to="accounts.address",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="participations",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="participants",
                        to="tickets.ticket",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("ticket", "user"), name="one_part_per_person_and_ticket"),
                    models.UniqueConstraint(
                        condition=models.Q(("role", "requester")), fields=("ticket",), name="one_requester_per_ticket"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Referral",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField()),
                (
                    "agent",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="referrals",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "department",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tickets.department",
                    ),
                ),
                (
                    "referred_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.team",
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="referrals", to="tickets.ticket"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("agent__isnull", True), ("department__isnull", False), ("team__isnull", True)),
                            models.Q(("agent__isnull", False), ("department__isnull", True), ("team__isnull", True)),
                            models.Q(("agent__isnull", True), ("department__isnull", True), ("team__isnull", False)),
                            _connector="OR",
                        ),
                        name="referral_to_exactly_one",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("department__isnull", False)),
                        fields=("department", "ticket"),
                        name="one_referral_per_department",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("agent__isnull", False)),
                        fields=("agent", "ticket"),
                        name="one_referral_per_agent",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("team__isnull", False)),
                        fields=("team", "ticket"),
                        name="one_referral_per_team",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ThreadEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[("message", "Message"), ("reply", "Reply"), ("note", "Internal note")], max_length=10
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("web", "Web form"),
                            ("mail", "E-mail"),
                            ("api", "API"),
                            ("desk", "Desk"),
                            ("phone", "Phone"),
                            ("other", "Other"),
                        ],
                        max_length=10,
                    ),
                ),
                ("text", models.TextField(blank=True)),
                ("html", models.TextField(blank=True)),
                ("html_version", models.PositiveSmallIntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                ("request_key", models.CharField(blank=True, max_length=40)),
                (
                    "author",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "origin_ticket",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tickets.ticket",
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="tickets.ticket",
                    ),
                ),
            ],
            options={
                "verbose_name": "thread entry",
                "verbose_name_plural": "thread entries",
                "indexes": [models.Index(fields=["origin_ticket"], name="entry_by_origin")],
                "constraints": [
                    models.UniqueConstraint(fields=("ticket", "number"), name="entry_number_in_ticket"),
                    models.UniqueConstraint(
                        condition=models.Q(("request_key", ""), _negated=True),
                        fields=("author", "request_key"),
                        name="one_entry_per_sent_form",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Attachment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField()),
                ("name", models.CharField(max_length=255)),
                ("content_type", models.CharField(max_length=100)),
                (
                    "blob",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="core.blob"),
                ),
                (
                    "entry",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="attachments",
                        to="tickets.threadentry",
                    ),
                ),
                ("content_id", models.CharField(blank=True, max_length=255)),
                ("is_internal", models.BooleanField(db_default=False, default=False)),
            ],
            options={
                "verbose_name": "attachment",
                "verbose_name_plural": "attachments",
                "constraints": [
                    models.UniqueConstraint(fields=("entry", "position"), name="attachment_position_in_entry")
                ],
            },
        ),
        migrations.CreateModel(
            name="TicketClock",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("due_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("claim", models.UUIDField(blank=True, editable=False, null=True)),
                (
                    "target",
                    models.CharField(
                        choices=[
                            ("first_response", "First response"),
                            ("next_response", "Next response"),
                            ("resolution", "Resolution"),
                        ],
                        max_length=20,
                    ),
                ),
                ("within", models.DurationField()),
                ("started_at", models.DateTimeField()),
                ("warn_at", models.DateTimeField()),
                ("deadline_at", models.DateTimeField()),
                ("warned_at", models.DateTimeField(null=True)),
                ("breached_at", models.DateTimeField(null=True)),
                ("stopped_at", models.DateTimeField(null=True)),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[("", "Running"), ("met", "Met"), ("cancelled", "Cancelled")],
                        default="",
                        max_length=10,
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="sla.slaplan"
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="clocks",
                        to="tickets.ticket",
                    ),
                ),
                (
                    "hours",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="sla.businesshours",
                    ),
                ),
                (
                    "paused_by",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("third_party", "Awaiting a third party"),
                            ("requester", "Awaiting requester"),
                            ("snoozed", "Snoozed"),
                        ],
                        db_default="",
                        default="",
                        max_length=20,
                    ),
                ),
            ],
            options={
                "verbose_name": "clock",
                "verbose_name_plural": "clocks",
                "indexes": [
                    models.Index(fields=["ticket", "started_at"], name="clock_by_ticket"),
                    models.Index(condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="clock_due"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("stopped_at", None)), fields=("ticket", "target"), name="one_running_clock"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("outcome", ""), ("stopped_at", None)),
                            models.Q(("stopped_at__isnull", False), models.Q(("outcome", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="clock_stops_with_an_outcome",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ClockSpan",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("started_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("cause", models.CharField(max_length=40)),
                (
                    "clock",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="spans", to="tickets.ticketclock"
                    ),
                ),
                (
                    "paused_by",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("third_party", "Awaiting a third party"),
                            ("requester", "Awaiting requester"),
                            ("snoozed", "Snoozed"),
                        ],
                        db_default="",
                        default="",
                        max_length=20,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)), fields=("clock",), name="one_open_span_per_clock"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TicketEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("opened", "Opened"),
                            ("message_added", "Message added"),
                            ("replied", "Replied"),
                            ("reply_stopped", "Reply not sent"),
                            ("resent", "Mailed again"),
                            ("note_added", "Internal note added"),
                            ("assigned", "Assigned"),
                            ("claimed", "Claimed"),
                            ("released", "Given back"),
                            ("transferred", "Transferred"),
                            ("referred", "Referred"),
                            ("requester_changed", "Handed to another person"),
                            ("referral_removed", "Access removed"),
                            ("collaborator_added", "Collaborator added"),
                            ("collaborator_removed", "Collaborator removed"),
                            ("priority_changed", "Priority changed"),
                            ("topic_changed", "Help topic changed"),
                            ("plan_changed", "SLA plan changed"),
                            ("source_changed", "Source changed"),
                            ("entry_moved_away", "Moved to another ticket"),
                            ("entry_moved_here", "Moved here from another ticket"),
                            ("snoozed", "Snoozed"),
                            ("woken", "Snooze ended"),
                            ("wait_begun", "Wait begun"),
                            ("wait_ended", "Wait ended"),
                            ("resolved", "Resolved"),
                            ("closed", "Closed"),
                            ("reopened", "Reopened"),
                            ("clock_warned", "Deadline near"),
                            ("clock_breached", "Deadline passed"),
                        ],
                        max_length=20,
                    ),
                ),
                ("deed", models.UUIDField()),
                ("face", models.CharField(max_length=10)),
                ("cause", models.CharField(blank=True, max_length=60)),
                ("at", models.DateTimeField()),
                ("data", models.JSONField(default=dict)),
                ("version", models.PositiveSmallIntegerField(default=1)),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="tickets.ticket",
                    ),
                ),
            ],
            options={
                "verbose_name": "event",
                "verbose_name_plural": "events",
                "constraints": [models.UniqueConstraint(fields=("ticket", "number"), name="event_number_in_ticket")],
            },
        ),
        migrations.CreateModel(
            name="FailedHandler",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("due_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("claim", models.UUIDField(blank=True, editable=False, null=True)),
                ("handler", models.CharField(max_length=120, verbose_name="handler")),
                ("error", models.TextField(verbose_name="error")),
                ("attempts", models.PositiveSmallIntegerField(default=1, verbose_name="attempts")),
                ("failed_at", models.DateTimeField(verbose_name="failed")),
                ("succeeded_at", models.DateTimeField(blank=True, null=True, verbose_name="succeeded")),
                (
                    "event",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="failed_handlers",
                        to="tickets.ticketevent",
                    ),
                ),
            ],
            options={
                "verbose_name": "failed handler",
                "verbose_name_plural": "failed handlers",
                "indexes": [
                    models.Index(condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="handler_due")
                ],
                "constraints": [models.UniqueConstraint(fields=("event", "handler"), name="one_failure_per_handler")],
            },
        ),
        migrations.CreateModel(
            name="TicketTimer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("due_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("claim", models.UUIDField(blank=True, editable=False, null=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[("close", "Close after it was resolved"), ("wake", "Come back after it was snoozed")],
                        max_length=20,
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="timers",
                        to="tickets.ticket",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="timer_due")
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("ticket", "kind"), name="one_timer_per_ticket_and_kind")
                ],
            },
        ),
        migrations.RunPython(_first_department.make_rows, migrations.RunPython.noop),
    ]
