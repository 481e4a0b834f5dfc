"""The demo help desk: a bank's, with its people, its promises and some forty tickets. `manage.py demo` loads it."""
