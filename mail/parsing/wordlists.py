"""Word lists in many languages, written as one text with " | " between."""


def words(listed: str) -> tuple[str, ...]:
    """Return the words, each once."""
    return tuple(dict.fromkeys(word.strip() for word in " ".join(listed.split()).split(" | ")))


def any_of(listed: str) -> str:
    """Return a regular expression that matches any of those given, longest first."""
    return "(?:" + "|".join(sorted(words(listed), key=len, reverse=True)) + ")"
