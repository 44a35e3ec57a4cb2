"""What the Hybrid Configuration Wizard said when it stopped, and the steps that its causes share."""

from __future__ import annotations

from diagnostics.cause import change, look
from diagnostics.report import Step


def run_again() -> Step:
    return change(
        "Run the current Hybrid Configuration Wizard again.",
        "",
        shell="portal",
        changes="The wizard writes its connectors, certificate names and domains on both sides.",
        undo="None as a whole: it changes what it shows before; keep the printed connector settings.",
        verify="The wizard ends without an error, and mail passes in both directions.",
    )


def hybrid_servers() -> Step:
    return look(
        "See which servers the stored hybrid configuration names.",
        "Get-HybridConfiguration | "
        "Format-List ClientAccessServers,SendingTransportServers,ReceivingTransportServers,EdgeTransportServers",
    )
