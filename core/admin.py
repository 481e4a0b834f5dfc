"""The administration's page of the site itself. What all its pages share stands beside this."""

from core import settings_admin  # noqa: F401 - registers its page
