"""The recipient's address is malformed.

## What is happening
The address breaks the rules for addresses: a space, a quote, a semicolon, a trailing dot, two addresses in
one field, or an address of another kind that was wrapped up because it can't travel by SMTP (`IMCEAINVALID-`,
`IMCEAFAX-`). Nobody can deliver to it, and no server has to be mended.

## What proves it
- `501 5.1.3 Invalid address`, `553 5.1.3`, or `STOREDRV.Submit; invalid recipient address`
- the address as printed with its hidden characters

## Not this when
- the address is well-formed but has letters outside ASCII, and the other server lacks SMTPUTF8
- it begins with `IMCEAEX-` (`recipient.legacyexchangedn.stale`)
- its domain is reserved or has one label (`recipient.address.reserved-or-single-label`)

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/non-delivery-reports-and-bounce-messages/non-delivery-reports-and-bounce-messages
- https://www.rfc-editor.org/rfc/rfc5321
"""

from __future__ import annotations

from typing import Any

from diagnostics.cause import Belief, Finding, cause, look
from diagnostics.causes.recipient.steps import advise
from diagnostics.facts import Reply, Said
from diagnostics.patterns import linear
from diagnostics.report import Step

_NOT_VALID = ("not a valid RFC", "not an RFC")  # with its number behind
_OF_SENDER = linear(r"(?i)\bsender|\bfrom\b|return.?path|header")
_OF_ADDRESS = linear(r"(?i)address.{0,340}\brfc[ -]?\d|\brfc[ -]?\d\S* (?:\w+ )?address")
_WRAPPED = linear(r"(?i)\bIMCEA(INVALID|FAX)-([^\s<>]{1,400})")


@cause(
    id="recipient.address.invalid-syntax",
    act="sender",
    says=(
        "STOREDRV.Submit; invalid recipient address",
        "PICKUP.InvalidAddress",
        "ROUTING.InvalidAddress",
        "RESOLVER.ADR.InvalidInSmtp",
        "RESOLVER.ADR.SmtpInSmtp",
        "LongRecipientAddress; ",
        "not in the form required for an e-mail address",
        "Illegal semicolon, not in group",
        "domain missing or malformed",
        "malformed address: ",
        "recipient address syntax error",
        "Invalid recipient address format",
        "Recipient address rejected: need fully-qualified address",
        "Illegal whitespace in address",
        "Missing final '@domain' in string",
        "Local address contains control or whitespace",
        "Local address contains illegal character",
        "Domain contains control or whitespace",
        "Domain contains illegal character",
        "Mailer Error: Invalid address: (to)",
        *_NOT_VALID,
        "IMCEAINVALID-",
        "IMCEAFAX-",
        "501 5.1.3",
        "553 5.1.3",
        "5.1.3",
    ),
    against={
        "Recipient address reserved by RFC 2606": "accepts the form of the address, whose domain is kept for examples",
        "RESOLVER.ADR.BadPrimary": "is about the primary address of the directory object, not about what was typed",
    },
)
def assess(anchor: Said | Reply, replies: tuple[Reply, ...]) -> Finding | None:
    """A wrapped address or Exchange's own words name it; a bare 5.1.3 is only near."""
    if isinstance(anchor, Reply):
        wrapped = _wrapped(anchor.recipient)
        return _of_wrapped(anchor, str(wrapped.group(1)), anchor.recipient) if wrapped and anchor.failing else None
    if anchor.signature in _NOT_VALID and (not _OF_ADDRESS.search(anchor.text) or _OF_SENDER.search(anchor.text)):
        return None
    mine = next((each.recipient for each in replies if each.source == anchor.source and each.recipient), "")
    wrapped = _wrapped(mine) or _wrapped(anchor.text)
    if wrapped:
        return _of_wrapped(anchor, str(wrapped.group(1)), str(wrapped.group(0)))
    where = f"`{mine}`" if mine else "The recipient's address"
    because = f"{where} is not a valid address, says {anchor.by or 'the server that refused it'}."
    lacking = next((r for r in replies if r.failing and "smtputf8" in r.whole.lower()), None)
    if lacking and not mine.isascii():
        because = f"`{mine}` is well formed; what a server on its way lacks is SMTPUTF8, for letters outside ASCII."
        return Finding(Belief.RULED_OUT, because, (lacking, anchor))
    if not (mine or anchor.text).isascii():
        because = (
            f"{where} has letters outside ASCII; either it is malformed or the other server does "
            "not support such addresses."
        )
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(mine), weight=1.0)
    worded = anchor.signature != "5.1.3" or "invalid" in anchor.text.lower() or "syntax" in anchor.text.lower()
    return Finding(Belief.LIKELY if worded else Belief.POSSIBLE, because, (anchor,), _steps(mine), weight=1.5)


def _wrapped(text: str) -> Any:
    """Few texts hold such an address, so the pattern is seldom made."""
    return _WRAPPED.search(text) if "IMCEA" in text.upper() else None


def _of_wrapped(anchor: Said | Reply, kind: str, address: str) -> Finding:
    fax = kind.upper() == "FAX"
    because = f"`{address[:120]}` wraps up " + (
        "a fax number, and no fax connector takes it." if fax else "something that is no SMTP address at all."
    )
    return Finding(Belief.LIKELY if fax else Belief.CONFIRMED, because, (anchor,), _steps(address))


def _steps(address: str) -> tuple[Step, ...]:
    return (
        advise(
            "Sender: delete the AutoComplete entry or contact, type the address anew by hand, and look for "
            "spaces, quotes, semicolons and a dot at the end."
        ),
        look(
            "Show hidden characters of the address as it was written.",
            "{address} | Format-Hex",
            "powershell",
            address=address,
        ),
    )
