"""Whether a mail's sender is who it says: what the mailbox's own server found out (RFC 8601), nobody else."""

from enum import StrEnum

from accounts.people import normalise
from mail.models import Door, IncomingMail, Mailbox, Protocol
from mail.parsing import AuthenticationResult, ParsedMail, trusted_results

METHODS = ("spf", "dkim", "dmarc")
# Kept instead of "pass" where DMARC spoke for somebody else than whom the mail counts as.
OF_ANOTHER = "pass-of-another"


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


def checked(
    mail: IncomingMail, parsed: ParsedMail, sender: str, mailbox: Mailbox | None
) -> tuple[dict[str, str], Proof]:
    """Return what is believed of the mail's sender, as `believed` does, and what that means.

    `mailbox` is by which the mail is routed.
    """
    # Checked by the server that it came to, whomever it was written to.
    server = mail.mailbox or mailbox
    # The sender chooses whom it is written to: what was handed over never passed the server of a mailbox that we fetch.
    # So with a web hook's envelope; the pipe of a mailbox, and what was fetched from one, did.
    is_handed_over = mail.mailbox is None or mail.door == Door.WEBHOOK
    came_there = server is not None and not (is_handed_over and server.protocol != Protocol.PUSHED)
    found = believed(parsed, sender, server.authserv_id if server and came_there else "")
    return found, proof_of(found, is_checked=bool(server and server.authserv_id))


def believed(parsed: ParsedMail, sender: str, authserv_id: str) -> dict[str, str]:
    """Return what that server says: {"dmarc": "pass", "spf": "fail", "dkim": "none"}, as far as it says anything.

    Of several results of a method the topmost counts, but of signatures one that holds is enough. `sender` is the
    address that the mail counts as; what DMARC says of another proves nothing of it.
    """
    found: dict[str, str] = {}
    for one in trusted_results(parsed.authentication_results, authserv_id):
        if one.method in METHODS and (one.method not in found or (one.method, one.result) == ("dkim", "pass")):
            is_of_another = (one.method, one.result) == ("dmarc", "pass") and not _is_about(one, parsed, sender)
            found[one.method] = OF_ANOTHER if is_of_another else one.result[:20]
    return found


def _is_about(result: AuthenticationResult, parsed: ParsedMail, sender: str) -> bool:
    """Say whether DMARC was asked about this sender: the one address in From, in the domain that the server names.

    Else a mail could pass as its author's, and be taken for another's, whom Sender or a second From names.
    """
    if {normalise(one.address) for one in parsed.senders if one.address} != {sender}:
        return False
    said = result.property("header.from")
    if said is None:
        return True
    checked, domain = _domain(said), _domain(sender)
    # Some servers name the domain whose policy counts, which may be above.
    return domain == checked or domain.endswith(f".{checked}")


def _domain(text: str) -> str:
    """Return the domain of an address, or the domain itself, as it stands in the DNS."""
    domain = normalise(text).rpartition("@")[2].strip('"<>.')
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain


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
