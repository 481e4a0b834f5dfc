"""User: a person, whether requester, agent or both."""

import secrets
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.models.organization import Organization
from core.models.settings import validate_time_zone


def new_handle() -> str:
    return secrets.token_hex(12)


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(handle=username)

    def agents(self) -> "models.QuerySet[User]":
        """Agents who may sign in."""
        return self.filter(is_agent=True, is_active=True)

    def administrators(self) -> "models.QuerySet[User]":
        """Administrators who may sign in."""
        return self.filter(is_administrator=True, is_active=True)


class User(AbstractBaseUser):
    """A person. Who signs in is known by `handle`, which is generated and never shown.

    `email` stays empty until one of the person's addresses is confirmed, then repeats the primary
    one (allauth looks people up by it); it is not unique. From an address to a person leads only `Address`.
    Role is the only permission system: Django's groups and permissions are not used.
    """

    handle = models.CharField(max_length=24, default=new_handle, editable=False)
    name = models.CharField(_("name"), max_length=120, blank=True)
    email = models.EmailField(_("e-mail"), max_length=254, blank=True, editable=False)
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Off: this person cannot sign in. Nothing of theirs is deleted.")
    )
    is_agent = models.BooleanField(_("agent"), default=False, help_text=_("Works at the desk."))
    is_administrator = models.BooleanField(
        _("administrator"), default=False, help_text=_("Configures the help desk. Says nothing about tickets.")
    )
    organization = models.ForeignKey(
        Organization, models.SET_NULL, null=True, blank=True, related_name="members", verbose_name=_("organisation")
    )
    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        blank=True,
        validators=[validate_time_zone],
        help_text=_("Empty: the help desk's own."),
    )
    language = models.CharField(
        _("language"), max_length=10, blank=True, help_text=_("Empty: what the browser asks for.")
    )
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    is_primary_contact = models.BooleanField(
        _("primary contact"), default=False, help_text=_("Speaks for the organisation.")
    )
    sees_only_assigned = models.BooleanField(
        _("only assigned tickets"),
        default=False,
        help_text=_("At the desk this agent sees what is assigned to them or their teams, or referred to them."),
    )
    on_vacation = models.BooleanField(
        _("on vacation"), default=False, help_text=_("Gets no alerts, and nothing is assigned to this agent.")
    )
    anonymised_at = models.DateTimeField(_("anonymised"), null=True, blank=True, editable=False)
    is_demo = models.BooleanField(
        default=False,
        editable=False,
        help_text="Made up, with a password that everybody knows: signs in only from the same machine.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "handle"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: list[str] = []  # type: ignore[misc]  # a class variable only in the stubs

    objects = UserManager()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        # Not `unique` on the field, which would add an index for LIKE that nothing uses.
        constraints = [models.UniqueConstraint(fields=["handle"], name="one_person_per_handle")]
        indexes = [
            # Sign-in by address asks for it lower-cased.
            models.Index(fields=["email"], name="user_by_email"),
            # Pickers, the admin's list of agents, and who administers: few among all people.
            models.Index(
                fields=["name", "id"],
                name="staff_by_name",
                condition=models.Q(is_agent=True) | models.Q(is_administrator=True),
            ),
            # The admin's list of requesters.
            models.Index(
                fields=["name", "id"],
                name="requesters_by_name",
                condition=models.Q(is_agent=False, is_administrator=False),
            ),
            # The directory, by name.
            models.Index(Lower("name"), "id", name="people_by_name"),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        """The person's name, else the part of an address before the @, else a plain word."""
        return self.name or (self.email.partition("@")[0] if self.email else str(_("No name")))

    @property
    def first_name(self) -> str:
        return self.display_name.split()[0]

    @property
    def may_sign_in(self) -> bool:
        """Whether this person has an account: agents, administrators, who has a password or came by a mailed link."""
        works_here = self.is_agent or self.is_administrator
        return self.is_active and (works_here or self.has_usable_password() or self.last_login is not None)

    @property
    def is_staff(self) -> bool:
        """Django's word for "may open the admin"."""
        return self.is_administrator and self.is_active

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        return self.is_staff

    def has_perms(self, perm_list: list[str], obj: Any = None) -> bool:
        return self.is_staff

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_staff


class StaffManager(UserManager):
    def get_queryset(self) -> "models.QuerySet[User]":
        return super().get_queryset().filter(models.Q(is_agent=True) | models.Q(is_administrator=True))


class Agent(User):
    """Agents and administrators, as the admin lists them; requesters are the rest."""

    objects: ClassVar[StaffManager] = StaffManager()

    class Meta:
        proxy = True
        verbose_name = _("agent")
        verbose_name_plural = _("agents")
