"""The plugins of our tests; the cast and other fixtures stand in tests/conftest.py."""

pytest_plugins = [
    "tests.plugins.passes",
    "tests.plugins.missing",
    "tests.plugins.prepared",
    "tests.plugins.stock",
    "tests.plugins.chromium",
    "tests.plugins.dovecot",
]
