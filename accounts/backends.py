"""Who signs in with an e-mail address and a password."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from accounts.models import User
from accounts.people import person_who_signs_in
from accounts.second_factor import with_second_factor
from core.prepared import Prepared

# Asked with every request.
_SIGNED_IN = Prepared(lambda pk: with_second_factor(User.objects.select_related("preferences").filter(pk=pk)))


class AddressBackend(ModelBackend):
    """Find people by Address, the only way from an e-mail address to a person. Permissions are Role's, not Django's."""

    def authenticate(  # type: ignore[override]  # people have no user names
        self, request: HttpRequest | None, email: str = "", password: str = "", **credentials: Any
    ) -> User | None:
        """Return the person if the password is theirs. An unknown address takes the time of a known one."""
        user = person_who_signs_in(email)
        if user is None:
            User().set_password(password)
            return None
        return user if user.check_password(password) and self.user_can_authenticate(user) else None

    def get_user(self, user_id: int) -> User | None:
        """Return who is signed in, with what nearly every page asks for: preferences, and the second factor."""
        user = _SIGNED_IN.first(pk=user_id)
        return user if self.user_can_authenticate(user) else None
