"""Mail is sent to a retired or fixed Microsoft address instead of the tenant's own name.

## What is happening
An MX record or a Send connector's smart host still names a host from before Exchange Online Protection
(`mail.messaging.microsoft.com`, `mail.global.frontbridge.com`), or an address of Microsoft's written as a
number. The mail then arrives in another region than the tenant's, which answers `Mail sent to the wrong
Office 365 region. ATTR35`. Microsoft's addresses change without notice; only the tenant's own name follows.

## What proves it
- ATTR35 in the refusal
- the smart host is such a name or number, or the MX record, with nothing refused, too

## Not this when
- MX and smart host are `<domain-with-dashes>.mail.protection.outlook.com` or a `mx.microsoft` name: then look
  at how the tenant recognises the sender (`connector.exo-inbound.ip-mismatch`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/wrong-office-365-region-exo
- https://learn.microsoft.com/en-us/microsoft-365/enterprise/external-domain-name-system-records
"""

from __future__ import annotations

from collections.abc import Iterable

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.dns.exchangers import exchangers
from diagnostics.causes.network.reach import kind_of
from diagnostics.facts import Said, SendConnector
from diagnostics.looked_facts import DnsAnswer
from diagnostics.patterns import linear
from diagnostics.report import Step

_LEGACY = linear(
    r"(?i)\b(?:mail\d?\.(?:global\.|us\.)?(?:frontbridge|bigfish)\.com|mail\.(?:eo\.|global\.)?messaging\.microsoft\.com)"
)
_CURRENT = linear(r"(?i)^[a-z0-9-]+\.(?:mail\.protection\.outlook\.com|[a-z0-9-]+\.mx\.microsoft)\.?$")


@cause(
    id="dns.mx.legacy-eop-target",
    act="on-prem",
    says=(
        "wrong Office 365 region",
        "ATTR35",
        "mail.messaging.microsoft.com",
        "mail.global.frontbridge.com",
    ),
)
def assess(
    said: Said | SendConnector | DnsAnswer,
    _connector: SendConnector | None,
    connectors: tuple[SendConnector, ...],
    answers: tuple[DnsAnswer, ...],
) -> Finding | None:
    """The refusal says wrong region; the smart hosts, or the MX record, show why."""
    if isinstance(said, DnsAnswer):
        return _published(said)
    if isinstance(said, SendConnector):
        return _retired(said)
    if wrong := _fixed(connectors):
        each, host, what = wrong
        because = f"`{each.connector or 'The Send connector'}` sends to {host}, {what}; the refusal says wrong region."
        return Finding(Belief.CONFIRMED, because, (each, said), _steps(each.connector))
    if current := _current(connectors):
        return current
    old = next((each for each in exchangers(answers) if _LEGACY.search(each.host)), None)
    if old:
        because = f"The MX of {old.domain} is {old.host}, a retired name; the refusal says wrong region."
        return Finding(Belief.CONFIRMED, because, (old.answer, said), _steps("", old.domain), "dns")
    legacy = _LEGACY.search(said.text)
    if legacy:
        because = f"Mail went to {legacy.group(0)}, a name that was retired."
        return Finding(Belief.LIKELY, because, (said,), _steps(""), weight=1.4)
    if (
        any(words in said.text.lower() for words in ("hop count", "5.4.14", "5.4.6"))
        and "region" not in said.text.lower()
    ):
        because = (
            "ATTR35 stands for mail that came to the wrong region; beside a hop count it says little of why it circles."
        )
        return Finding(Belief.POSSIBLE, because, (said,), _steps(""), weight=0.8)
    because = (
        "Exchange Online says that the mail reached the wrong region (ATTR35): MX or smart host is not "
        "the tenant's own name."
    )
    return Finding(Belief.LIKELY, because, (said,), _steps(""), weight=1.2)


