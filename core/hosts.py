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
