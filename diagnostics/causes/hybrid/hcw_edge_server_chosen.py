"""The Hybrid Configuration Wizard stops: an Edge server was chosen beside sending or receiving servers.

## What is happening
Hybrid mail passes either the Mailbox servers that are chosen for sending and receiving, or Edge Transport servers, and the
wizard asks for one kind. Where an Edge server stands among the others, or the stored configuration still names both,
it stops: `HCW8043 Edge Transport servers cannot be specified with receiving Client Access or sending Mailbox servers`.

## What proves it
- HCW8043; `Get-HybridConfiguration` names servers in both kinds of lists

## Not this when
- a server in the lists is gone or too old (`hybrid.hcw.stale-server-list`)
- mail through the Edge server fails (`hybrid.edge.subscription-broken`)

## References
- https://learn.microsoft.com/en-us/exchange/troubleshoot/hybrid-configuration-wizard-errors/hcw8043-edge-transport-servers-not-specified
- https://learn.microsoft.com/en-us/exchange/edge-transport-servers
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change
from diagnostics.causes.hybrid.wizard import hybrid_servers, message_of, run_again
from diagnostics.facts import Said
from diagnostics.mail_facts import CommandError, Configured
from diagnostics.report import Step

_ID: Final = "hybrid.hcw.edge-server-chosen"
_OTHERS: Final = ("ClientAccessServers", "ReceivingTransportServers", "SendingTransportServers")


@cause(id=_ID, act="on-prem", says=("Edge Transport servers cannot be specified with receiving Client Access",))
def assess(said: CommandError | Said, objects: tuple[Configured, ...]) -> Finding | None:
    """The message says what was chosen; the stored lists show whether it is kept."""
    if message_of(_ID, said) is None:
        return None
    stored = next((each for each in objects if each.kind == "hybrid-configuration"), None)
    edge = stored.items("EdgeTransportServers") if stored else ()
    if stored and edge and any(stored.items(name) for name in _OTHERS):
        because = f"The stored configuration names the Edge server {edge[0]} beside Mailbox servers; the wizard takes one kind."
        return Finding(Belief.CONFIRMED, because, (said, stored), _steps())
    because = "An Edge server was chosen beside sending or receiving servers; the wizard takes one kind."
    return Finding(Belief.LIKELY, because, (said,), _steps())


def _steps() -> tuple[Step, ...]:
    return (
        hybrid_servers(),
        change(
            "Decide which way hybrid mail takes, and clear the lists of the other kind: here those of the Mailbox servers.",
            "Set-HybridConfiguration -ClientAccessServers $null -SendingTransportServers $null -ReceivingTransportServers $null",
            changes="Only what the wizard remembers; connectors and mail flow stay as they are until it runs.",
            undo="Set-HybridConfiguration with the lists that the first step printed.",
            verify="Get-HybridConfiguration shows one kind.",
        ),
        run_again().model_copy(
            update={
                "say": "Run the wizard again, and choose Mailbox servers or Edge servers, on the page that asks for it."
            }
        ),
    )
