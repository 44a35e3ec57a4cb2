"""The destination does not offer STARTTLS, and this mail must be encrypted.

## What is happening
The receiving server's EHLO reply lacks STARTTLS: it has no usable certificate, TLS is switched off there, or
something on the way removes the keyword. The sender's connector or policy insists on TLS, so nothing is sent:
`451 5.7.3 STARTTLS is required to send mail`. Senders who merely prefer TLS still deliver, in clear text.

## What proves it
- the EHLO reply in the send log is complete and has no STARTTLS
- the connector requires TLS

## Not this when
- the reply is masked with X or asterisks (`network.middlebox.esmtp-inspection`)
- a handshake from another network finds STARTTLS: then it is lost on this path
- Exchange Online is the sender and the destination is your own Exchange: then look at its Receive connector
  and certificate (event 12014)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/cannot-receive-mail-with-new-certificate
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-450-4-4-317-untrusted-root
- https://www.rfc-editor.org/rfc/rfc3207
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, look, shown
from diagnostics.causes.certificate.withheld import authenticates, is_foreign
from diagnostics.causes.network.probes import bare_handshake
from diagnostics.causes.network.reach import by_exchange_online, kind_of
from diagnostics.causes.tls.handshakes import answers, offered, offering, other_host
from diagnostics.facts import Reply, Said, SendConnector, Session, SessionMasked, SmtpReached, StarttlsNotOffered
from diagnostics.looked_facts import TlsProbe
from diagnostics.mail_facts import Configured, Told
from diagnostics.patterns import linear
from diagnostics.refusals import topics
from diagnostics.report import Step

_DEMANDS = ("STARTTLS is required", "does not support TLS")


# What a reply or a client's error speaks of; its other words tell whether the other server lacks TLS.
_NOUNS = (
    "TLS",
    "STARTTLS",
    "secure connections",
    "sicheren Verbindungen",
    "connexions sécurisées",
    "conexiones seguras",
    "connessioni prote",
    "beveiligde verbinding",
)

# Who says so to STARTTLS did offer it.
_ANSWERED = linear(
    r"(?i)\b454\b.{0,20}\btls\b.{0,20}\b(?:un|not )available|\btls (?:is )?currently unavailable|TLS not available due to"
)
_QUEUED = "remote SMTP service does not support TLS"  # a queue of Exchange 2003, whose connector demands TLS
_GMAIL = (
    "STARTTLS not supported and the user requires enforcement"  # of a server that somebody set up under "Send mail as"
)
_DEMANDED = "STARTTLS is required to send mail"


# Postfix, in its log, its bounces, or cut out of either
_POSTFIX = "TLS is required, but was not offered by host"
_ITS_HOST = linear(r"offered by host ([\w.-]{1,253})\[([0-9A-Fa-f.:]{3,45})\]")


@cause(id="tls.starttls.not-offered-remote", act="recipient-side", says=(_QUEUED, _POSTFIX, _GMAIL, *_NOUNS))
def assess(
    missing: StarttlsNotOffered | Said | Told,
    connector: SendConnector | None,
    probe: TlsProbe | None,
    masked: tuple[SessionMasked, ...],
    session: Session | None,
    replies: tuple[Reply, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    """Only our own send log (or a test from outside) shows the destination's EHLO reply."""
    if isinstance(missing, Told):
        return _told(missing)
    if isinstance(missing, Said):
        return _lacking(missing)
    if missing.side == "unknown":
        return None if probe and probe.protocol else _from_words(missing, replies, settings)
    if missing.side != "remote" or missing.direction == "receive":
        return None
    where = missing.host or (session.remote_ip if session else "")
    rewritten = next((each for each in masked if each.session == missing.session), None)
    if rewritten:
        because = "The EHLO reply was rewritten on the way, so it is not the server's own."
        return Finding(Belief.RULED_OUT, because, (rewritten,))
    if probe and probe.protocol:
        because = f"{where} does offer STARTTLS when asked from elsewhere ({probe.protocol}): it is lost on this path."
        return Finding(Belief.RULED_OUT, because, (probe,))
    if session and not session.failed:
        return None
    demand = next((r for r in replies if any(words in r.whole for words in _DEMANDS)), None)
    return _weighed(missing, where, session, demand, connector if connector and connector.require_tls else None)


