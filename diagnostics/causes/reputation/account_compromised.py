"""The limit or ban may be the work of somebody who sends with a stolen password.

## What is happening
Exchange Online stops an account or tenant for what it sent. Often not its owner sent it: credentials were
stolen, hidden inbox rules were set, or a connector was planted. It can't be seen in the refusal, and decides
what has to be done first: a restriction that is lifted before the intruder is out comes back.

## What proves it
- sign-ins, inbox rules or connectors that nobody knows; a trace full of strangers

## Not this when
- a known job or newsletter explains the volume

## References
- https://learn.microsoft.com/en-us/defender-office-365/responding-to-a-compromised-email-account
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-550-5-1-8
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause
from diagnostics.causes.quota_throttle.traffic import inbound_connectors, inbox_rules, sent_by
from diagnostics.facts import Said


@cause(
    id="reputation.account.compromised",
    act="exchange-online",
    modifier=True,
    says=(
        "bad outbound sender",
        "AS(42003)",
        "5.1.90",
        "5.7.501",
        "5.7.502",
        "5.7.503",
        "5.7.705",
        "tenant has exceeded threshold",
    ),
)
def assess(said: Said) -> Finding:
    """Worth checking beside each ban; never more than that."""
    because = (
        "before the restriction is lifted, check sign-ins, inbox rules (Get-InboxRule -IncludeHidden) and connectors "
    )
    because += "for what nobody at your place made."
    return Finding(Belief.POSSIBLE, because, (said,), (sent_by(), inbox_rules(), inbound_connectors()), weight=0.01)
