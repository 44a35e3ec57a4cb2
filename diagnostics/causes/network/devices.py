"""Security devices that open TLS sessions: the names that stand in the certificates which they make."""

from __future__ import annotations

from collections.abc import Iterable

from diagnostics.facts import Reply
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear

# Names that inspection devices give the authority they sign with. Mail gateways are not among them: theirs is
# the server's own certificate.
_DEVICE = linear(
    r"(?i)FortiGate|Fortinet_CA|Fortinet Untrusted|\bFG(?:T|VM)?\d{1,3}[A-Z0-9]{6,12}\b|"
    r"Zscaler|Sophos (?:SSL|Firewall|UTM)|Sophos_CA|SonicWall|DPI-SSL|"
    r"Palo Alto Networks|WatchGuard|Fireware|Check Point|Blue ?Coat|SSL[ -](?:inspection|interception|decrypt)|"
    r"(?:decryption|forward trust) CA|\bfirewall\b"
    # Security software of the machine itself
    r"|\bavast!?|\bAVG (?:Technologies|Web/Mail)|Web/Mail Shield|\bESET SSL|Kaspersky (?:Anti-?Virus|Web|Endpoint)"
    r"|Bitdefender|Dr\.? ?Web|\bNetskope\b|Cisco Umbrella|Untangle|mitmproxy|Fiddler"
)


def inspecting(told: Configured, replies: Iterable[Reply]) -> bool:
    """Whether mail is put off since a device began to look into it, as the person tells it."""
    put_off = any(each.failing and (str(each.code or "") + each.enhanced)[:1] == "4" for each in replies)
    return told.kind == "told-trial" and told.name == "inspection" and put_off


def device(name: str) -> str:
    """`name` where it is that of a security device or the authority that one signs with; "" where it is not."""
    return name if _DEVICE.search(name) else ""
