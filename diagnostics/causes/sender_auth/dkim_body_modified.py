"""Something altered the message after it was signed with DKIM.

## What is happening
A DKIM signature covers the body and chosen headers. A disclaimer, a signature service, a gateway's banner or a mailing
list that changes them afterwards breaks it: "body hash did not verify" means the body, "signature did not verify" a
signed header or a wrong key.

## What proves it
- dkim=fail (body hash did not verify), and a hop after the signing one adds text; on the direct way it passes

## Not this when
- the signature fails straight from its origin, without any hop between
- the key is missing (`sender-auth.dkim.not-signed-or-key-missing`)
- the same header says compauth=pass or dmarc=pass: then nothing is wrong

## References
- https://learn.microsoft.com/en-us/defender-office-365/email-authentication-dkim-configure
- https://learn.microsoft.com/en-us/defender-office-365/email-authentication-arc-configure
- https://www.rfc-editor.org/rfc/rfc6376
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.sender_auth.results import (
    SPF_FAILED,
    detour,
    dkim_words,
    elsewhere,
    name_of,
    no_key,
    refused,
    signature_lost,
)
from diagnostics.facts import Said
from diagnostics.mail_facts import Authentication, Configured, Headers, Hops
from diagnostics.report import Shell, Step

_NONE_VALID: Final = "No valid DKIM"


@cause(
    id="sender-auth.dkim.body-modified",
    act="on-prem",
    says=(
        "body hash did not verify",
        "signature did not verify",
        "bodyhash_mismatch",
        "body hash mismatch",
        "wrong body hash",
        "body was altered",
        "body was modified",
        "body was changed",
        "body has been modified",
        "body has been altered",
        _NONE_VALID,
        "Invalid (E-Mail was modified)",  # DKIM Verifier, an add-on of Thunderbird
    ),
)
def assess(
    anchor: Said | Authentication,
    headers: tuple[Headers, ...],
    others: tuple[Authentication, ...],
    settings: tuple[Configured, ...],
    _way: Hops | None,
) -> Finding | None:
    """The hash of the body is proof of a change; where it happened, the hops tell."""
    if isinstance(anchor, Said):
        # A header says the same with all of its results beside it.
        if "compauth=pass" in anchor.text.lower() or any(each.source == anchor.source for each in others):
            return None
        if anchor.signature == _NONE_VALID:
            because = (
                "The receiver found no valid DKIM signature: there is none, or one that a change on the way has broken."
            )
            return Finding(Belief.POSSIBLE, because, (anchor,), _steps(), weight=1.0)
        found = _finding(anchor, anchor.signature, "")
        # Every tenant's default signature is of that domain: a receiver that wants one of the sender's has no use for it anyway.
        default = ".onmicrosoft.com" in anchor.text.lower() and found.belief is Belief.LIKELY
        return replace(found, belief=Belief.POSSIBLE) if default else found
    words = dkim_words(anchor, headers)
    if refused(anchor) and no_key(words):
        because = f"`{words}`: without the key nothing was compared with the text of the message."
        return Finding(Belief.RULED_OUT, because, (anchor,))
    if signature_lost(anchor) and "body hash" in words:
        return _finding(anchor, words, name_of(anchor.header_d))
    if not refused(anchor) or anchor.dkim not in ("fail", "neutral", "hardfail"):
        return None
    if not any(each in words for each in ("did not verify", "body hash")):
        return _unexplained(anchor)
    way, earlier = detour(headers, settings, (), ()), elsewhere(anchor, others)
    if way and earlier and earlier.dkim == "pass":
        because = f"`{words}`, but the signature passed before the message was sent on: what changed it is the forward."
        return Finding(Belief.RULED_OUT, because, (anchor, earlier, way))
    if way:
        because = f"`{words}`: the forwarder or list changed the message after it was signed."
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(), weight=1.3)
    if earlier and earlier.dkim == "pass" and anchor.spf in SPF_FAILED and "original" in earlier.whose:
        because = f"`{words}`: the gateway that judged the message before Exchange Online changed it. That matters only because "
        because += "Exchange Online judges it again behind the gateway, where SPF fails too."
        return Finding(Belief.POSSIBLE, because, (anchor, earlier), _steps(), weight=1.4)
    if earlier and earlier.dkim == "pass" and "body" in words:
        because = f"The signature passed at an earlier hop and fails at the last one: `{words}`. What lies between changed it."
        return Finding(Belief.CONFIRMED, because, (anchor, earlier), _steps())
    return _finding(anchor, words, name_of(anchor.header_d), spf_failed=anchor.spf in SPF_FAILED)


def _unexplained(results: Authentication) -> Finding | None:
    """A failed signature that the header tells of without a reason, and of nothing else."""
    if results.dkim == "neutral" or results.spf or results.dmarc:
        return None
    because = "The DKIM signature fails, and the header does not say why: a signed part was changed on the way, or the key in "
    because += "DNS is missing or not the one it was signed with."
    return Finding(Belief.POSSIBLE, because, (results,), _steps(), weight=1.2)


def _finding(anchor: Said | Authentication, words: str, signer: str, *, spf_failed: bool = False) -> Finding:
    whose = f" for `{signer}`" if signer and signer != "none" else ""
    because = f"The DKIM signature{whose} does not fit the message any more (`{words}`)"
    if "body" in words or "modified" in words:
        because += ": its text was changed after it was signed."
        if spf_failed:
            # SPF fails too where a forwarder or gateway lies between: then that hop is the cause, and this its effect.
            return Finding(Belief.POSSIBLE, because, (anchor,), _steps(), weight=1.9)
        return Finding(Belief.LIKELY, because, (anchor,), _steps(), weight=1.2)
    because += ": a signed part was changed, or the key in DNS is not the one it was signed with."
    return Finding(Belief.POSSIBLE, because, (anchor,), _steps(), weight=1.5)


def _steps() -> tuple[Step, ...]:
    shell: Shell = "exchange-online-powershell"
    return (
        look(
            "Walk the Received fields from the oldest on: which hop after the DKIM-Signature was added is a disclaimer or "
            "signature service, a gateway or a list? Send a message past it to compare. If only messages with umlauts or other "
            "characters beyond ASCII fail, a hop turns 8bit into quoted-printable after they were signed: sign behind it.",
            "",
            "portal",
        ),
        look(
            "See which sealers the receiving tenant trusts.",
            "Get-ArcConfig | Format-List ArcTrustedSealers",
            shell,
        ),
        change(
            "Let the last hop sign: put disclaimers before the DKIM signing, or sign in the service that adds them.",
            "",
            shell="portal",
            changes="The order in which the sender's own services handle outbound mail.",
            undo="Put the services back in their old order.",
            verify="A new message shows dkim=pass at its receiver.",
        ),
        change(
            "If the receiving organization's own gateway makes the change and seals with ARC: trust its seal.",
            "Set-ArcConfig -Identity default -ArcTrustedSealers {sealing_domain}",
            shell=shell,
            changes="The list of trusted sealers is replaced: name the old ones too, separated by commas.",
            undo="The same command with the old list.",
            verify="compauth=pass with reason=130 on a new message.",
            sealing_domain="",
        ),
    )