@shown
def smart_hosts(connectors: tuple[SendConnector, ...]) -> Finding | None:
    """The hosts that the Send connectors name, whatever was refused."""
    if wrong := _fixed(connectors):
        each, host, what = wrong
        because = f"`{each.connector or 'The Send connector'}` sends to {host}, {what}."
        sure = Belief.CONFIRMED if _LEGACY.search(host) else Belief.LIKELY  # the number may be of today's still
        return Finding(sure, because, (each,), _steps(each.connector))
    return _current(connectors)


def _fixed(connectors: Iterable[SendConnector]) -> tuple[SendConnector, str, str] | None:
    """A connector in use whose smart host is a name or number that does not follow the tenant; what it is stands behind it."""
    for each in connectors:
        for host in each.smart_hosts if each.enabled is not False else ():
            if kind_of(host.strip("[]")) == "exchange-online":
                return each, host, "an address of Microsoft's as a number"
            if _LEGACY.search(host):
                return each, host, "a retired name"
    return None


def _current(connectors: Iterable[SendConnector]) -> Finding | None:
    named = [(each, host) for each in connectors for host in each.smart_hosts]
    if not named or not all(_CURRENT.search(host) for _, host in named):
        return None
    because = f"The smart host {named[0][1]} is a tenant's current name."
    return Finding(Belief.RULED_OUT, because, tuple(each for each, _ in named))


def _retired(connector: SendConnector) -> Finding | None:
    """A smart host by a name that is no more: nothing has to be refused for that to be wrong."""
    host = next((each for each in connector.smart_hosts if _LEGACY.search(each)), "")
    if not host or connector.enabled is False:
        return None
    because = (
        f"`{connector.connector or 'The Send connector'}` sends to {host}, a name of Microsoft's that was retired."
    )
    return Finding(Belief.LIKELY, because, (connector,), _steps(connector.connector), weight=1.3)


def _published(answer: DnsAnswer) -> Finding | None:
    """An MX record with a name that is no more: nothing has to be refused for that to be wrong."""
    hosts = exchangers((answer,))
    old = next((each for each in hosts if _LEGACY.search(each.host)), None)
    if old is None:
        return None
    because = f"The MX of {old.domain} is {old.host}, a name of Microsoft's that was retired"
    if all(_LEGACY.search(each.host) for each in hosts):
        return Finding(
            Belief.LIKELY,
            f"{because}: who follows it reaches another region than the tenant's, or nobody.",
            (answer,),
            _of_record(old.domain),
            "dns",
            weight=1.5,
        )
    because += ", beside others: what tries it first is late, or comes back."
    return Finding(Belief.POSSIBLE, because, (answer,), _of_record(old.domain), "dns", weight=1.7)


def _steps(connector: str, domain: str = "") -> tuple[Step, ...]:
    mx, publish = _of_record(domain)
    return (
        look(
            "See which smart hosts the connectors name.",
            "Get-SendConnector | Format-List Name,SmartHosts,DNSRoutingEnabled,AddressSpaces",
        ),
        mx,
        change(
            "If the connector holds the old name, point it at the tenant's own host.",
            "Set-SendConnector {connector} -SmartHosts {tenant_host} -SmartHostAuthMechanism None",
            changes="Mail of this connector goes to the tenant's region (host: "
            "<domain-with-dashes>.mail.protection.outlook.com).",
            undo="Set-SendConnector with the SmartHosts that the first step printed.",
            verify="The next session in the protocol log ends with `250 2.6.0 … Queued mail for delivery`.",
            connector=connector,
            tenant_host="",
        ),
        publish,
    )


def _of_record(domain: str) -> tuple[Step, Step]:
    mx = look(
        "See where the MX of the domain leads; the admin center's domain page shows the name it should be.",
        "Resolve-DnsName {domain} -Type MX -Server 1.1.1.1",
        "powershell",
        domain=domain,
    )
    publish = change(
        "If the MX record holds the old name, publish the tenant's own host.",
        "",
        shell="dns-record",
        changes="MX 0 <domain-with-dashes>.mail.protection.outlook.com (or the mx.microsoft name that the admin center shows).",
        undo="Restore the former record.",
        verify="Resolve-DnsName shows the new host from a public resolver.",
    )
    return mx, publish
