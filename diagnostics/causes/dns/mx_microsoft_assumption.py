"""Something still expects the old mail.protection.outlook.com name of a domain whose host is under mx.microsoft.

## What is happening
Exchange Online gives newer accepted domains, and those that take part in inbound DANE, an MX host under `mx.microsoft`
that cannot be guessed. Scripts, smart hosts, firewall lists or MTA-STS files that build
`<domain-with-dashes>.mail.protection.outlook.com` by themselves then name a host that does not exist, or lack the one in
use.

## What proves it
- the guessed name does not resolve, and the domain's MX, or the admin center, shows a name under mx.microsoft
- the MX is under mx.microsoft, and a connector, list or policy was made for the old names (likely)

## Not this when
- the guessed name resolves, or the MX record itself has it
- the domain isn't an accepted domain of any tenant: then neither name exists

## References
- https://techcommunity.microsoft.com/blog/exchange/modernizing-dns-security-for-exchange-online-mail-flow/4514248
- https://techcommunity.microsoft.com/t5/exchange-team-blog/implementing-inbound-smtp-dane-with-dnssec-for-exchange-online/ba-p/3939694
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.dns.exchangers import Exchanger, exchangers
from diagnostics.causes.dns.lookups import nonexistent, same
from diagnostics.facts import Said
from diagnostics.looked_facts import DnsAnswer
from diagnostics.mail_facts import Configured
from diagnostics.recognisers.told_exchanger import SHOWN
from diagnostics.report import Step

_OLD: Final = ".mail.protection.outlook.com"
_NEW: Final = ".mx.microsoft"


@cause(
    id="dns.mx.mx-microsoft-assumption",
    act="on-prem",
    says=("SMTPSEND.DNS.NonExistentDomain", "failed MTA-STS validation", "mail.protection.outlook.com"),
)
def assess(
    anchor: Said | DnsAnswer,
    _answer: DnsAnswer | None,
    answers: tuple[DnsAnswer, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    """The guessed name must be missing, or the new one be seen where the old one was expected."""
    guessed = _guessed(answers)
    if guessed and guessed.ok:
        return Finding(Belief.RULED_OUT, f"{guessed.name} resolves: the old name is in use.", (guessed,))
    new = _new(answers)
    if isinstance(anchor, DnsAnswer):
        if anchor is not guessed:
            return None
        shown = next(
            (each for each in settings if each.kind == SHOWN and _same_domain(_label(anchor), (each.name,))), None
        )
        if shown and nonexistent(anchor):
            return _replaced(anchor, shown, next((e for e in exchangers(answers) if same(e.host, anchor.name)), None))
        return _missing(anchor, new.host if new else "", new.answer if new else None)
    low = anchor.text.lower()
    if "mta-sts" in low:
        return _policy(anchor, new.host if new else "") if new or _NEW in low else None
    if "nonexistentdomain" not in low or guessed or _OLD not in low:
        return None
    because = "A name under mail.protection.outlook.com was looked for and does not exist; the domain may have its host under "
    because += "mx.microsoft."
    return Finding(Belief.POSSIBLE, because, (anchor,), _steps(""), weight=1.4)


@shown
def lookups(answers: tuple[DnsAnswer, ...]) -> Finding | None:
    """Which of the two hosts the domain has. A domain with the new one is in order, unless something builds the old one."""
    guessed, new = _guessed(answers), _new(answers)
    if guessed and guessed.ok:
        return Finding(Belief.RULED_OUT, f"{guessed.name} resolves: the old name is in use.", (guessed,))
    missing = _missing(guessed, new.host if new else "", new.answer if new else None) if guessed else None
    if missing:
        return missing if missing.belief is Belief.CONFIRMED else None
    if new:
        because = f"The MX of {new.domain} is {new.host}: what names `{new.domain.replace('.', '-')}{_OLD}`, or only hosts below "
        because += "mail.protection.outlook.com, misses it."
        return Finding(Belief.LIKELY, because, (new.answer,), _steps(new.domain))
    old = exchangers(answers)
    if not old or not all(each.host.endswith(_OLD) for each in old):
        return None
    because = f"The MX of {old[0].domain} is {old[0].host}: the domain has the old name."
    return Finding(Belief.RULED_OUT, because, (old[0].answer,))


def _guessed(answers: Sequence[DnsAnswer]) -> DnsAnswer | None:
    return next((each for each in answers if each.name.lower().rstrip(".").endswith(_OLD)), None)


def _new(answers: Sequence[DnsAnswer]) -> Exchanger | None:
    return next((each for each in exchangers(answers) if each.host.rstrip(".").endswith(_NEW)), None)


def _missing(guessed: DnsAnswer, new: str, answer: DnsAnswer | None) -> Finding | None:
    if not nonexistent(guessed):
        return None
    because = f"`{guessed.name}` does not exist"
    if answer and _same_domain(_label(guessed), (answer.name, new)):
        because += f", while the MX of {answer.name} is {new}: the old name was assumed."
        return Finding(Belief.CONFIRMED, because, (guessed, answer), _steps(answer.name))
    because += "; if the domain is in a tenant, its host is under mx.microsoft, and the admin center shows it."
    return Finding(Belief.POSSIBLE, because, (guessed,), _steps(""), weight=1.5)


def _replaced(guessed: DnsAnswer, shown: Configured, record: Exchanger | None) -> Finding:
    """`record` is the MX record that has the old name, where it is what has to change."""
    because = f"`{guessed.name}` does not exist, and `{shown.name}` is the host that the domain has: the old name was assumed."
    if record is None:
        return Finding(Belief.LIKELY, because, (guessed, shown), _steps(""), weight=2.2)
    because += f" The MX of {record.domain} still names it."
    return Finding(Belief.LIKELY, because, (guessed, shown, record.answer), _recorded(record.domain), "dns", weight=2.2)


def _label(guessed: DnsAnswer) -> str:
    return guessed.name.lower().partition(".")[0]


def _same_domain(label: str, names: Sequence[str]) -> bool:
    """Whether the dashed domain in the old name is that of the MX record: contoso-com and contoso.com."""
    return any(
        name.lower().rstrip(".").replace(".", "-") == label or name.lower().startswith(f"{label}.") for name in names
    )


def _policy(said: Said, new: str) -> Finding:
    because = f"The MX host is {new or 'under mx.microsoft'}, and the domain's MTA-STS policy may still list the old name alone."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(""), "recipient-side", weight=1.2)


def _recorded(domain: str) -> tuple[Step, ...]:
    return (
        _steps(domain)[0],
        change(
            "Let the MX record name the host that the admin center shows, and no other; what writes records must ask for it.",
            "",
            shell="dns-record",
            changes="Mail of senders who look the record up from then on reaches the tenant.",
            undo="Publish the former record.",
            verify="The first step shows the new host, and mail from outside arrives (allow for the old record's TTL).",
        ),
    )


def _steps(domain: str) -> tuple[Step, ...]:
    return (
        look(
            "Read the domain's MX record; the Microsoft 365 admin center (Settings, Domains, DNS records) shows the same host.",
            "Resolve-DnsName {domain} -Type MX -Server 1.1.1.1",
            "powershell",
            domain=domain,
        ),
        look(
            "Find connectors that name the old host.",
            "Get-SendConnector | Format-List Name,SmartHosts,TlsDomain,AddressSpaces",
        ),
        change(
            "Give the connector, script, firewall list or MTA-STS file the host that the admin center shows; guess no name.",
            "Set-SendConnector {connector} -SmartHosts {host}",
            changes="Mail of this connector goes to the host that exists.",
            undo="Set-SendConnector with the SmartHosts that the second step printed.",
            verify="The name resolves, and the queue drains.",
            connector="",
            host="",
        ),
    )