@shown
def asked_again(
    seen: tuple[TlsProbe | SmtpReached, ...], missing: tuple[StarttlsNotOffered, ...], replies: tuple[Reply, ...]
) -> Finding | None:
    """The same server, asked from elsewhere."""
    works = offering(seen)
    if works is None or answers(missing) or other_host((*missing, *replies), works):
        return None
    because = f"{offered(works)} when it is asked from elsewhere: it is not missing there."
    return Finding(Belief.RULED_OUT, because, (works,))


def _told(told: Told) -> Finding | None:
    """A client that hangs up behind the answer to EHLO, seen from the client's side."""
    if told.story != "hangs-up-without-tls":
        return None
    because = (
        "The client hangs up right after the answer to EHLO, as you tell it, on a connector without TLS: it insists on "
    )
    because += "STARTTLS, and the server it reaches offers none."
    return Finding(Belief.POSSIBLE, because, (told,), _steps("", ""), "on-prem", weight=1.2)


def _lacking(said: Said) -> Finding | None:
    """What another mail system or a client says of the server that it was to deliver to. Exchange's own words are facts."""
    if said.signature == _QUEUED and said.kind == "stray":
        because = (
            "The queue says it: the connector demands TLS, and the other server answered EHLO without STARTTLS (or a "
        )
        because += "device on the way removed it)."
        return Finding(Belief.LIKELY, because, (said,), _steps(said.by or said.host, ""), weight=1.3)
    if said.signature == _POSTFIX:
        return _by_postfix(said)
    if said.signature == _GMAIL:
        because = "Gmail, which sends through this server for one of its users, asks for TLS, and the server offered no STARTTLS "
        because += "on that port: give it a certificate and switch TLS on, or name the port that has it."
        return Finding(Belief.LIKELY, because, (said,), _steps(said.by or said.host, ""), "sender", weight=1.4)
    exchange = any(words in said.text for words in (*_DEMANDS, "was not offered by host")) and said.kind != "client"
    if exchange or said.kind in ("event", "command", "stray") or by_exchange_online(said.text):
        return None
    if "tls-missing" not in topics(said) or _ANSWERED.search(said.text):
        return None
    where = said.by or said.host or "the server"
    because = f"The client wants TLS, and {where} offers no STARTTLS (or a device on the way removes it)."
    steps = _steps(said.by or said.host, "")
    return Finding(Belief.POSSIBLE, because, (said,), steps, weight=1.5)


def _by_postfix(said: Said) -> Finding:
    """The host that Postfix names tells whose server it is."""
    named = _ITS_HOST.search(said.text)
    host, ip = named.groups() if named else ("", "")
    because = f"{host or 'The destination'} offers no STARTTLS, and the server that sends requires it."
    if kind_of(ip) != "internal":
        belief = Belief.LIKELY if kind_of(ip) and said.kind != "stray" else Belief.POSSIBLE
        return Finding(belief, because, (said,), _steps(host, ""), weight=1.5)
    because += " It is a server or appliance inside: switch incoming TLS on there and give it a certificate."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(host, ""), "on-prem", weight=1.5)


def _weighed(
    missing: StarttlsNotOffered,
    where: str,
    session: Session | None,
    demand: Reply | None,
    required: SendConnector | None,
) -> Finding:
    through = f" to `{missing.connector}`" if missing.connector else ""
    because = f"{where or 'The destination'} answered EHLO{through} without STARTTLS"
    steps = _steps(where, missing.connector)
    if session and kind_of(session.remote_ip) == "internal":
        because += "; it is a server inside, so look at its Receive connector and certificate."
        return Finding(Belief.POSSIBLE, because, (missing, demand), steps, "on-prem", weight=1.2)
    because += ", and TLS is required." if demand or required else "; whether TLS is required is not told."
    belief = Belief.LIKELY if demand or required else Belief.POSSIBLE
    return Finding(belief, because, (missing, demand, required), steps, weight=1.3)


