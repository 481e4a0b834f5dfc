"""Names of servers, as administrators type them."""

from ipaddress import ip_address


def is_this_machine(host: str) -> bool:
    """Say whether the name can only mean the machine that we run on."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def are_of_one_owner(one: str, other: str) -> bool:
    """Say whether two names stand side by side: smtp.example.com beside imap.example.com, or the same name.

    Numbers, and names of fewer than three parts, are beside nothing but themselves.
    """
    one, other = one.lower().rstrip("."), other.lower().rstrip(".")
    if one == other or (is_this_machine(one) and is_this_machine(other)):
        return bool(one)
    return _above(one) is not None and _above(one) == _above(other)


def _above(host: str) -> str | None:
    """Return the domain that the name stands in; None where that is nobody's, as of numbers."""
    try:
        ip_address(host)
    except ValueError:
        above = host.partition(".")[2]
        return above if "." in above else None
    return None
