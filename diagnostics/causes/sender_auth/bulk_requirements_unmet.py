"""A consumer provider demands SPF, DKIM or DMARC that this mail lacks.

## What is happening
Gmail, Yahoo and Outlook.com take mail only from domains that authenticate it. One of SPF and DKIM is wanted of everybody,
all of SPF, DKIM and an aligned DMARC of those who send much. The refusal mostly names what is missing: 550 5.7.515 at
Outlook.com, 5.7.26 at Gmail, 5.7.9 at Yahoo. It is no reputation and no block list: publish the records, and it ends.
To Exchange Online they also just hang up (`421 4.4.2 Connection dropped due to SocketError`) until the message expires.

## What proves it
- the words themselves, at an address of a consumer provider, and that the origin lacks it: DKIM or DMARC is `None`, or the
  message left from a server of the very domain

## Not this when
- the message was forwarded: that breaks SPF, and DKIM where it changed (`sender-auth.dmarc.forwarding-broken`)
- the words speak of the domain's DMARC policy (`sender-auth.dmarc.unaligned`)
- they speak of rate, reputation or a block list

## References
- https://support.microsoft.com/en-us/topic/fix-ndr-error-550-5-7-515-in-outlook-com-34cfe8f8-6fbf-457e-9e8b-9e4dbaf4e0ef
- https://support.google.com/a/answer/81126
- https://senders.yahooinc.com/best-practices/
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change
from diagnostics.causes.network.providers import CUT, has_mailboxes, lost_by_the_cloud
from diagnostics.causes.reputation.addresses import pool_of
from diagnostics.causes.sender_auth.results import (
    address_in,
    domain_in,
    named,
    own_hands,
    publish_spf,
    read_dmarc,
    read_spf,
    sign,
    signing_state,
    way_of,
)
from diagnostics.causes.stories import told_as
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Addressed, Configured, Told
from diagnostics.patterns import linear
from diagnostics.report import Step

_BARE: Final = (
    "Gmail or Yahoo refuse mail of a domain without SPF or DKIM, and others take it, as you tell it: they ask for one of the two "
    "from everybody, and for both and DMARC from who sends much."
)
_MISSING: Final = (
    (
        "SPF",
        linear(
            r"(?i)\bspf\s*(?:=|:)\s*(?:fail|none|softfail)|\bspf check\b[^.]*\bdid not\b"
            r"|\bspf \[[^\[\]]{1,253}\] with ip: \[[^\[\]]{1,45}\] = did not pass"
        ),
    ),
    ("DKIM", linear(r"(?i)\bdkim\s*(?:=|:)\s*(?:fail|none|did not pass)|\bdkim checks? did not pass")),
    ("DMARC", linear(r"(?i)\bdmarc\s*(?:=|:)\s*(?:fail|none)")),
)
# Both checks named together: a rule where the reply demands them, a result where it only tells what failed.
_NAMES: Final = ("SPF or DKIM", "SPF and DKIM", "DKIM or SPF", "DKIM and SPF")
_DEMANDED: Final = linear(
    r"(?:must|required?s?|needs? to|has to) (?:\w+ ){0,3}(?:with |by |pass |use |have )?(?:either |both )?(?:spf|dkim)"
)
_OVER_IPV6: Final = linear(r"not accept (?:e-?mail )?messages sent over ipv6")
_SURE: Final = ("5.7.515", "required authentication level", "sender is unauthenticated")
# What no forward takes away: a signature or record that was there. A failed check alone can be the forwarder's.
_LACKING: Final = linear(r"(?i)\bd(?:kim|marc)\s{0,3}[=:]\s{0,3}none\b")


@cause(
    id="sender-auth.bulk.requirements-unmet",
    act="sender",
    says=(
        "5.7.515 Access denied",
        "does not meet the required authentication level",
        "This mail is unauthenticated",
        "message does not pass authentication checks",
        "fails to pass authentication checks",
        "blocked because the sender is unauthenticated",
        "rate limited because it is unauthenticated",
        "4.7.26",
        "5.7.26 Your email has been",
        "requires all senders to",
        "requires all bulk",
        "requires all large senders",
        "both SPF and DKIM",
        "either SPF or DKIM",
        *_NAMES,
        CUT,
    ),
    against={
        "no key for signature": "is a signature whose key is not in DNS, at a receiver that asks for no more",
        "No passing DKIM signature": "asks for a signature; the rules for bulk senders name SPF, DKIM and DMARC together",
        "5.7.23": "is about SPF alone; the rules for bulk senders name SPF, DKIM and DMARC together",
        "Unauthenticated email from": "follows the policy that the domain itself publishes, not a rule for bulk senders",
    },
)
def assess(
    anchor: Said | Told,
    settings: tuple[Configured, ...],
    addressed: tuple[Addressed, ...],
    replies: tuple[Reply, ...],
) -> Finding | None:
    """The provider's own words; they name the missing part, the domain and the address. Some providers only hang up."""
    if isinstance(anchor, Told):
        return told_as("unauthenticated-at-great-providers", anchor, _BARE, _steps("", ""), weight=1.5)
    said = anchor
    if said.signature == CUT:
        return _hung_up(said) if lost_by_the_cloud(said, replies) else None
    low = said.text.lower()
    if "dmarc policy" in low or "compauth=pass" in low or "over a tls connection" in low:
        return None
    if said.signature in _NAMES and ("align" in low or not _DEMANDED.search(low)):
        return None
    if _OVER_IPV6.search(low):
        because = (
            "Exchange Online asks it of every message over IPv6, whoever sends it; it is no rule for bulk senders."
        )
        return Finding(Belief.RULED_OUT, because, (said,))
    domain, ip = domain_in(said.text), address_in(said.text)
    missing = [name for name, pattern in _MISSING if pattern.search(said.text)]
    because = f"The receiving provider wants mail of {named(domain, 'the From domain')} to be authenticated"
    because += (
        f"; what did not pass is {' and '.join(missing)}" if missing else ": by SPF or DKIM, and by all for bulk mail"
    )
    because += f", sent from {ip}." if ip else "."
    forwarded = way_of(said, (), settings, (), (), addressed)
    if forwarded:
        because += (
            " It was forwarded, which breaks SPF, and DKIM where the message was changed: then the origin is right."
        )
        return Finding(Belief.POSSIBLE, because, (said, forwarded), _steps(domain, ip), weight=1.0)
    if pool_of(said.text) == "relay":
        because += (
            " The address is of Exchange Online's relay pool, from which it sends on what others wrote: their domain's "
        )
        because += "records don't tell of it."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(domain, ip), weight=1.0)
    if has_mailboxes(domain):
        because += (
            f" `{domain}` is a provider's, which signs what its users send through it: the message was passed on by a "
        )
        because += "forward, or an application wrote in the name of such a mailbox."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(domain, ip), weight=0.6)
    lacking = bool(_LACKING.search(low)) or any(own_hands(each, domain) for each in addressed)
    belief = Belief.CONFIRMED if lacking and any(words in low for words in _SURE) else Belief.LIKELY
    return Finding(belief, because, (said,), _steps(domain, ip), weight=1.3)


def _hung_up(said: Said) -> Finding:
    """No reason is given, so it is one of several."""
    because = (
        f"{said.by} broke the session with Exchange Online off without a word. With these providers that is mostly "
    )
    because += "the sender's domain: DKIM isn't switched on for it, or SPF or DMARC is missing."
    return Finding(Belief.POSSIBLE, because, (said,), _steps("", ""), "dns", weight=1.6)


def _steps(domain: str, ip: str) -> tuple[Step, ...]:
    return (
        read_spf(domain),
        read_dmarc(domain),
        signing_state(domain),
        publish_spf(ip),
        sign(domain),
        change(
            "If the domain has no DMARC record: publish one that only reports.",
            "",
            shell="dns-record",
            changes="A TXT record `_dmarc` of the domain: v=DMARC1; p=none; rua=mailto: and an address that reads the reports.",
            undo="Remove the record.",
            verify="A message to the provider is accepted; its headers show spf=pass, dkim=pass and dmarc=pass.",
        ),
    )
