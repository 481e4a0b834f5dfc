"""People in the administration: requesters, addresses, organisations, teams, locks, and the audit log.

The pages of agents and roles begin here and are finished in tickets.
"""

from accounts import audit_admin, lock_admin, people_admin, team_admin  # noqa: F401 - they register their pages
