"""The destination publishes DANE records but offers no working STARTTLS.

## What is happening
The recipient's domain is signed with DNSSEC and has TLSA records for its mail server. A sender that heeds them, as
Exchange Online does, may then deliver over TLS only. That server offered no STARTTLS, or broke the handshake before it
showed a certificate, so the mail waits: `4.7.321 starttls-not-supported: Destination mail server must support TLS to
receive mail`. Senders without DANE go on delivering in clear text, which makes it look like our fault.

## What proves it
- the reply, and an EHLO reply of that server without STARTTLS (`Didn't find STARTTLS in server response`)

## Not this when
- a handshake from elsewhere encrypts, or danetool compares the certificate: then something on the way took STARTTLS out
- the destination has no TLSA records: then a connector of ours asks for TLS (`tls.starttls.not-offered-remote`)

## References
- https://learn.microsoft.com/en-us/purview/how-smtp-dane-works
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/non-delivery-reports-in-exchange-online
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, look, shown
from diagnostics.causes.tls.destination import (
    Destination,
    dane,
    destination_of,
    if_yours,
    look_at_tlsa,
    shown_by,
    write_to,
)
from diagnostics.causes.tls.handshakes import offered, offering, other_host
from diagnostics.facts import Reply, Said, SmtpReached, StarttlsNotOffered
from diagnostics.looked_facts import TlsProbe
from diagnostics.mail_facts import Configured
from diagnostics.policies import in_force
from diagnostics.recognisers.tls_tools import COMPARED
from diagnostics.report import Step

_WORDS = "starttls-not-supported"


@cause(id="tls.dane.starttls-not-supported", act="recipient-side", says=(_WORDS, "4.7.321", "5.7.321"))
def assess(said: Said, probe: TlsProbe | None, replies: tuple[Reply, ...]) -> Finding | None:
    """Exchange Online's words; a handshake by hand that shows a certificate says that it works again."""
    where = destination_of(said, replies)
    steps = _steps(where)
    shown = shown_by(probe, where)
    if shown and (shown.subject or shown.chain):
        because = (
            f"{where.name} offers STARTTLS by now and shows a certificate ({shown.subject or 'unnamed'}): it may be "
        )
        because += "mended, or have several servers."
        return Finding(Belief.POSSIBLE, because, (said, shown), steps, weight=1.2)
    return dane(said, f"{where.name} offered no working STARTTLS", _WORDS, steps)


@shown
def handshake(
    seen: tuple[TlsProbe | SmtpReached | Configured, ...],
    missing: tuple[StarttlsNotOffered, ...],
    replies: tuple[Reply, ...],
) -> Finding | None:
    """Whether the server offers STARTTLS to somebody else. Exchange Online's own words tell of what it met itself."""
    settings = [each for each in seen if isinstance(each, Configured)]
    compared = next((each for each in settings if each.kind == COMPARED), None)
    tried = [each for each in seen if not isinstance(each, Configured)]
    works = offering(tried)
    told = any(words in each.whole for each in replies for words in (_WORDS, "7.321"))
    looked = works or compared
    if looked and not told and not other_host((*missing, *replies), looked):
        because = offered(works) if works else f"{looked.host or 'The server'} shows its certificate behind STARTTLS"
        because += ": it is not missing there, and if it was to the sender, something on its way takes it out."
        return Finding(Belief.RULED_OUT, because, (looked,))
    bare = next((each for each in reversed(missing) if each.side != "local" and each.direction != "receive"), None)
    policy = in_force(settings, "dane")
    if bare is None or policy is None or works:
        return None
    because = (
        f"{bare.host or 'The server'} offers no STARTTLS, and DANE records (TLSA) demand it of whoever heeds them."
    )
    return Finding(Belief.LIKELY, because, (bare, policy), _steps(Destination(bare.host, "")))


def _steps(where: Destination) -> tuple[Step, ...]:
    return (
        look(
            "From outside the network that sends, see whether the destination offers STARTTLS and shows a certificate.",
            "openssl s_client -starttls smtp -connect {host:token}:25",
            "bash",
            host=where.host,
        ),
        look_at_tlsa(where.host),
        write_to(
            where, "its server has TLSA records but offers no STARTTLS (or a firewall in front of it removes it)."
        ),
        if_yours(
            "switch STARTTLS on at the server and let no device remove it; the TLSA records go only if TLS can't be had.",
            "The server offers STARTTLS on port 25; DNS stays as it is.",
            "openssl s_client shows a certificate, and the next mail from Exchange Online arrives.",
        ),
    )
