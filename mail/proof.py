"""Whether a mail's sender is who it says: what the mailbox's own server found out (RFC 8601), nobody else."""

from enum import StrEnum

from mail.parsing import ParsedMail, trusted_results

METHODS = ("spf", "dkim", "dmarc")


class Proof(StrEnum):
    PASSED = "passed"
    # The server looked, and nothing speaks for or against it.
    NONE = "none"
    # No server is named whose checks would be believed.
    UNCHECKED = "unchecked"
    REFUTED = "refuted"

    @property
    def lets_agents_act(self) -> bool:
        """Whether an agent's signed address is enough (PARITY section 4, rule 7)."""
        return self in {Proof.PASSED, Proof.UNCHECKED}


def believed(parsed: ParsedMail, authserv_id: str) -> dict[str, str]:
    """Return what that server says: {"dmarc": "pass", "spf": "fail", "dkim": "none"}, as far as it says anything.

    Of several results of a method the topmost counts, but of signatures one that holds is enough.
    """
    found: dict[str, str] = {}
    for one in trusted_results(parsed.authentication_results, authserv_id):
        if one.method in METHODS and (one.method not in found or (one.method, one.result) == ("dkim", "pass")):
            found[one.method] = one.result[:20]
    return found


def proof_of(found: dict[str, str], *, is_checked: bool) -> Proof:
    """Return what the results mean. DMARC decides, since it alone is about the address that people see."""
    if not is_checked:
        return Proof.UNCHECKED
    match found.get("dmarc", "none"):
        case "pass":
            return Proof.PASSED
        case "fail":
            return Proof.REFUTED
    if found.get("dkim") != "pass" and found.get("spf") == "fail":
        return Proof.REFUTED
    return Proof.NONE
