"""Web hooks of mail services: what came in, and what became of what went out."""
