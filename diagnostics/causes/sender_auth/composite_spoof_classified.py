"""Exchange Online takes legitimate mail for spoofing.

## What is happening
Where a domain publishes no or weak authentication, Exchange Online judges by other signs (composite authentication). It
fails with compauth=fail, reason 001 or 6xx, or CAT:SPOOF, and the message is put into Junk or quarantine. Hit are
senders without SPF, DKIM and DMARC, and applications or hybrid servers that send anonymously in the organization's own
name.

## What proves it
- CAT:SPOOF, or compauth=fail with reason 001 or 6xx, and AuthAs Anonymous

## Not this when
- AuthAs is Internal
- DMARC failed under a policy of reject or quarantine, reason 000 (`sender-auth.dmarc.unaligned`)
- the same header says compauth=pass: then nothing is wrong

## References
- https://learn.microsoft.com/en-us/defender-office-365/email-authentication-about
- https://learn.microsoft.com/en-us/defender-office-365/anti-spoofing-spoof-intelligence
- https://learn.microsoft.com/en-us/defender-office-365/message-headers-eop-mdo
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from diagnostics.cause import Belief, Finding, cause, look
from diagnostics.causes.sender_auth.results import (
    ENFORCED,
    PASSED,
    SPF_FAILED,
    name_of,
    named,
    publish_spf,
    read_dmarc,
    read_spf,
    sign,
)
from diagnostics.mail_facts import Antispam, Authentication, Headers
from diagnostics.report import Act, Step

_DROPPED: Final = "X-CrossPremisesHeadersFilteredBySendConnector"


@cause(
    id="sender-auth.composite.spoof-classified",
    act="sender",
    against={
        "Rejected by header based Anti-Spoofing policy": "is a gateway's refusal, before Exchange Online judged anything",
        "Direct Send not allowed for this organization": (
            "refuses unauthenticated mail of the tenant's own domains without a verdict on spoofing"
        ),
    },
)
def assess(
    _anchor: Authentication | Antispam,
    results: tuple[Authentication, ...],
    reports: tuple[Antispam, ...],
    headers: tuple[Headers, ...],
) -> Finding | None:
    """The composite verdict and the category, unless DMARC itself decided."""
    final = next((r for r in reversed(results) if r.whose == "final"), None)
    report = reports[-1] if reports else None
    spoof = report is not None and report.get("CAT").upper() == "SPOOF"
    failed = final is not None and final.compauth == "fail"
    if (final and final.compauth in PASSED) or not (spoof or failed):
        return None
    if report and report.get("AuthAs").lower() == "internal":
        because = "AuthAs is Internal: the message was trusted as the organization's own."
        return Finding(Belief.RULED_OUT, because, (report,))
    found = _finding(final, report, spoof=spoof, own=_own(final, headers))
    doubt = _elsewhere(report, headers)
    return replace(found, belief=Belief.POSSIBLE, because=f"{found.because} {doubt}", weight=1.0) if doubt else found


def _elsewhere(report: Antispam | None, headers: tuple[Headers, ...]) -> str:
    """Why the verdict is not what is wrong with this message; "" when nothing says so."""
    if any(each.told(_DROPPED) for each in headers):
        return (
            "A Send connector of the organization dropped the headers that mark the mail as internal: mend that first."
        )
    level = report.get("Organization-SCL") if report else ""
    if level in ("-1", "0", "1"):
        return f"The mailbox did not hear of it: its SCL is {level}."
    return ""


def _own(final: Authentication | None, headers: tuple[Headers, ...]) -> bool:
    """Whether the From domain is the recipient's own."""
    to = {name_of(each.get("to").partition(",")[0]) for each in headers if each.get("to")}
    reason = final.reason if final else ""
    return reason.startswith("6") or bool(final and final.header_from and name_of(final.header_from) in to)


def _finding(final: Authentication | None, report: Antispam | None, *, spoof: bool, own: bool) -> Finding:
    domain = name_of(final.header_from or final.mail_from) if final else ""
    ip = (final.sender_ip if final else "") or (report.get("CIP") if report else "")
    reason = final.reason if final and final.compauth == "fail" else ""
    words = " and ".join(
        filter(None, (f"compauth=fail reason={reason}" if reason else "", "CAT:SPOOF" if spoof else ""))
    )
    because = f"Exchange Online took mail of {named(domain, 'this domain')} from {ip or 'its source'} for spoofing"
    because += f" ({words})" if words else ""
    if own:
        because += ": an own domain, sent anonymously from outside the trusted connectors."
    elif final and {final.spf, final.dkim, final.dmarc} <= {"none", ""}:
        because += ": the domain publishes no SPF, DKIM or DMARC, so nothing shows that the mail is its own."
    elif final and ("temperror" in (final.spf, final.dmarc) or final.dkim in ("temperror", "timeout")):
        because += ": the domain's DNS did not answer in time (temperror, timeout), so nothing could be checked."
    else:
        because += ": its authentication did not suffice."
    steps = _steps(domain, ip)
    act: Act | None = "exchange-online" if own else None
    if final and final.dmarc == "fail" and final.action in ENFORCED:
        return Finding(Belief.POSSIBLE, because, (final, report), steps, act, weight=1.3)
    # A part that failed, rather than being absent, has a cause of its own.
    explained = final is not None and (final.spf in (*SPF_FAILED, "permerror") or final.dkim == "fail")
    sure = spoof or reason.startswith("6") or (reason == "001" and not explained)
    belief = Belief.LIKELY if sure else Belief.POSSIBLE
    return Finding(belief, because, (final, report), steps, act, weight=1.5)


def _steps(domain: str, ip: str) -> tuple[Step, ...]:
    return (
        read_spf(domain),
        read_dmarc(domain),
        look(
            "See what is allowed or blocked as spoof already; the spoof intelligence insight in the Defender portal shows "
            "this sender with the address it uses.",
            "Get-TenantAllowBlockListSpoofItems | Format-Table SpoofedUser,SendingInfrastructure,SpoofType,Action",
            "exchange-online-powershell",
        ),
        publish_spf(ip),
        sign(domain),
    )
