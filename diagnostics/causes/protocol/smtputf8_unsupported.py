"""The next server can't take internationalized addresses (SMTPUTF8).

## What is happening
An address with letters outside ASCII before the `@`, or a header in raw UTF-8, needs every server on the way to
offer SMTPUTF8. One doesn't, so the message is returned: `553 5.6.7`, `550 5.6.9`. Exchange looks at the next server's EHLO
reply and doesn't send at all: `550 5.1.8 SMTPSEND.Utf8RecipientAddress`, `550 5.1.9 SMTPSEND.Utf8SenderAddress`.

## What proves it
- the address has letters outside ASCII, and the next server's EHLO reply lacks SMTPUTF8

## Not this when
- all addresses are plain ASCII and well-formed: then it is the header, or another refusal
- the server that refuses offers SMTPUTF8 in its EHLO reply
- only the domain has such letters: domains can be written in ASCII (`xn--`)

## References
- https://www.rfc-editor.org/rfc/rfc6531
- https://www.iana.org/assignments/smtp-enhanced-status-codes/smtp-enhanced-status-codes.xhtml
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, shown
from diagnostics.causes.protocol.steps import TELLING, advise, read_ehlo
from diagnostics.facts import Reply, Said, Session, SmtpReached
from diagnostics.patterns import linear
from diagnostics.report import Act, Step

_FOREIGN = linear(r"[^\x00-\x7F\s@][^\s@]{0,64}@[A-Za-z0-9]")  # the last letters before the @ of an address


# .NET, Sendmail and others, where the address itself is refused
_LETTERS = (
    "only configured for E-mail addresses with ASCII local-parts",
    "Non-ASCII character",
    "Non-ASCII address",
    "8-bit characters in address",
    "UTF-8 mailbox names",
)


# What a server makes of letters outside ASCII in a command that did not ask for SMTPUTF8.
_SYNTAX: Final = ("Syntax error", "5.5.2", "5.1.3", "Invalid address")

_LACKED: Final = ("5.6.7", "5.6.9")


@cause(
    id="protocol.smtputf8.unsupported",
    act="sender",
    says=(
        "5.6.7",
        "5.6.9",
        "SMTPUTF8 is required",
        "requires SMTPUTF8",
        "does not support SMTPUTF8",
        "SMTPUTF8 not supported",
        "Unsupported option: SMTPUTF8",
        "support the SMTPUTF8",
        "required SMTPUTF8",
        "SMTPSEND.Utf8RecipientAddress",
        "SMTPSEND.Utf8SenderAddress",
        *_LETTERS,
        *_SYNTAX,
    ),
)
def assess(
    said: Said, _session: Session | None, sessions: tuple[Session, ...], replies: tuple[Reply, ...]
) -> Finding | None:
    """The code is for this alone; the address or the EHLO reply settles it."""
    address = next((r.recipient for r in replies if r.source == said.source and r.recipient), "")
    if said.signature in _SYNTAX:
        return _not_asked_for(said, address) if _FOREIGN.search(address) else None
    offered = next((s for s in reversed(sessions) if s.direction == "send" and s.capabilities), None)
    names = {each.split(" ")[0].upper() for each in offered.capabilities} if offered else set()
    if "SMTPUTF8" in names:
        return Finding(Belief.RULED_OUT, "The next server offers SMTPUTF8 in its EHLO reply.", (offered,))
    host = said.by or said.host
    to = f" to `{address}`" if address else ""
    because = f"The message{to} needs SMTPUTF8 (letters outside ASCII), which {host or 'the next server'} lacks."
    # A socket of Postfix's own, behind which its mailboxes lie.
    act: Act | None = "on-prem" if "[private/" in said.text else None
    foreign = bool(_FOREIGN.search(f"{address} {said.text}"))
    certain = foreign or offered is not None or "utf8" in said.text.lower().replace("-", "")
    if certain or "553 5.6.7" in said.text or said.signature in _LETTERS:
        belief = Belief.CONFIRMED if certain else Belief.LIKELY
        return Finding(belief, because, (said, offered), _steps(host), act, weight=1.6)
    because = f"The number is the one for messages that need SMTPUTF8, which {host or 'the next server'} may lack."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(host), weight=1.5)


@shown
def offers(reached: tuple[SmtpReached, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """What a server lists when somebody greets it by hand. One that has it still wants to be asked for it by the client."""
    listed = next((each for each in reversed(reached) if len(each.capabilities) >= TELLING), None)
    if listed is None:
        return None
    if "SMTPUTF8" in listed.capabilities:
        return _has_it(listed, replies)
    because = f"{listed.host or 'The server that was asked'} does not offer SMTPUTF8 in its EHLO reply "
    because += f"({', '.join(listed.capabilities)}), which letters outside ASCII in an address need."
    return Finding(Belief.LIKELY, because, (listed,), _steps(listed.host))


def _has_it(listed: SmtpReached, replies: tuple[Reply, ...]) -> Finding | None:
    """The numbers say that a server lacks it. Other refusals may be of a client that did not ask, or another server's."""
    lacking = [each for each in replies if each.failing and each.enhanced in _LACKED]
    others = [each for each in lacking if each.by and listed.host and each.by.casefold() != listed.host.casefold()]
    if not lacking or others:
        return None
    because = f"{listed.host or 'The server that was asked'} offers SMTPUTF8 in its EHLO reply."
    return Finding(Belief.RULED_OUT, because, (listed,))


def _not_asked_for(said: Said, address: str) -> Finding:
    because = f"The address `{address}` has letters outside ASCII, which {said.by or 'the server'} calls a fault of syntax: the "
    because += "client has to ask for SMTPUTF8 (MAIL FROM:<…> SMTPUTF8), and the server to offer it."
    return Finding(Belief.LIKELY, because, (said,), _steps(said.by), weight=1.6)


def _steps(host: str) -> tuple[Step, ...]:
    return (
        read_ehlo(host, "SMTPUTF8 must be in the list"),
        advise(
            "For now, write to (or from) an ASCII alias of that mailbox; its owner's administrators can give it one."
        ),
        advise(
            "For good, the server that lacks SMTPUTF8 has to be updated or to have it switched on by its administrators."
        ),
    )
