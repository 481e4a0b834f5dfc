"""Everything up to here in one step, for a new help desk: the steps that it replaces take several times as long.

Who has some of these goes on by them; they stay until nobody has. Models come with their indexes and constraints, which
Django would otherwise draw all models anew for, one by one.
"""

import datetime
from importlib import import_module

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

import core.languages
import core.models.settings

_site_settings_row = import_module("core.migrations.0002_site_settings_row")


class Migration(migrations.Migration):
    replaces = [
        ("core", "0001_initial"),
        ("core", "0002_site_settings_row"),
        ("core", "0003_who_may_come_in"),
        ("core", "0004_mail_intake"),
        ("core", "0005_mail_words"),
        ("core", "0006_answer_line"),
        ("core", "0007_automatic_answers"),
        ("core", "0008_checks_domains"),
    ]

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Blob",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sha256", models.CharField(max_length=64)),
                ("size", models.PositiveBigIntegerField(help_text="In bytes.")),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("sha256",), name="one_blob_per_digest")],
            },
        ),
        migrations.CreateModel(
            name="Lease",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=40, unique=True)),
                ("holder", models.CharField(max_length=100)),
                ("expires_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="PeriodicJob",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("due_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("claim", models.UUIDField(blank=True, editable=False, null=True)),
                ("name", models.CharField(max_length=60, unique=True)),
                ("last_run_at", models.DateTimeField(blank=True, null=True)),
                ("last_error", models.TextField(blank=True)),
            ],
            options={
                "indexes": [models.Index(fields=["due_at"], name="periodicjob_due")],
            },
        ),
        migrations.CreateModel(
            name="SiteSettings",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "name",
                    models.CharField(
                        default="Help desk",
                        help_text="Shown on every page and in every mail.",
                        max_length=60,
                        verbose_name="name",
                    ),
                ),
                (
                    "close_after",
                    models.DurationField(
                        default=datetime.timedelta(days=3),
                        help_text="How long a resolved ticket waits for its requester before it closes by itself.",
                        validators=[core.models.settings.validate_wait],
                        verbose_name="close after",
                    ),
                ),
                (
                    "reopen_within",
                    models.DurationField(
                        default=datetime.timedelta(days=14),
                        help_text="How long after closing a requester may reopen. Later messages open a new ticket.",
                        validators=[core.models.settings.validate_wait],
                        verbose_name="reopen within",
                    ),
                ),
                (
                    "numbering",
                    models.CharField(
                        choices=[("random", "Random digits"), ("sequence", "Counting up")],
                        default="random",
                        help_text="Random numbers do not tell how many tickets there are.",
                        max_length=10,
                        verbose_name="ticket numbers",
                    ),
                ),
                (
                    "number_digits",
                    models.PositiveSmallIntegerField(
                        default=6,
                        help_text="The shortest ticket number. Numbers grow when these are crowded.",
                        validators=[
                            django.core.validators.MinValueValidator(4),
                            django.core.validators.MaxValueValidator(12),
                        ],
                        verbose_name="digits",
                    ),
                ),
                (
                    "next_number",
                    models.PositiveBigIntegerField(
                        default=1,
                        help_text="Where counting goes on. Used only when numbers count up.",
                        verbose_name="next number",
                    ),
                ),
                (
                    "time_zone",
                    models.CharField(
                        default="UTC",
                        help_text="For readers who have not chosen their own.",
                        max_length=64,
                        validators=[core.models.settings.validate_time_zone],
                        verbose_name="time zone",
                    ),
                ),
                (
                    "max_upload_mb",
                    models.PositiveSmallIntegerField(
                        default=20,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(200),
                        ],
                        verbose_name="largest attachment, in MB",
                    ),
                ),
                (
                    "is_demo",
                    models.BooleanField(
                        default=False,
                        editable=False,
                        help_text="True in the demo help desk: its sign-ins work from this machine only.",
                    ),
                ),
                (
                    "logo",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.blob",
                        verbose_name="logo",
                    ),
                ),
                (
                    "agents_idle_after",
                    models.DurationField(
                        default=datetime.timedelta(seconds=43200),
                        help_text="How long without a click until agents and administrators sign in again.",
                        validators=[core.models.settings.validate_wait],
                        verbose_name="agents are signed out after",
                    ),
                ),
                (
                    "agents_need_second_factor",
                    models.BooleanField(
                        default=False,
                        help_text="A passkey or an authenticator app, besides the password. Roles can ask for it by themselves.",
                        verbose_name="agents must use a second factor",
                    ),
                ),
                (
                    "guests_may_ask",
                    models.BooleanField(
                        default=True,
                        help_text="Off: only who is signed in opens tickets by the web form.",
                        verbose_name="tickets without an account",
                    ),
                ),
                (
                    "registration",
                    models.CharField(
                        choices=[("open", "Anybody"), ("invited", "Who was invited"), ("off", "Nobody")],
                        default="open",
                        max_length=10,
                        verbose_name="who may make an account",
                    ),
                ),
                (
                    "requesters_idle_after",
                    models.DurationField(
                        default=datetime.timedelta(days=14),
                        validators=[core.models.settings.validate_wait],
                        verbose_name="requesters are signed out after",
                    ),
                ),
                (
                    "topic_order",
                    models.CharField(
                        choices=[("manual", "As arranged"), ("name", "By name")],
                        default="manual",
                        max_length=10,
                        verbose_name="order of help topics",
                    ),
                ),
                (
                    "keep_raw_mail",
                    models.DurationField(
                        default=datetime.timedelta(days=180),
                        help_text="How long the bytes are kept. What was read from them stays in the ticket.",
                        validators=[core.models.settings.validate_wait],
                        verbose_name="keep mails as they came",
                    ),
                ),
                (
                    "mail_adds_collaborators",
                    models.BooleanField(
                        default=True,
                        help_text="Whom a requester writes to besides us, in To or Cc, becomes a collaborator.",
                        verbose_name="recipients take part",
                    ),
                ),
                (
                    "mail_from_strangers",
                    models.BooleanField(
                        default=True,
                        help_text="Off: only people who are known, and those in the domain of an organisation. Others' mail waits.",
                        verbose_name="tickets by mail from anybody",
                    ),
                ),
                (
                    "mail_sets_priority",
                    models.BooleanField(
                        default=False,
                        help_text="A mail that its sender marked as urgent opens a ticket of the highest priority.",
                        verbose_name="mails say how urgent they are",
                    ),
                ),
                (
                    "mail_strips_quotes",
                    models.BooleanField(
                        default=True,
                        help_text="Of an answer by mail only the new words are shown. The mail as it came is kept besides.",
                        verbose_name="leave out quotations",
                    ),
                ),
                (
                    "most_mails_an_hour",
                    models.PositiveSmallIntegerField(
                        default=60,
                        help_text="Further ones wait for an administrator, so that no robot fills the help desk.",
                        validators=[django.core.validators.MinValueValidator(5)],
                        verbose_name="mails of one sender in an hour",
                    ),
                ),
                (
                    "most_open_tickets",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="Further mails that would open one wait for an administrator. 0: any number.",
                        verbose_name="open tickets of one person",
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        choices=core.languages.mail_languages,
                        db_default="en",
                        default="en",
                        help_text="For readers who have not chosen their own, in departments that have none.",
                        max_length=10,
                        verbose_name="language of mails",
                    ),
                ),
                (
                    "answer_line",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Empty: “Please write your answer above this line”, in the reader's language.",
                        max_length=100,
                        verbose_name="words of that line",
                    ),
                ),
                (
                    "mail_says_where_to_answer",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="Mails to requesters begin with a line, and of an answer nothing below it is shown.",
                        verbose_name="line to answer above",
                    ),
                ),
                (
                    "acknowledges",
                    models.BooleanField(
                        db_default=True,
                        default=True,
                        help_text="Departments, help topics and mailboxes can leave it out for theirs.",
                        verbose_name="confirm new tickets by mail",
                    ),
                ),
                (
                    "acknowledges_messages",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="To whoever wrote one, once an hour for a ticket. Departments and help topics can leave it out.",
                        verbose_name="confirm further messages by mail",
                    ),
                ),
                (
                    "tells_opened_for",
                    models.BooleanField(
                        db_default=True,
                        default=True,
                        help_text="Off: they hear of such a ticket when somebody answers in it.",
                        verbose_name="mail requesters the tickets that agents open for them",
                    ),
                ),
                (
                    "tells_over_limit",
                    models.BooleanField(
                        db_default=True,
                        default=True,
                        help_text="Once a day, that a further mail waits. Off: it waits, and its sender hears nothing.",
                        verbose_name="tell who has too many open tickets",
                    ),
                ),
                (
                    "tells_participants",
                    models.BooleanField(
                        db_default=True,
                        default=True,
                        help_text="Departments can leave it out. Off: what requesters and collaborators write goes to agents alone.",
                        verbose_name="mail messages to the others on a ticket",
                    ),
                ),
                (
                    "checks_domains",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="An address that somebody types is refused if its domain takes no mail. Name servers are asked, for up to two seconds.",
                        verbose_name="look up the domains of addresses",
                    ),
                ),
            ],
            options={
                "verbose_name": "site settings",
                "verbose_name_plural": "site settings",
                "constraints": [models.CheckConstraint(condition=models.Q(("pk", 1)), name="one_row_of_site_settings")],
            },
        ),
        migrations.RunPython(_site_settings_row.make_row, migrations.RunPython.noop),
    ]
