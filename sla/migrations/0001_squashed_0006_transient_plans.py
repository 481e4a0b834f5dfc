"""Everything up to here in one step, for a new help desk: the steps that it replaces take several times as long.

Who has some of these goes on by them; they stay until nobody has. Models come with their indexes and constraints, which
Django would otherwise draw all models anew for, one by one.
"""

from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

import core.models.settings
import sla.models.business_hours
import sla.models.plans

_stock_priorities = import_module("sla.migrations.0002_stock_priorities")


class Migration(migrations.Migration):
    replaces = [
        ("sla", "0001_initial"),
        ("sla", "0002_stock_priorities"),
        ("sla", "0003_business_hours"),
        ("sla", "0004_promises_in_working_time"),
        ("sla", "0005_pauses"),
        ("sla", "0006_transient_plans"),
    ]

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="BusinessHours",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "name",
                    models.CharField(
                        help_text="For example “Office, Berlin”.", max_length=80, unique=True, verbose_name="name"
                    ),
                ),
                (
                    "time_zone",
                    models.CharField(
                        help_text="Such as Europe/Berlin.",
                        max_length=64,
                        validators=[core.models.settings.validate_time_zone],
                        verbose_name="time zone",
                    ),
                ),
                (
                    "country",
                    models.CharField(
                        blank=True,
                        help_text="Its public holidays are filled in below.",
                        max_length=2,
                        verbose_name="holidays of",
                    ),
                ),
                ("region", models.CharField(blank=True, max_length=40, verbose_name="region")),
                (
                    "filled_through",
                    models.PositiveSmallIntegerField(
                        blank=True, editable=False, null=True, verbose_name="filled through"
                    ),
                ),
                ("archived_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="archived")),
                (
                    "is_default",
                    models.BooleanField(
                        default=False,
                        help_text="For tickets whose department and SLA plan have none. If none is the default, every hour counts.",
                        verbose_name="default",
                    ),
                ),
                ("version", models.BigIntegerField(default=sla.models.business_hours.new_version, editable=False)),
            ],
            options={
                "verbose_name": "business hours",
                "verbose_name_plural": "business hours",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("is_default", True)),
                        fields=("is_default",),
                        name="one_default_business_hours",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ExceptionWindow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(verbose_name="date")),
                (
                    "opens",
                    models.CharField(
                        blank=True,
                        max_length=5,
                        validators=[sla.models.business_hours.validate_time],
                        verbose_name="opens",
                    ),
                ),
                (
                    "closes",
                    models.CharField(
                        blank=True,
                        max_length=5,
                        validators=[sla.models.business_hours.validate_time],
                        verbose_name="closes",
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=120, verbose_name="note")),
                (
                    "hours",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="exceptions",
                        to="sla.businesshours",
                    ),
                ),
            ],
            options={
                "verbose_name": "exception",
                "verbose_name_plural": "exceptions",
                "indexes": [models.Index(fields=["hours", "day"], name="exceptions_of_hours")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closes", ""), ("opens", "")),
                            models.Q(models.Q(("opens", ""), _negated=True), models.Q(("closes", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="exception_has_both_times_or_none",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Holiday",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(verbose_name="date")),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                (
                    "source",
                    models.CharField(
                        choices=[("hand", "entered"), ("country", "of the country")],
                        default="hand",
                        editable=False,
                        max_length=10,
                        verbose_name="source",
                    ),
                ),
                (
                    "hours",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="holidays",
                        to="sla.businesshours",
                    ),
                ),
            ],
            options={
                "verbose_name": "holiday",
                "verbose_name_plural": "holidays",
                "constraints": [models.UniqueConstraint(fields=("hours", "day"), name="one_holiday_per_day")],
            },
        ),
        migrations.CreateModel(
            name="Priority",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=40, unique=True, verbose_name="name")),
                (
                    "level",
                    models.PositiveSmallIntegerField(
                        help_text="1 is the most urgent. Lists sort by it.", unique=True, verbose_name="level"
                    ),
                ),
                (
                    "glyph",
                    models.CharField(
                        choices=[
                            ("emergency", "Red square with an exclamation mark"),
                            ("high", "Three bars, amber"),
                            ("normal", "Two bars"),
                            ("low", "One bar"),
                        ],
                        default="normal",
                        max_length=10,
                        verbose_name="sign",
                    ),
                ),
                (
                    "is_default",
                    models.BooleanField(
                        default=False, help_text="For tickets whose help topic sets none.", verbose_name="default"
                    ),
                ),
                ("archived_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="archived")),
            ],
            options={
                "verbose_name": "priority",
                "verbose_name_plural": "priorities",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("is_default", True)), fields=("is_default",), name="one_default_priority"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SLAPlan",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "name",
                    models.CharField(
                        help_text="For example “Sev-A (1h/4h, 24/7)”.", max_length=80, unique=True, verbose_name="name"
                    ),
                ),
                (
                    "is_default",
                    models.BooleanField(
                        default=False,
                        help_text="For tickets whose help topic and department set none.",
                        verbose_name="default",
                    ),
                ),
                ("archived_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="archived")),
                (
                    "alerts",
                    models.BooleanField(
                        default=True,
                        help_text="Tell agents when a deadline is near, and when it has passed.",
                        verbose_name="alerts",
                    ),
                ),
                (
                    "hours",
                    models.ForeignKey(
                        blank=True,
                        help_text="For departments without business hours of their own. Empty: those of the site.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="sla.businesshours",
                        verbose_name="business hours",
                    ),
                ),
                (
                    "hours_everywhere",
                    models.BooleanField(
                        default=False,
                        help_text="These business hours hold in departments with hours of their own, too.",
                        verbose_name="everywhere",
                    ),
                ),
                (
                    "notes",
                    models.TextField(
                        blank=True, help_text="For administrators.", max_length=2000, verbose_name="notes"
                    ),
                ),
                ("pauses", models.JSONField(blank=True, default=list, verbose_name="pauses")),
                (
                    "is_transient",
                    models.BooleanField(
                        default=False,
                        help_text="A transfer or another help topic may replace it by the plan that they lead to.",
                        verbose_name="transient",
                    ),
                ),
            ],
            options={
                "verbose_name": "SLA plan",
                "verbose_name_plural": "SLA plans",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("is_default", True)), fields=("is_default",), name="one_default_plan"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PlanTarget",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "target",
                    models.CharField(
                        choices=[
                            ("first_response", "First response"),
                            ("next_response", "Next response"),
                            ("resolution", "Resolution"),
                        ],
                        max_length=20,
                        verbose_name="target",
                    ),
                ),
                (
                    "within",
                    models.DurationField(
                        help_text="Working time, for example 30m, 4h or 3d 12h.",
                        validators=[sla.models.plans.validate_promise],
                        verbose_name="within",
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="targets",
                        to="sla.slaplan",
                    ),
                ),
                (
                    "priority",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        help_text="Empty: for every priority that has no row of its own.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="sla.priority",
                        verbose_name="priority",
                    ),
                ),
            ],
            options={
                "verbose_name": "promise",
                "verbose_name_plural": "promises",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("priority", None)), fields=("plan", "target"), name="one_promise_per_target"
                    ),
                    models.UniqueConstraint(
                        fields=("plan", "target", "priority"), name="one_promise_per_target_and_priority"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="WeeklyWindow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("monday", models.BooleanField(default=False, verbose_name="Mon")),
                ("tuesday", models.BooleanField(default=False, verbose_name="Tue")),
                ("wednesday", models.BooleanField(default=False, verbose_name="Wed")),
                ("thursday", models.BooleanField(default=False, verbose_name="Thu")),
                ("friday", models.BooleanField(default=False, verbose_name="Fri")),
                ("saturday", models.BooleanField(default=False, verbose_name="Sat")),
                ("sunday", models.BooleanField(default=False, verbose_name="Sun")),
                (
                    "opens",
                    models.CharField(
                        max_length=5, validators=[sla.models.business_hours.validate_time], verbose_name="opens"
                    ),
                ),
                (
                    "closes",
                    models.CharField(
                        max_length=5, validators=[sla.models.business_hours.validate_time], verbose_name="closes"
                    ),
                ),
                (
                    "hours",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="windows", to="sla.businesshours"
                    ),
                ),
            ],
            options={
                "verbose_name": "window",
                "verbose_name_plural": "weekly windows",
            },
        ),
        migrations.RunPython(_stock_priorities.make_rows, migrations.RunPython.noop),
    ]
