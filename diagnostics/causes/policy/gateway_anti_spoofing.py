"""The recipient's own mail gateway takes mail in its own name from outside for spoofing.

## What is happening
The filter in front of the mailboxes (Mimecast and others) refuses what comes from the Internet with the organization's
own domain in the From header or envelope: `550 Rejected by header based Anti-Spoofing policy`. A service that sends in
the organization's name, such as payroll or a shop, is caught too, even when its SPF and DKIM are right. The
organization that owns the domain runs the gateway, and can except that service. Providers who hold senders to their logon
(`Sender address rejected: not logged in`) refuse a web form in the same way that writes to a mailbox in that mailbox's name.

## What proves it
- the rejecting host is the organization's own gateway, and its log names the anti-spoofing policy

## Not this when
- the text names DMARC or SPF: then the authentication is to be mended
- the gateway belongs to another organization (`policy.remote.rejected`)

## References
- https://www.suped.com/learn/dmarc/why-are-emails-bouncing-with-mimecast-anti-spoofing-policy-and-how-to-fix
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.policy.said import from_itself, refusal
from diagnostics.causes.recipient.steps import advise
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.refusals import topics
from diagnostics.report import Act, Step
from diagnostics.seen import by_own_log

_AUTHENTICATION: Final = linear(r"\b(?:dmarc|spf|dkim)\b")
_PASSED: Final = linear(r"\b(?:dmarc|spf|dkim)\b\W{1,5}pass\b")  # what a service tells beside the refusal
# Some tell the sender what to do.
_ADDRESSED: Final = linear(
    r"(?i)\b(?:only|must|has to|have to) (?:be )?(?:sen[dt]|submit\w*|originate) (?:\w+ )?(?:via|through|from|by"
    r"|using)\b|\btry using smtp-auth\b"
)
# Other gateways' words: they have to say that it is the receiver's own name.
_NAMES: Final = (
    "spoof", "forged", "impersonat", "own domain", "internal domain", "local domain", "our domain", "envelope sender",
    "approved", "authorised", "authorized", "official", "permitted", "designated", "local address", "internal address",
    "local user", "local sender", "internal sender", "Absender", "expéditeur", "domaine", "remitente", "dominio",
    "dirección", "mittente", "indirizzo", "afzender", "domein",
)  # fmt: skip

_NOT_LOGGED: Final = "Sender address rejected: not logged in"  # Postfix, reject_sender_login_mismatch


@cause(
    id="policy.gateway.anti-spoofing",
    act="recipient-side",
    says=(
        "Rejected by header based Anti-Spoofing policy",
        "Anti-Spoofing policy",
        "Anti-Spoofing Header Lockout",
        "Lockout - Inbound not allowed",  # of older Mimecast policies
        _NOT_LOGGED,
        *_NAMES,
    ),
    against={
        "5.1.0 Sender denied": "is Exchange's own sender filter, with a list that somebody keeps",
    },
)
def assess(said: Said, replies: tuple[Reply, ...], objects: tuple[Configured, ...]) -> Finding | None:
    """The gateway's own words; where they also name DMARC or SPF, that is the reason."""
    low = said.text.lower()
    if said.signature == _NOT_LOGGED:
        return _not_logged(said, replies)
    if said.signature in _NAMES and "own-name" not in topics(said):
        return None
    if _AUTHENTICATION.search(_PASSED.sub("", low)):
        because = "The reply names DMARC or SPF: what fails is the sender's authentication."
        return Finding(Belief.RULED_OUT, because, (said,))
    refused = refusal(said, replies)
    who = f"`{refused.by}`, the gateway" if refused.by else "The gateway"
    because = f"{who} in front of {refused.whom}'s organization, such as Mimecast, refused mail that comes from outside in the "
    because += "organization's own name. It must except this one service there; Exchange isn't asked."
    exact = any(
        words in low for words in ("header based", "header-based", "header lockout", "mimecast", "envelope blocked")
    )
    belief = Belief.LIKELY if exact or "own-name" in topics(said) else Belief.POSSIBLE
    own = next((each for each in objects if each.kind == "told-gateway"), None)
    if not own and _ADDRESSED.search(said.text):
        return Finding(belief, because, (said,), (_sender_of_its_own(), *_steps()), "sender", weight=1.6)
    act: Act | None = "on-prem" if own else None
    return Finding(belief, because, (said, own), _steps(), act, weight=1.6)


def _not_logged(said: Said, replies: tuple[Reply, ...]) -> Finding | None:
    """The provider of a domain takes its addresses as senders from who logged on; another server never does."""
    if by_own_log(said):
        because = "This server takes addresses of its own domains as senders from who logged on as their owner, and nobody did: "
        because += "the client has no logon set up, another one than the address's, or the sender is forged."
        return Finding(Belief.POSSIBLE, because, (said,), (_sender_of_its_own(),), "on-prem", weight=1.0)
    if not from_itself(said, replies):
        return None
    refused = refusal(said, replies)
    because = (
        f"{refused.where} has the mailboxes of the domain, and the message came from another server with an address "
    )
    because += (
        "of the same domain as its sender: it takes that for a forgery. The form or program that sends should use an "
    )
    because += "address of its own server's, with the person's in Reply-To, or log on at the provider."
    return Finding(Belief.POSSIBLE, because, (said,), (_sender_of_its_own(),), "sender", weight=2.1)


def _sender_of_its_own() -> Step:
    return advise(
        "Sender: let the web form, scanner or program send as an address of another domain that its server may use, with the "
        "visitor's or mailbox's address in Reply-To; or let it log on to the provider with the account of that mailbox."
    )


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "In the gateway's message log, find the message: which policy acted, which address sent it, which From it had.",
            "",
            "portal",
        ),
        look(
            "Check that the service is named in the domain's SPF record (and that it signs with DKIM for the domain).",
            "Resolve-DnsName {domain} -Type TXT | Where-Object {{$_.Strings -match 'v=spf1'}} | Format-List Strings",
            "powershell",
            domain="",
        ),
        change(
            "In the gateway, make an anti-spoofing bypass for this From address together with the service's sending addresses "
            "or its passing DKIM domain, never for the whole domain.",
            "",
            shell="portal",
            changes="Mail of that service in the organization's name is admitted; all other mail in its name from outside stays "
            "refused.",
            undo="Remove the bypass policy.",
            verify="The service's next message appears in the log as accepted by the bypass.",
        ),
    )
