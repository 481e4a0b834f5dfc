"""The requester's pages: one file per screen."""
