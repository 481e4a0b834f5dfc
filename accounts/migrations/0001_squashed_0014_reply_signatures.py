"""Everything up to here in one step, for a new help desk: the steps that it replaces take several times as long.

Who has some of these goes on by them; they stay until nobody has. Models come with their indexes and constraints, which
Django would otherwise draw all models anew for, one by one.
"""

from importlib import import_module

import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import accounts.models.role
import accounts.models.user
import core.models.settings

_stock_roles = import_module("accounts.migrations.0002_stock_roles")
_stock_permissions = import_module("accounts.migrations.0004_stock_permissions")
_append_only_audit = import_module("accounts.migrations.0005_append_only_audit")
_audit_forgets_addresses = import_module("accounts.migrations.0007_audit_forgets_addresses")


class Migration(migrations.Migration):
    replaces = [
        ("accounts", "0001_initial"),
        ("accounts", "0002_stock_roles"),
        ("accounts", "0003_people_and_rights"),
        ("accounts", "0004_stock_permissions"),
        ("accounts", "0005_append_only_audit"),
        ("accounts", "0006_people_by_name"),
        ("accounts", "0007_audit_forgets_addresses"),
        ("accounts", "0008_locks"),
        ("accounts", "0009_merged_people"),
        ("accounts", "0010_commands_by_mail"),
        ("accounts", "0011_alert_wishes"),
        ("accounts", "0012_bounces"),
        ("accounts", "0013_undo_time"),
        ("accounts", "0014_reply_signatures"),
    ]

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Role",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60, unique=True, verbose_name="name")),
                (
                    "permissions",
                    models.JSONField(
                        blank=True,
                        default=list,
                        validators=[accounts.models.role.validate_permissions],
                        verbose_name="permissions",
                    ),
                ),
                ("archived_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="archived")),
                (
                    "needs_second_factor",
                    models.BooleanField(
                        default=False,
                        help_text="Who has this role anywhere signs in with a passkey or an authenticator app besides the password.",
                        verbose_name="needs a second factor",
                    ),
                ),
                (
                    "notes",
                    models.TextField(
                        blank=True, help_text="For administrators.", max_length=2000, verbose_name="notes"
                    ),
                ),
            ],
            options={
                "verbose_name": "role",
                "verbose_name_plural": "roles",
            },
        ),
        migrations.CreateModel(
            name="User",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                ("handle", models.CharField(default=accounts.models.user.new_handle, editable=False, max_length=24)),
                ("name", models.CharField(blank=True, max_length=120, verbose_name="name")),
                ("email", models.EmailField(blank=True, editable=False, max_length=254, verbose_name="e-mail")),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Off: this person cannot sign in. Nothing of theirs is deleted.",
                        verbose_name="active",
                    ),
                ),
                ("is_agent", models.BooleanField(default=False, help_text="Works at the desk.", verbose_name="agent")),
                (
                    "is_administrator",
                    models.BooleanField(
                        default=False,
                        help_text="Configures the help desk. Says nothing about tickets.",
                        verbose_name="administrator",
                    ),
                ),
                (
                    "time_zone",
                    models.CharField(
                        blank=True,
                        help_text="Empty: the help desk's own.",
                        max_length=64,
                        validators=[core.models.settings.validate_time_zone],
                        verbose_name="time zone",
                    ),
                ),
                (
                    "is_demo",
                    models.BooleanField(
                        default=False,
                        editable=False,
                        help_text="Made up, with a password that everybody knows: signs in only from the same machine.",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "anonymised_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="anonymised"),
                ),
                (
                    "is_primary_contact",
                    models.BooleanField(
                        default=False, help_text="Speaks for the organisation.", verbose_name="primary contact"
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        blank=True,
                        help_text="Empty: what the browser asks for.",
                        max_length=10,
                        verbose_name="language",
                    ),
                ),
                (
                    "on_vacation",
                    models.BooleanField(
                        default=False,
                        help_text="Gets no alerts, and nothing is assigned to this agent.",
                        verbose_name="on vacation",
                    ),
                ),
                ("phone", models.CharField(blank=True, max_length=40, verbose_name="phone")),
                (
                    "sees_only_assigned",
                    models.BooleanField(
                        default=False,
                        help_text="At the desk this agent sees what is assigned to them or their teams, or referred to them.",
                        verbose_name="only assigned tickets",
                    ),
                ),
            ],
            options={
                "verbose_name": "person",
                "verbose_name_plural": "people",
            },
        ),
        migrations.CreateModel(
            name="Address",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("email", models.EmailField(max_length=254, verbose_name="e-mail")),
                ("is_primary", models.BooleanField(default=False, verbose_name="primary")),
                ("verified_at", models.DateTimeField(blank=True, null=True, verbose_name="confirmed")),
                ("bouncing_at", models.DateTimeField(blank=True, null=True, verbose_name="bouncing since")),
                ("link_epoch", models.PositiveIntegerField(default=0, editable=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="addresses",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
                (
                    "bounce_said",
                    models.CharField(
                        blank=True, db_default="", default="", max_length=300, verbose_name="what its server said"
                    ),
                ),
                ("resting_until", models.DateTimeField(blank=True, null=True, verbose_name="left alone until")),
                ("soft_bounces", models.PositiveSmallIntegerField(db_default=0, default=0, editable=False)),
            ],
            options={
                "verbose_name": "address",
                "verbose_name_plural": "addresses",
                "constraints": [
                    models.UniqueConstraint(fields=("email",), name="one_person_per_address"),
                    models.CheckConstraint(
                        condition=models.Q(("email", django.db.models.functions.text.Lower("email"))),
                        name="address_is_lower_case",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("is_primary", True)),
                        fields=("user",),
                        name="one_primary_address_per_person",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Agent",
            fields=[],
            options={
                "verbose_name": "agent",
                "verbose_name_plural": "agents",
                "proxy": True,
            },
            bases=("accounts.user",),
        ),
        migrations.CreateModel(
            name="AuditEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(verbose_name="when")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("created", "Created"),
                            ("changed", "Changed"),
                            ("deleted", "Deleted"),
                            ("archived", "Archived"),
                            ("restored", "Taken out of the archive"),
                            ("rights", "Rights changed"),
                            ("signed_in", "Signed in"),
                            ("signed_out", "Signed out"),
                            ("refused", "Sign-in refused"),
                            ("locked", "Locked after failed sign-ins"),
                            ("unlocked", "Lock cleared"),
                            ("password", "Password changed"),
                            ("second_factor", "Second factor changed"),
                            ("session_revoked", "Session ended from elsewhere"),
                            ("invited", "Invited"),
                            ("registered", "Registered"),
                            ("viewed_as", "Looked as somebody else"),
                            ("exported", "Exported"),
                            ("anonymised", "Anonymised"),
                            ("merged", "Merged"),
                            ("redacted", "Redacted"),
                        ],
                        max_length=20,
                        verbose_name="what",
                    ),
                ),
                ("target_model", models.CharField(blank=True, max_length=60, verbose_name="kind of thing")),
                ("target_id", models.BigIntegerField(blank=True, null=True, verbose_name="number of the thing")),
                ("changes", models.JSONField(blank=True, default=dict, verbose_name="old and new")),
                ("client_ip", models.GenericIPAddressField(blank=True, null=True, verbose_name="from")),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="who",
                    ),
                ),
            ],
            options={
                "verbose_name": "audit event",
                "verbose_name_plural": "audit log",
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["-at", "-id"], name="audit_newest"),
                    models.Index(fields=["kind", "-at", "-id"], name="audit_by_kind"),
                    models.Index(fields=["by", "-at", "-id"], name="audit_by_person"),
                    models.Index(fields=["target_model", "target_id", "-at", "-id"], name="audit_by_target"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("secret", models.CharField(editable=False, max_length=32)),
                ("invited_at", models.DateTimeField(verbose_name="invited")),
                ("expires_at", models.DateTimeField(verbose_name="expires")),
                ("accepted_at", models.DateTimeField(blank=True, null=True, verbose_name="accepted")),
                (
                    "address",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="invitation",
                        to="accounts.address",
                        verbose_name="address",
                    ),
                ),
                (
                    "invited_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="invited by",
                    ),
                ),
            ],
            options={
                "verbose_name": "invitation",
                "verbose_name_plural": "invitations",
            },
        ),
        migrations.CreateModel(
            name="Lock",
            fields=[],
            options={
                "verbose_name": "lock",
                "verbose_name_plural": "locks",
                "proxy": True,
            },
            bases=("accounts.auditevent",),
        ),
        migrations.CreateModel(
            name="Preferences",
            fields=[
                (
                    "agent",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="preferences",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("default_queue", models.CharField(blank=True, max_length=40, verbose_name="first queue")),
                (
                    "thread_order",
                    models.CharField(
                        choices=[("oldest", "Oldest first"), ("newest", "Newest first")],
                        default="oldest",
                        max_length=10,
                        verbose_name="order of a ticket's entries",
                    ),
                ),
                (
                    "page_size",
                    models.PositiveSmallIntegerField(
                        choices=[(10, "10"), (25, "25"), (50, "50"), (100, "100")],
                        default=25,
                        verbose_name="tickets on a page",
                    ),
                ),
                (
                    "after_reply",
                    models.CharField(
                        choices=[
                            ("ticket", "Stay on the ticket"),
                            ("next", "Go to the next ticket of the queue"),
                            ("queue", "Go back to the queue"),
                        ],
                        default="ticket",
                        max_length=10,
                        verbose_name="after a reply",
                    ),
                ),
                (
                    "single_keys",
                    models.BooleanField(
                        default=True,
                        help_text="Off: letters alone do nothing outside of fields.",
                        verbose_name="single-key shortcuts",
                    ),
                ),
                (
                    "signature",
                    models.TextField(
                        blank=True,
                        help_text="Ends your replies. Empty: the department's.",
                        max_length=1000,
                        verbose_name="signature",
                    ),
                ),
                (
                    "confirms_mail",
                    models.CharField(
                        choices=[
                            ("always", "Always"),
                            ("commands", "When it had commands, or something went wrong"),
                            ("trouble", "Only when something went wrong"),
                        ],
                        db_default="commands",
                        default="commands",
                        max_length=10,
                        verbose_name="a mail says what yours did",
                    ),
                ),
                ("alerts_off", models.JSONField(blank=True, db_default=[], default=list)),
                (
                    "breaches_pass",
                    models.BooleanField(db_default=True, default=True, verbose_name="overdue tickets pass"),
                ),
                ("quiet_hours", models.JSONField(blank=True, db_default={}, default=dict)),
                (
                    "undo_seconds",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (0, "No time: it goes at once"),
                            (5, "5 seconds"),
                            (8, "8 seconds"),
                            (20, "20 seconds"),
                            (30, "30 seconds"),
                        ],
                        db_default=8,
                        default=8,
                        verbose_name="time to take back a reply",
                    ),
                ),
                (
                    "signs",
                    models.CharField(
                        choices=[
                            ("own", "With my signature"),
                            ("department", "With the department's signature"),
                            ("nothing", "Without a signature"),
                        ],
                        db_default="own",
                        default="own",
                        max_length=10,
                        verbose_name="replies are signed",
                    ),
                ),
            ],
            options={
                "verbose_name": "preferences",
                "verbose_name_plural": "preferences",
            },
        ),
        migrations.CreateModel(
            name="Team",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60, unique=True, verbose_name="name")),
                ("archived_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="archived")),
                (
                    "members",
                    models.ManyToManyField(
                        blank=True,
                        limit_choices_to={"is_agent": True},
                        related_name="teams",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="members",
                    ),
                ),
                (
                    "alerts",
                    models.BooleanField(
                        default=True,
                        help_text="Tell the members by mail when a ticket is assigned to the team.",
                        verbose_name="alerts",
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(
                        blank=True,
                        help_text="One of the members.",
                        limit_choices_to={"is_agent": True},
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="leads",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="lead",
                    ),
                ),
                (
                    "notes",
                    models.TextField(
                        blank=True, help_text="For administrators.", max_length=2000, verbose_name="notes"
                    ),
                ),
            ],
            options={
                "verbose_name": "team",
                "verbose_name_plural": "teams",
            },
        ),
        migrations.CreateModel(
            name="Organization",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120, unique=True, verbose_name="name")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("archived_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="archived")),
                (
                    "assigns_to_manager",
                    models.BooleanField(
                        default=False,
                        help_text="Where the help topic assigns to nobody.",
                        verbose_name="assign new tickets to the account manager",
                    ),
                ),
                (
                    "collaborators",
                    models.CharField(
                        choices=[("nobody", "Nobody"), ("primary", "Primary contacts"), ("all", "Everybody in it")],
                        default="nobody",
                        help_text="Who is added to every new ticket of this organisation as a collaborator.",
                        max_length=10,
                        verbose_name="takes part in its tickets",
                    ),
                ),
                (
                    "manager",
                    models.ForeignKey(
                        blank=True,
                        limit_choices_to={"is_agent": True},
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="account manager",
                    ),
                ),
                (
                    "manager_team",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="accounts.team",
                        verbose_name="account team",
                    ),
                ),
                (
                    "sharing",
                    models.CharField(
                        choices=[("nobody", "Nobody"), ("primary", "Primary contacts"), ("all", "Everybody in it")],
                        default="nobody",
                        help_text="Who of this organisation sees the tickets of its other people.",
                        max_length=10,
                        verbose_name="sees all its tickets",
                    ),
                ),
            ],
            options={
                "verbose_name": "organisation",
                "verbose_name_plural": "organisations",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("manager", None), ("manager_team", None), _connector="OR"),
                        name="managed_by_agent_or_team",
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="user",
            name="organization",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="members",
                to="accounts.organization",
                verbose_name="organisation",
            ),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(fields=["email"], name="user_by_email"),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                condition=models.Q(("is_agent", True), ("is_administrator", True), _connector="OR"),
                fields=["name", "id"],
                name="staff_by_name",
            ),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                condition=models.Q(("is_administrator", False), ("is_agent", False)),
                fields=["name", "id"],
                name="requesters_by_name",
            ),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(django.db.models.functions.text.Lower("name"), models.F("id"), name="people_by_name"),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(fields=("handle",), name="one_person_per_handle"),
        ),
        migrations.CreateModel(
            name="Note",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.TextField(max_length=10000, verbose_name="text")),
                ("created_at", models.DateTimeField()),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notes",
                        to="accounts.organization",
                        verbose_name="organisation",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notes",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "note",
                "verbose_name_plural": "notes",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("organization__isnull", True), ("person__isnull", False)),
                            models.Q(("organization__isnull", False), ("person__isnull", True)),
                            _connector="OR",
                        ),
                        name="note_about_exactly_one",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="OrganizationDomain",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("domain", models.CharField(max_length=253, unique=True, verbose_name="domain")),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="domains",
                        to="accounts.organization",
                        verbose_name="organisation",
                    ),
                ),
            ],
            options={
                "verbose_name": "domain",
                "verbose_name_plural": "domains",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("domain", django.db.models.functions.text.Lower("domain"))),
                        name="domain_is_lower_case",
                    )
                ],
            },
        ),
        migrations.RunPython(_stock_roles.make_roles, migrations.RunPython.noop),
        migrations.RunPython(_stock_permissions.allow_more, migrations.RunPython.noop),
        migrations.RunPython(_append_only_audit.refuse_changes, migrations.RunPython.noop),
        migrations.RunPython(_audit_forgets_addresses.allow_forgetting, migrations.RunPython.noop),
    ]
