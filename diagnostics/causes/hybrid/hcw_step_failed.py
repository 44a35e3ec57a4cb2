"""The Hybrid Configuration Wizard stopped at one of its steps.

## What is happening
The wizard works through steps, each of which runs cmdlets on-premises or in the tenant, and stops at the first that
fails. Its number (HCW8078) or the sentence behind it tells which step that was. Only some write what mail flow uses:
connectors, certificates and domains. Autodiscover, OAuth, federation and the migration endpoint are about free/busy and
moving mailboxes; mail passes without them. `HCW0000` carries the error of the cmdlet that it names.

## What proves it
- the wizard's last page, or the rows with `*ERROR*` in its log, `%APPDATA%\\Microsoft\\Exchange Hybrid Configuration`

## Not this when
- the message names its own reason: extra address spaces (`hybrid.hcw.address-space-extra`), a server that is gone
  (`hybrid.hcw.stale-server-list`), a certificate (`hybrid.hcw.fqdn-not-on-certificate`,
  `certificate.local.not-enabled-for-smtp`) or a domain that isn't accepted (`recipient.accepted-domain.missing`)
- the wizard ended without an error and mail fails: look at the reply to the message

## References
- https://learn.microsoft.com/en-us/exchange/hybrid-configuration-wizard
- https://learn.microsoft.com/en-us/exchange/troubleshoot/hybrid-configuration-wizard-errors/migration-endpoint-could-not-be-created
- https://learn.microsoft.com/en-us/exchange/troubleshoot/hybrid-configuration-wizard-errors/hcw8010-default-receive-connector-not-found
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.hybrid.wizard import hybrid_servers, run_again
from diagnostics.codes import Row, of_wizard
from diagnostics.mail_facts import CommandError
from diagnostics.patterns import linear
from diagnostics.report import Act, Shell, Step
from diagnostics.text import short

_ID: Final = "hybrid.hcw.step-failed"
_WIZARD: Final = "Hybrid Configuration Wizard"
_EXO: Final[Shell] = "exchange-online-powershell"
_INVOKED = linear(r"(?i)failed to invoke '([A-Z][A-Za-z]{1,20}-([A-Za-z]{3,60}))'\s*:?\s*(.*)$")
_SERVER = linear(r"(?i)on server ['\"<]?([A-Za-z0-9][\w.-]{0,62}?)['\">]?\.?(?:\s|$)")
_DOMAIN = linear(r"(?i)(?:AddressSpace|for) ['\"]?([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+)['\"]?")

# What a cmdlet writes, by its noun: whether mail flow uses it, and on which side it is looked at.
_WHAT_IS_THERE: Final = "See what is there now of what the cmdlet writes."
# What the wizard writes that mail flow uses.
_OF_MAIL: Final[dict[str, Step]] = {
    "sendconnector": look(_WHAT_IS_THERE, "Get-SendConnector | Format-List"),
    "receiveconnector": look(_WHAT_IS_THERE, "Get-ReceiveConnector | Format-List"),
    "inboundconnector": look(_WHAT_IS_THERE, "Get-InboundConnector | Format-List", _EXO),
    "outboundconnector": look(_WHAT_IS_THERE, "Get-OutboundConnector | Format-List", _EXO),
    "onpremisesorganization": look(_WHAT_IS_THERE, "Get-OnPremisesOrganization | Format-List", _EXO),
    "remotedomain": look(_WHAT_IS_THERE, "Get-RemoteDomain | Format-List"),
    "accepteddomain": look(_WHAT_IS_THERE, "Get-AcceptedDomain | Format-List"),
    "emailaddresspolicy": look(_WHAT_IS_THERE, "Get-EmailAddressPolicy | Format-List"),
    "transportconfig": look(_WHAT_IS_THERE, "Get-TransportConfig | Format-List"),
}
_NOT_OF_MAIL: Final = frozenset(
    {
        "federatedorganizationidentifier",
        "federationtrust",
        "organizationrelationship",
        "intraorganizationconnector",
        "intraorganizationconfiguration",
        "availabilityaddressspace",
        "partnerapplication",
        "authserver",
        "webservicesvirtualdirectory",
        "migrationendpoint",
    }
)
# What a cmdlet met on its way, and says itself: the step is where the wizard stopped, and not why.
_MET = linear(
    r"(?i)underlying connection was closed|ssl/tls secure channel|trust relationship for the ssl|ssl library|forcibly closed"
    r"|unable to connect to the remote server|could not be resolved|timed out|out of sync|\b1007\b"
)
# Where the answer to a message lies, by its number or the name of its row: a cmdlet that reads it, and the shell.
_SEES_AUTODISCOVER: Final = look(
    "See which address the tenant asks for Autodiscover.",
    "Get-OrganizationRelationship | Format-List Name,DomainNames,TargetAutodiscoverEpr,TargetSharingEpr",
    _EXO,
)
_LISTS_DOMAINS: Final = look("List the accepted domains.", "Get-AcceptedDomain | Format-Table DomainName,DomainType")
_LOOKS: Final[dict[str, Step]] = {
    "HCW8004": _LISTS_DOMAINS,
    "HCW8029": _LISTS_DOMAINS,
    "HCW8030": look("List the tenant's domains.", "Get-AcceptedDomain | Format-Table DomainName,DomainType", _EXO),
    "HCW8011": look(
        "See which Send connectors have the domain among their address spaces.",
        "Get-SendConnector | Format-List Name,Enabled,AddressSpaces,SmartHosts,CloudServicesMailEnabled",
    ),
    "HCW8018": look("See which addresses are stored.", "Get-HybridConfiguration | Format-List ExternalIPAddresses"),
    "HCW8034": _SEES_AUTODISCOVER,
    "HCW8057": _SEES_AUTODISCOVER,
    "HCW8064": look("See what of OAuth is there.", "Get-IntraOrganizationConnector | Format-List"),
    "HCW8078": look("See which migration endpoints exist.", "Get-MigrationEndpoint | Format-List", _EXO),
    "HCW8091": look(
        "See whether the service runs.", "Get-Service WinRM | Format-List Status,Name,StartType", "powershell"
    ),
    "No valid certificate exists for the Hub Transport servers": look(
        "See whether the service runs.",
        "Get-Service MSExchangeServiceHost | Format-List Status,Name,StartType",
        "powershell",
    ),
}
# Who acts, where that is neither who runs Exchange nor who runs the tenant.
_ACTS: Final[dict[str, Act]] = {
    "HCW8034": "network",
    "HCW8057": "network",
    "HCW8083": "network",
    "HCW8084": "network",
    "HCW8100": "network",
    "Proof of domain ownership has failed": "dns",
    "No federation trust is configured for this organization": "microsoft",
}
_STORED: Final = ("HCW8019", "HCW8021", "HCW8022", "HCW8023", "HCW8043")


@cause(id=_ID, act="on-prem")
def assess(error: CommandError) -> Finding | None:
    """The number or the sentence tells the step; words that have a cause of their own are left to it."""
    rows = of_wizard(f"{error.code} {error.text}")
    if any(row.causes[0][0] != _ID for row in rows):
        return None
    if rows and not rows[0].wrapper:
        return _known(error, rows[0])
    invoked = _INVOKED.search(error.text)
    if invoked:
        return _cmdlet(error, *invoked.groups())
    numbered = error.code.startswith("HCW")
    if not numbered and error.cmdlet != _WIZARD:
        return None
    because = f"The wizard stopped: {short(error.text)}. The rows before it in its log name the step and the cmdlet."
    # Words without a number may be another cause's.
    belief = Belief.LIKELY if numbered and not _MET.search(error.text) else Belief.POSSIBLE
    return Finding(belief, because, (error,), (_log(), run_again()), weight=0.2)


def _known(error: CommandError, row: Row) -> Finding:
    name = row.code if len(row.code) > len("HCW") else row.name
    first = _look(name, error.text)
    steps = [hybrid_servers()] if name in _STORED else []
    if first:
        steps.append(first)
    act = _ACTS.get(name, "exchange-online" if first and first.shell == _EXO else "on-prem")
    because = f"{row.name}: {row.meaning}" if row.code == "HCW" else f"{row.code}, {row.name}: {row.meaning}"
    return Finding(
        Belief.LIKELY, because, (error,), (*steps, _log(), *_mended(name, error.text), run_again()), act, weight=0.5
    )


def _mended(name: str, text: str) -> tuple[Step, ...]:
    """What mends it, where one command does."""
    server = _SERVER.search(text)
    if name == "HCW8010":
        return (
            change(
                "Where IPv6 is on, let the default Receive connector listen on it as well.",
                "Set-ReceiveConnector {connector} -Bindings '0.0.0.0:25','[::]:25'",
                changes="The connector listens on port 25 over IPv6, beside IPv4.",
                undo="The same with the Bindings that the first step printed.",
                verify="Get-ReceiveConnector shows both bindings.",
                connector=f"{server.group(1)}\\Default Frontend {server.group(1)}" if server else "",
            ),
        )
    if name == "HCW8018":
        return (
            change(
                "Clear the addresses that the wizard remembers.",
                "Set-HybridConfiguration -ExternalIPAddresses $null",
                changes="Only what the wizard remembers; connectors and mail flow stay as they are.",
                undo="The same with the addresses that the first step printed.",
                verify="Get-HybridConfiguration shows none.",
            ),
        )
    return ()


def _look(name: str, text: str) -> Step | None:
    """What shows the state that the step met, where one command does."""
    server, domain = _SERVER.search(text), _DOMAIN.search(text)
    if name == "HCW8010":
        return look(
            "See which Receive connectors of the server listen on port 25, and whether one has the binding [::]:25.",
            "Get-ReceiveConnector -Server {server} | Format-List Identity,Enabled,Bindings,RemoteIPRanges,TransportRole",
            server=server.group(1) if server else "",
        )
    if name == "Proof of domain ownership has failed":
        return look(
            "Compare the proof with the TXT records that the world sees.",
            "Get-FederatedDomainProof -DomainName {domain}; Resolve-DnsName {domain} -Type TXT -Server 1.1.1.1",
            domain=domain.group(1) if domain else "",
        )
    return _LOOKS.get(name)


def _cmdlet(error: CommandError, cmdlet: str, noun: str, detail: str) -> Finding:
    step = _OF_MAIL.get(noun.lower())
    because = f"The wizard ran {cmdlet}, and it failed: {short(detail.rstrip('. ')) or 'the log says how'}."
    if step:
        because += " Mail flow uses what it writes."
    elif noun.lower() in _NOT_OF_MAIL:
        because += " Mail does not need what it writes."
    online = step.shell == _EXO if step else noun.lower() == "migrationendpoint"
    act: Act = "exchange-online" if online else "on-prem"
    steps = (step, _log(), run_again()) if step else (_log(), run_again())
    belief = Belief.POSSIBLE if _MET.search(error.text) else Belief.LIKELY
    return Finding(belief, because, (error,), steps, act, weight=0.4)


def _log() -> Step:
    return look(
        "Read the errors in the wizard's log, on the machine where it ran.",
        "Get-ChildItem (Join-Path $env:APPDATA 'Microsoft\\Exchange Hybrid Configuration') -Filter *.log | "
        "Sort-Object LastWriteTime | Select-Object -Last 1 | Select-String -SimpleMatch '*ERROR*' | "
        "Select-Object -Last 10 -ExpandProperty Line",
        "powershell",
    )
