"""Exchange Online drops the handshake of servers that send TLS 1.3 session tickets of a certain kind.

## What is happening
Since October 2024 Exchange Online and Outlook.com, as senders, close the connection right after some servers' answer to
STARTTLS. Servers with Go's TLS library were hit (maddy, mox, chasquid), some Postfix servers too: the sender stumbles over
the session ticket that the server sends within a TLS 1.3 handshake. Every other sender gets through, mail to Microsoft goes,
and the certificate is right. Senders may see `451 4.4.0 Security status Renegotiate`; Microsoft's TLS reports count it as an
MTA-STS `validation-failure`, which misleads.

## What proves it
- the server's log of sessions from outlook.com ends right after `220 … Ready to start TLS`, with `EOF` in the handshake
- with session tickets turned off, the next attempt arrives

## Not this when
- other senders fail at STARTTLS as well: then the certificate, its chain, or the versions
- the tenant has DANE or MTA-STS to check and the record or the policy names another host: look at those first

## References
- https://github.com/golang/go/issues/70232
- https://github.com/albertito/chasquid/issues/64
- https://www.postfix.org/postconf.5.html#tls_ssl_options
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.stories import told_as
from diagnostics.facts import Said
from diagnostics.mail_facts import Told
from diagnostics.report import Step

_RENEGOTIATE: Final = "Security status Renegotiate"  # Exchange Online, of its own handshake


@cause(id="tls.session-tickets.exchange-online", act="recipient-side", says=(_RENEGOTIATE,))
def assess(anchor: Said | Told) -> Finding | None:
    """Microsoft's senders alone break off, right after STARTTLS."""
    if isinstance(anchor, Told):
        because = (
            "Only Microsoft's servers break off, right after STARTTLS, as you tell it: they do so with servers whose "
        )
        because += "TLS library sends session tickets in a way that they don't take (Go's, above all)."
        return told_as("microsoft-breaks-off-after-starttls", anchor, because, _steps(), "on-prem", weight=1.8)
    because = (
        "Exchange Online's own handshake ended in `Renegotiate`, which TLS 1.3 does not know: servers whose session "
    )
    because += "tickets it does not take answer so."
    return Finding(Belief.POSSIBLE, because, (anchor,), _steps(), weight=1.6)


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "See whether the server answers with TLS 1.3 and sends session tickets (`New Session Ticket`).",
            "openssl s_client -starttls smtp -tls1_3 -connect {host:token}:25 </dev/null",
            "bash",
            host="",
        ),
        change(
            "Receiving side: update the mail server (maddy, mox and chasquid have turned tickets off), or turn session "
            "tickets off there: SessionTicketsDisabled in Go, tls_ssl_options = NO_TICKET in Postfix.",
            "",
            shell="portal",
            changes="Every session makes a full handshake; encryption stays as it is.",
            undo="Turn session tickets on again.",
            verify="The next attempt of Exchange Online goes on after STARTTLS, and the message arrives.",
        ),
    )
