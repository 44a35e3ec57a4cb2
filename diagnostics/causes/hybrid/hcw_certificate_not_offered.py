"""The Hybrid Configuration Wizard offers no certificate, because the service that collects them is stopped.

## What is happening
The wizard lists the certificates that Microsoft Exchange Service Host reports for the chosen servers. Where that service is
stopped on a server its list stays empty, and who goes on gets `No valid certificate exists for the Hub Transport server(s)`.
The list is empty as well where no certificate can be chosen: of a private authority, expired, or on other servers only.

## What proves it
- that sentence, and the service Microsoft Exchange Service Host (MSExchangeServiceHost) stopped

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

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.certificate import steps
from diagnostics.causes.hybrid.wizard import message_of, run_again
from diagnostics.causes.stories import told_as
from diagnostics.facts import InstalledCertificate, Said
from diagnostics.mail_facts import CommandError, Configured, Told
from diagnostics.report import Step

_ID: Final = "hybrid.hcw.certificate-not-offered"
_SERVICE: Final = ("msexchangeservicehost", "microsoft exchange service host")
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
    service = next((each for each in objects if each.kind == "windows-service" and _is_host(each)), None)
    if service and service.get("Status").lower() == "running":
        because = "Microsoft Exchange Service Host runs, so the wizard gets its list of certificates."
        return Finding(Belief.RULED_OUT, because, (anchor, service))
    if service:
        because = f"Microsoft Exchange Service Host is {service.get('Status') or 'not running'}: the wizard gets no certificates."
        return Finding(Belief.CONFIRMED, because, (anchor, service), _steps())
    because = "The wizard got no certificate that it could offer: mostly the service that collects them is stopped."
    if installed and all(each.root_type.lower() in _PRIVATE for each in installed):
        because += " Those that were listed are of no public authority, which hides them too."
        return Finding(Belief.POSSIBLE, because, (anchor, installed[0]), _steps(), weight=1.2)
    return Finding(Belief.LIKELY, because, (anchor,), _steps())


def _is_host(service: Configured) -> bool:
    shown = (service.name, service.get("Name"), service.get("DisplayName"))
    return any(each.lower() in _SERVICE for each in shown)


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "See whether the service runs, on each server that is chosen in the wizard.",
            "Get-Service MSExchangeServiceHost | Format-Table Status,Name,DisplayName",
            "powershell",
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
