"""The Hybrid Configuration Wizard stopped at one of its steps.

## What is happening
The wizard works through steps, each of which runs cmdlets on-premises or in the tenant, and stops at the first that
fails. Its number (HCW8078) or the sentence behind it tells which step that was. Only some write what mail flow uses:
connectors, certificates and domains. Autodiscover, OAuth, federation and the migration endpoint are about free/busy and
moving mailboxes; mail passes without them. `HCW0000` carries the error of the cmdlet that it names.

## What proves it
- the wizard's last page, or the rows with `*ERROR*` in its log, `%APPDATA%\\Microsoft\\Exchange Hybrid Configuration`

## Not this when
- the message names its own reason: connectors, the stored configuration, a server, a certificate, a domain, PowerShell,
  Autodiscover or federation (the other causes of `hybrid.hcw`, `certificate.local.not-enabled-for-smtp`,
  `recipient.accepted-domain.missing`)
- the wizard ended without an error and mail fails: look at the reply to the message

## References
- https://learn.microsoft.com/en-us/exchange/hybrid-configuration-wizard
- https://learn.microsoft.com/en-us/exchange/troubleshoot/hybrid-configuration-wizard-errors/migration-endpoint-could-not-be-created
- https://learn.microsoft.com/en-us/exchange/troubleshoot/hybrid-configuration-wizard-errors/hcw-has-completed-but-was-not-able-to-perform-oauth
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, look
from diagnostics.causes.hybrid.wizard import UNNUMBERED, log, run_again, told_by
from diagnostics.codes import Row, of_wizard
from diagnostics.mail_facts import CommandError
from diagnostics.patterns import linear
from diagnostics.report import Act, Shell, Step
from diagnostics.text import short

_ID: Final = "hybrid.hcw.step-failed"
_WIZARD: Final = "Hybrid Configuration Wizard"
_EXO: Final[Shell] = "exchange-online-powershell"
_INVOKED = linear(r"(?i)failed to invoke '([A-Z][A-Za-z]{1,20}-([A-Za-z]{3,60}))'\s*:?\s*(.*)$")

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
_LISTS_DOMAINS: Final = look("List the accepted domains.", "Get-AcceptedDomain | Format-Table DomainName,DomainType")
_LOOKS: Final[dict[str, Step]] = {
    "HCW8004": _LISTS_DOMAINS,
    "HCW8029": _LISTS_DOMAINS,
    "HCW8030": look("List the tenant's domains.", "Get-AcceptedDomain | Format-Table DomainName,DomainType", _EXO),
    "HCW8064": look("See what of OAuth is there.", "Get-IntraOrganizationConnector | Format-List"),
    "HCW8078": look("See which migration endpoints exist.", "Get-MigrationEndpoint | Format-List", _EXO),
}
# Who acts, where that is neither who runs Exchange nor who runs the tenant.
_ACTS: Final[dict[str, Act]] = {
    "No federation trust is configured for this organization": "microsoft",
}


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
    return Finding(belief, because, (error,), (log(), run_again()), weight=0.2)


def _known(error: CommandError, row: Row) -> Finding:
    name = row.name if row.code == UNNUMBERED else row.code
    first = _LOOKS.get(name)
    steps = (first,) if first else ()
    act = _ACTS.get(name, "exchange-online" if first and first.shell == _EXO else "on-prem")
    because = told_by(row)
    return Finding(Belief.LIKELY, because, (error,), (*steps, log(), run_again()), act, weight=0.5)


def _cmdlet(error: CommandError, cmdlet: str, noun: str, detail: str) -> Finding:
    step = _OF_MAIL.get(noun.lower())
    because = f"The wizard ran {cmdlet}, and it failed: {short(detail.rstrip('. ')) or 'the log says how'}."
    if step:
        because += " Mail flow uses what it writes."
    elif noun.lower() in _NOT_OF_MAIL:
        because += " Mail does not need what it writes."
    online = step.shell == _EXO if step else noun.lower() == "migrationendpoint"
    act: Act = "exchange-online" if online else "on-prem"
    steps = (step, log(), run_again()) if step else (log(), run_again())
    belief = Belief.POSSIBLE if _MET.search(error.text) else Belief.LIKELY
    return Finding(belief, because, (error,), steps, act, weight=0.4)