def _from_words(
    missing: StarttlsNotOffered, replies: tuple[Reply, ...], settings: tuple[Configured, ...]
) -> Finding | None:
    """Our own server's complaint about a server outside; in Exchange Online's, the other server is mostly ours."""
    reply = next((r for r in replies if r.source == missing.source), None)
    if reply and by_exchange_online(reply.whole) and _DEMANDED in reply.whole:
        where = reply.host or reply.ip or "the destination"
        because = f"Exchange Online was told to send to {where} with TLS only, and that server offered no STARTTLS."
        own = next((each for each in settings if each.kind == "own-mta"), None)
        if own:
            because += (
                f" It is {own.name}, as you tell it: give it a certificate, and switch TLS on for mail that comes in."
            )
            return Finding(Belief.LIKELY, because, (missing, own), _steps(where, ""), "on-prem", weight=1.6)
        return Finding(Belief.POSSIBLE, because, (missing,), _steps(where, ""), weight=1.25)
    if reply is None and is_foreign(missing):
        because = f"{missing.host or 'The server'} answered EHLO without STARTTLS, and what it lists is not what Exchange lists."
        return Finding(Belief.POSSIBLE, because, (missing,), _steps(missing.host, ""), weight=1.2)
    if reply is None:
        return None if any(each.kind == "receive-connector" for each in settings) else _of_anybody(missing)
    if by_exchange_online(reply.whole):
        return None
    if kind_of(reply.ip) not in ("public", "exchange-online"):
        return _of_queue(missing, reply)
    where = reply.host or reply.ip
    because = f"{where} ({reply.ip}) did not offer STARTTLS, and the connector requires it." if reply.host else ""
    because = because or f"{where} did not offer STARTTLS, and the connector requires it."
    if "was not offered by host" in reply.whole:  # another mail system, which names the host it spoke to
        return Finding(Belief.LIKELY, because, (missing,), _steps(where, missing.connector), weight=1.4)
    return Finding(Belief.POSSIBLE, because, (missing,), _steps(where, missing.connector), weight=1.4)


def _of_anybody(missing: StarttlsNotOffered) -> Finding | None:
    """An answer to EHLO that somebody typed off, of a server that offers no way to log on: it may be the other side's."""
    if not missing.capabilities or missing.direction == "receive" or authenticates(missing):
        return None
    because = (
        "The server answered EHLO without STARTTLS. If it is the one that mail is sent to, TLS can't be had there."
    )
    return Finding(Belief.POSSIBLE, because, (missing,), _steps(missing.host, missing.connector), weight=1.25)


def _of_queue(missing: StarttlsNotOffered, reply: Reply) -> Finding | None:
    """The queue of a server that sends: it complains of the next hop, whose address the text keeps back."""
    if reply.kind != "queue" or kind_of(reply.ip) == "internal":
        return None
    because = "Our server was to send with TLS only, and the next hop offered no STARTTLS."
    return Finding(Belief.POSSIBLE, because, (missing, reply), _steps(missing.host, missing.connector), weight=1.25)


def _steps(host: str, connector: str) -> tuple[Step, ...]:
    return (
        bare_handshake(host),
        look(
            "See whether the connector requires TLS, and whether it was told to ignore STARTTLS.",
            "Get-SendConnector {connector} | Format-List "
            "Name,RequireTLS,TlsAuthLevel,TlsDomain,IgnoreSTARTTLS,SmartHosts",
            connector=connector,
        ),
        look(
            "If it is missing from everywhere, tell the destination's postmaster: port 25 offers no "
            "STARTTLS, usually for want of "
            "a usable certificate. Messages wait meanwhile; see how long they still may.",
            "Get-TransportService | Format-List Name,MessageExpirationTimeout",
        ),
    )
