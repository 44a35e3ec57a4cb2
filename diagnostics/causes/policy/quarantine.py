"""What holds a message in quarantine: the record of Get-QuarantineMessage, or the portal's card, names the kind of filter."""

from __future__ import annotations

from typing import Final

from diagnostics.cause import look
from diagnostics.causes.recipient.steps import EXO
from diagnostics.mail_facts import Configured
from diagnostics.report import Step

RECORD: Final = "quarantine-message"
# Values of QuarantineTypes, without their blanks, and what filtered.
_TYPES: Final = {
    "transportrule": "rule", "datalossprevention": "loss", "malware": "malware", "spomalware": "malware",
    "filetypeblock": "file type", "spam": "spam", "bulk": "bulk mail", "phish": "phishing",
    "highconfphish": "phishing, and is sure of it", "highconfidencephish": "phishing, and is sure of it",
}  # fmt: skip
_POLICIES: Final = {
    "exchangetransportrule": "rule", "datalosspreventionrule": "loss", "antimalwarepolicy": "malware",
    "safeattachmentpolicy": "malware", "hostedcontentfilterpolicy": "spam",
}  # fmt: skip


def held_for(record: Configured) -> str:
    """What a message is held for: rule, loss, malware, file type, or what the spam filter took it for; "" when not told."""
    if record.kind != RECORD:
        return ""
    types = (record.get(name).replace(" ", "").lower() for name in ("QuarantineTypes", "Type"))
    found = next((_TYPES[each] for each in types if each in _TYPES), "")
    return found or _POLICIES.get(record.get("PolicyType").replace(" ", "").lower(), "")


def whom(record: Configured) -> str:
    """The recipient, for a sentence."""
    address = record.get("RecipientAddress").strip("{}")
    return f"`{address}`" if "@" in address and "," not in address else "the recipient"


def policy_of(record: Configured) -> str:
    """The policy or rule that acted, for a sentence."""
    return f" '{record.get('PolicyName')}'" if record.get("PolicyName") else ""


def look_inside(record: Configured) -> Step:
    """What the portal says of the message, before anybody lets it out."""
    sender = record.get("SenderAddress")
    return look(
        "See what else of this sender is held, and why; the Defender portal previews a message before it is released.",
        "Get-QuarantineMessage -SenderAddress {sender} | Format-List "
        "Identity,ReceivedTime,RecipientAddress,Subject,QuarantineTypes,PolicyType,PolicyName,ReleaseStatus",
        EXO,
        sender=sender if "@" in sender else "",
    )
