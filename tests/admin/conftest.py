"""The administration, entered by Rosa Root."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User


@pytest.fixture
def root(sign_in: Callable[[User], Client], admin_user: User) -> Client:
    return sign_in(admin_user)
