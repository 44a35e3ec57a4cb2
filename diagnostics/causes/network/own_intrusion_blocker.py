"""The mail server's own guard against attacks (fail2ban, CrowdSec, a firewall's IPS) bans the client's address.

## What is happening
A guard reads the server's logs, takes many failed or parallel logons from one address for an attack, and has the firewall
drop or reject that address on every mail port for minutes or for days. A phone with an old password, a scanner with a wrong
one, or several accounts behind one office address are enough. Everybody behind the address is shut out at once, while other
networks connect; after the ban has run out it works again, until the next one.

## What proves it
- the guard's own log or list: `fail2ban.actions … NOTICE [postfix-sasl] Ban 192.0.2.77`, `cscli decisions list`
- from the banned address all mail ports time out or are refused at the same time; from another address all are open

## Not this when
- the ban is in the provider's reply (`554 … blocked`): then its list or its policy refuses, and the connection did open
- one port alone is shut (`network.port25.outbound-blocked`, `network.connection.refused`)

## References
- https://github.com/fail2ban/fail2ban
- https://docs.crowdsec.net/docs/cscli/cscli_decisions
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Finding, cause, change
from diagnostics.causes.recipient.steps import advise
from diagnostics.causes.stories import told_as
from diagnostics.mail_facts import Told
from diagnostics.report import Step

STORY: Final = "banned-by-the-own-guard"


@cause(id="network.intrusion-blocker.own-ban", act="on-prem")
def assess(told: Told) -> Finding | None:
    """A guard that a person names, or an address that is shut out of all mail ports while others are not."""
    because = "Some networks reach all ports of the mail server, and one address reaches none, as you tell it: a guard on the "
    because += "server (fail2ban, CrowdSec, an IPS) bans addresses so after failed or many logons."
    return told_as(STORY, told, because, _steps(), weight=1.8)


def _steps() -> tuple[Step, ...]:
    return (
        advise(
            "On the mail server, look for the client's public address in the guard's list: `fail2ban-client status`, then "
            "`status` of each jail of mail; `cscli decisions list`; the IPS log of the firewall."
        ),
        advise(
            "Find what failed from that address before the ban: an old password on a phone or scanner, or many accounts at once."
        ),
        change(
            "Mend that client first. Then lift the ban (`fail2ban-client set <jail> unbanip <address>`, `cscli decisions "
            "delete --ip <address>`); for a fixed address of your own, put it into the jail's ignoreip.",
            "",
            shell="portal",
            changes="That one address may connect again; the guard goes on for all others.",
            undo="Take the address out of ignoreip again.",
            verify="The client connects on 587, and no new ban follows.",
        ),
    )
