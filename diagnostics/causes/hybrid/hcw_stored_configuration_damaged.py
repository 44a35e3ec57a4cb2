"""The Hybrid Configuration Wizard stops: the stored hybrid configuration is damaged, missing, or of an older version.

## What is happening
One object in Active Directory, HybridConfiguration, keeps what was chosen in the wizard. Where it was written by an older
version or holds a value that no longer fits (addresses, a remote domain, connectors that were renamed), the upgrade of it
fails and the wizard stops: HCW8018, HCW8019, HCW8021, HCW8022, HCW8023. Where the object or its container was deleted, the
wizard ends with `Object reference not set to an instance of an object`. Connectors, domains and mail flow don't use it.

## What proves it
- one of these messages; `Get-HybridConfiguration` shows what is stored

## Not this when
- the message names a server that is gone or too old (`hybrid.hcw.stale-server-list`)

## References
- https://learn.microsoft.com/en-us/exchange/troubleshoot/hybrid-configuration-wizard-errors/hcw-errors-about-hybrid-configuration
- https://learn.microsoft.com/en-us/exchange/troubleshoot/hybrid-configuration-wizard-errors/hcw8018-external-ip-addresses-not-cleared
- https://learn.microsoft.com/en-us/exchange/troubleshoot/hybrid-configuration-wizard-errors/object-reference-not-set-to-an-instance-of-an-object-error
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.hybrid.wizard import UNNUMBERED, message_of, run_again, told_by
from diagnostics.codes import Row
from diagnostics.facts import Said
from diagnostics.mail_facts import CommandError
from diagnostics.report import Step

_ID: Final = "hybrid.hcw.stored-configuration-damaged"
_ADDRESSES: Final = "HCW8018"


@cause(
    id=_ID,
    act="on-prem",
    says=(
        "external IP addresses on the Hybrid Configuration Active Directory object were not properly cleared",
        "HybridConfiguration Active Directory object must be upgraded",
        "OnPremisesOrganization with the upgraded inbound and outbound connectors",
        "removed during the upgrade of the hybrid configuration",
    ),
)
def assess(said: CommandError | Said) -> Finding | None:
    """The message tells what of the stored configuration is wrong."""
    row = message_of(_ID, said)
    if row is None:
        return None
    return Finding(Belief.LIKELY, told_by(row), (said,), _steps(row))


def _steps(row: Row) -> tuple[Step, ...]:
    stored = look(
        "See what is stored, and keep what it prints.",
        "Get-HybridConfiguration | Format-List",
    )
    if row.code == UNNUMBERED:
        return (
            stored,
            change(
                "Where nothing is stored because the container is gone, prepare Active Directory again from the files of the "
                "installed version (setup /PrepareAD), or restore the object from a backup of the directory.",
                "",
                shell="portal",
                changes="Containers and rights that Exchange misses in the directory are made again.",
                undo="None: it only adds what the installed version needs. Take a backup of the directory's state before.",
                verify="CN=Hybrid Configuration is there again below the organization (ADSI Edit, configuration).",
            ),
            run_again(),
        )
    if row.code == _ADDRESSES:
        return (
            stored,
            change(
                "Clear the addresses that the wizard remembers.",
                "Set-HybridConfiguration -ExternalIPAddresses $null",
                changes="Only what the wizard remembers; connectors and mail flow stay as they are.",
                undo="The same with the addresses that the first step printed.",
                verify="Get-HybridConfiguration shows none.",
            ),
            run_again(),
        )
    return (
        stored,
        change(
            "Remove the stored object; the wizard makes it anew.",
            "Remove-HybridConfiguration",
            changes="Only what the wizard remembers; connectors, domains and mail flow stay as they are. It asks first.",
            undo="New-HybridConfiguration, then Set-HybridConfiguration with what the first step printed.",
            verify="Get-HybridConfiguration prints nothing until the wizard has run.",
        ),
        run_again(),
    )
