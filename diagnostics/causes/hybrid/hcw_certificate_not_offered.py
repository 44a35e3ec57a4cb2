"""The Hybrid Configuration Wizard offers no certificate, because the service that collects them is stopped.

## What is happening
The wizard lists the certificates that Microsoft Exchange Service Host reports for the chosen servers. Where that service is
stopped on a server its list stays empty, and who goes on gets `No valid certificate exists for the Hub Transport server(s)`.
The list is empty as well where no certificate can be chosen: of a private authority, expired, or on other servers only.

## What proves it
- that sentence, and the service Microsoft Exchange Service Host (MSExchangeServiceHost) stopped on one of the servers
- Get-ExchangeCertificate asks the same service: `Cannot connect to the remote procedure call service on the server` speaks for
  it, as far as the server's name is right and nothing blocks the call

## Not this when
- the service runs, and RootCAType of the certificate is Registry, Enterprise or None: the wizard lists those of public
  authorities alone (`certificate.local.untrusted-issuer`)
- the certificate is listed, and refused for its services or its name (`certificate.local.not-enabled-for-smtp`,
  `hybrid.hcw.fqdn-not-on-certificate`)

## References
- https://learn.microsoft.com/en-us/exchange/troubleshoot/hybrid-configuration-wizard-errors/hybrid-configuration-wizard-fails-to-show-digital-certificates
- https://learn.microsoft.com/en-us/exchange/troubleshoot/administration/missing-certificate-on-the-last-page-of-hybrid-configuration-wizard
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.certificate import steps
from diagnostics.causes.hybrid.wizard import message_of, run_again
from diagnostics.causes.stories import told_as
from diagnostics.facts import InstalledCertificate, Said
from diagnostics.mail_facts import CommandError, Configured, Told
from diagnostics.report import Step

_ID: Final = "hybrid.hcw.certificate-not-offered"
_SERVICE: Final = ("msexchangeservicehost", "microsoft exchange service host")
_UNANSWERED: Final = "microsoft exchange service host service is started"  # "Verify that … the … service is started."
_PRIVATE: Final = ("registry", "enterprise", "none", "grouppolicy")


@cause(id=_ID, act="on-prem", says=("No valid certificate exists for the Hub Transport server",))
def assess(
    anchor: CommandError | Said | Told, objects: tuple[Configured, ...], installed: tuple[InstalledCertificate, ...]
) -> Finding | None:
    """The sentence, and what the service and the certificates say of it."""
    if isinstance(anchor, Told):
        because = "The wizard lists no certificate, as you tell it: the service that collects them may be stopped."
        return told_as("wizard-lists-no-certificate", anchor, because, _steps(), weight=1.8)
    if message_of(_ID, anchor) is None:
        return None
    seen = _of_services(objects)
    if seen:
        return replace(seen, evidence=(anchor, *seen.evidence))
    because = "The wizard got no certificate that it could offer: mostly the service that collects them is stopped."
    if installed and all(each.root_type.lower() in _PRIVATE for each in installed):
        because += " Those that were listed are of no public authority, which hides them too."
        return Finding(Belief.POSSIBLE, because, (anchor, installed[0]), _steps(), weight=1.2)
    return Finding(Belief.LIKELY, because, (anchor,), _steps())


@shown
def service(looked: tuple[Configured | CommandError, ...]) -> Finding | None:
    """The service's state on each server that was asked; Get-ExchangeCertificate asks the same service."""
    seen = _of_services(each for each in looked if isinstance(each, Configured))
    refused = next(
        (each for each in looked if isinstance(each, CommandError) and _UNANSWERED in each.text.lower()), None
    )
    if refused is None or (seen and seen.belief is Belief.CONFIRMED):
        return seen
    because = (
        f"Get-ExchangeCertificate gets no answer from {refused.host or 'the server'}, where Microsoft Exchange Service "
    )
    because += "Host would give it, and gives the wizard its list."
    return Finding(Belief.LIKELY, because, (refused,), _steps())


def _of_services(objects: Iterable[Configured]) -> Finding | None:
    """What Get-Service shows: it has to run on all servers."""
    hosts = [each for each in objects if each.kind == "windows-service" and _is_host(each) and each.get("Status")]
    if not hosts:
        return None
    stopped = next((each for each in hosts if each.get("Status").lower() != "running"), None)
    if stopped is None:
        because = "Microsoft Exchange Service Host runs, so the wizard gets its list of certificates."
        return Finding(Belief.RULED_OUT, because, tuple(hosts[:3]))
    where = f" on {stopped.get('MachineName')}" if stopped.get("MachineName") else ""
    because = f"Microsoft Exchange Service Host is {stopped.get('Status')}{where}: the wizard gets no certificates."
    return Finding(Belief.CONFIRMED, because, (stopped,), _steps())


def _is_host(service: Configured) -> bool:
    shown = (service.name, service.get("Name"), service.get("DisplayName"))
    return any(each.lower() in _SERVICE for each in shown)


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "See whether the service runs, on each server that is chosen in the wizard.",
            "Get-ExchangeServer | Where-Object {{ -not $_.IsEdgeServer }} | ForEach-Object {{ Get-Service MSExchangeServiceHost "
            "-ComputerName $_.Name }} | Format-Table MachineName,Status,Name -AutoSize",
        ),
        steps.list_installed(),
        change(
            "Where it is stopped, start it.",
            "Start-Service MSExchangeServiceHost",
            effect="service-restart",
            changes="Exchange's helper tasks run again on that server; mail flow does not stop for it.",
            undo="Stop-Service MSExchangeServiceHost.",
            verify="The wizard lists the certificates of that server.",
            shell="powershell",
        ),
        run_again(),
    )
