"""Large messages stall on the way: the path drops full-size packets.

## What is happening
A link on the way (a VPN, PPPoE, a tunnel) takes smaller packets than the servers send, and the message that
would say so is filtered. Commands are small and pass; the message itself fills the packets and never arrives.
The session stalls after DATA or BDAT until one side gives up: `Connection dropped due to Timeout`.
Segmentation offload of a network adapter can do the same.

## What proves it
- small messages pass, larger ones always stall during DATA or BDAT
- X-EXPS between Exchange servers times out (its ticket is long), and a capture shows that long packets don't arrive
- TLS breaks off or hangs in a container or behind a tunnel, and works on the host: certificates fill whole packets
- a mail client's or a fetcher's handshake gets no answer (`SSL wants a read first`), and another protocol fails with the same
  provider
- `ping -f -l 1472` fails on the path, a smaller size passes
- a handshake that waits after ClientHello until it times out, on both sides, while SMTP without TLS passes

## Not this when
- a message of many kilobytes goes through to the same destination
- the session ended before the message was sent
- small test messages stall too, or the server answers the message with a 4xx or 5xx
- mail to one mailbox store waits for its delivery limit (`quota-throttle.store.delivery-concurrency`)

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/non-delivery-reports-and-bounce-messages/non-delivery-reports-and-bounce-messages
- https://www.rfc-editor.org/rfc/rfc2923
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.tls.handshakes import other_host
from diagnostics.facts import ConnectionDropped, Reply, Said, Session, SmtpReached, Stage
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers.told_packets import PACKETS
from diagnostics.report import Step

# Exim, Postfix, sendmail and qmail say at which point of the session they waited.
_IN_DATA = (
    "timeout after sending data block",
    "timed out while sending message body",
    "timed out while sending end of data",
    "lost connection while sending message body",
    "timeout writing message to",
    "while sending message body",
    "SMTP timeout after end of data",
)
# A Kerberos ticket fills several packets: the target waits for the rest of it and gives up.
_TICKET = 'responded to the SMTP command "x-exps" with "451'
# The certificates of a handshake are the first that fill a packet.
_HANDSHAKE = (
    "SSL_connect error to",
    "SSL_accept error from",
    "Cannot start TLS: handshake failure",
    "(SSL_connect): Connection reset",
    "(SSL_connect): timed out",
)
# A client's library that got nothing back to its first message: versions and ciphers that don't meet are answered with an alert.
_WAITS = (
    "SSL wants a read first",
    "handshake operation timed out",
    "TLS handshake timeout",
    "SSL handshake timed out",
    "TLS handshake timed out",
    "handshake has timed out",
)
_ITSELF = linear(r"(?i)\bwith (?:localhost|127\.\d|\[?::1)")
_CUT = ("reset", "timed out", "lost connection", "broken pipe")
_LARGE = 50_000  # bytes: dozens of packets of full size
_SMALL = ", and of test packets only small ones pass"
_WAITED = ("timed out", "timeout")
_REASON = linear(
    r"(?i)\broutines:|TLS library problem|\balert\b|certificate verif"
)  # OpenSSL's, where packets do arrive
_STALLED = ("timeout", "timedout")


@cause(
    id="network.path-mtu.black-hole",
    act="network",
    says=(
        "Connection dropped due to Timeout",
        "Connection dropped due to TimedOut",
        "Connection dropped due to timed out",
        _TICKET,
        *_IN_DATA,
        *_HANDSHAKE,
        *_WAITS,
    ),
    against={
        "Message size exceeds fixed": "is an answer; a path that swallows large packets gives none",
    },
)
def assess(
    anchor: Said | ConnectionDropped,
    _reached: SmtpReached | None,
    sessions: tuple[Session, ...],
    objects: tuple[Configured, ...],
    replies: tuple[Reply, ...],
    said: tuple[Said, ...],
) -> Finding | None:
    """A stall during the message, with others of the same connector that got through."""
    if isinstance(anchor, Said) and anchor.signature == _TICKET:
        return _ticket(anchor, next((each for each in objects if each.kind == "packets-lost"), None))
    if isinstance(anchor, Said) and anchor.signature in (*_HANDSHAKE, *_WAITS):
        if any(_REASON.search(each.whole) for each in replies):
            return None
        return _in_container(anchor, objects) or _in_handshake(anchor, objects) or _waiting(anchor, said)
    if isinstance(anchor, ConnectionDropped) and (anchor.reason.lower() not in _STALLED or anchor.stage is None):
        return None
    stalled = [
        each for each in sessions if each.failed and (isinstance(anchor, Said) or each.session == anchor.session)
    ]
    last = stalled[-1] if stalled else None
    to = (last.host or last.remote_ip if last else "") or anchor.host or "the destination"
    steps = _steps(last.remote_ip if last else anchor.host)
    if isinstance(anchor, Said) and anchor.signature in _IN_DATA:
        if _ITSELF.search(anchor.text):
            return None  # a program on the same machine: no path lies between
        # The client's own words tell the place; a session beside it can be another one, or its cut-off end.
        to = anchor.host or to
        because = f"The transfer to {to} stalled in the message itself, after every command had passed: `{anchor.signature}`. "
        because += "If short messages pass, the path drops full-size packets."
        return Finding(Belief.LIKELY, because, (anchor,), steps, weight=1.5)
    size = next((each for each in objects if each.kind == PACKETS and each.name == "size"), None)
    if size and (last is None or last.stage >= Stage.STARTTLS):
        because = f"The session with {to} stalled until it timed out{_SMALL} ({size.get('Told')} bytes)."
        return Finding(Belief.LIKELY, because, (last, anchor, size), (_compare_mtu(), *steps[1:]), weight=1.5)
    if last and last.stage < Stage.DATA:
        return Finding(Belief.RULED_OUT, "The session ended before any of the message was sent.", (last,))
    if last is None:
        because = (
            f"The transfer to {to} stalled until it timed out; whether that was during the message is not told yet."
        )
        return Finding(Belief.POSSIBLE, because, (anchor,), steps, weight=1.2)
    passed = next((s for s in sessions if s.connector == last.connector and s.stage is Stage.DELIVERED), None)
    because = f"The session with {to} at {last.began or 'the logged time'} stalled while the message was sent"
    if passed:
        because += f", while another of `{last.connector}` delivered: compare the sizes of the two messages."
    else:
        because += ", after every command had passed."
    return Finding(Belief.POSSIBLE, because, (last, anchor, passed), steps, weight=1.9 if passed else 1.7)


@shown
def went_through(sessions: tuple[Session, ...], dropped: tuple[ConnectionDropped, ...]) -> Finding | None:
    """A large message that was delivered over the same way: packets of full size pass."""
    later = [each for each in sessions if each.direction == "send" and each.source.paste > 0]
    large = next((each for each in later if each.stage is Stage.DELIVERED and each.sent >= _LARGE), None)
    if large is None or any(each.failed for each in later) or other_host((*sessions, *dropped), large):
        return None
    where = large.host or large.remote_ip or "the destination"
    because = f"A message of {large.sent} bytes went through to {where}: packets of full size pass on that way."
    return Finding(Belief.RULED_OUT, because, (large,))


def _in_container(said: Said, objects: tuple[Configured, ...]) -> Finding | None:
    """The host reaches the same server in the same way, and lets larger packets through than the network around the container."""
    told = next((each for each in objects if each.kind == "told-elsewhere" and each.name == "container"), None)
    if told is None:
        return None
    because = (
        "TLS fails in the container or tunnel alone, and works outside of it: the handshake is the first that fills "
    )
    because += "whole packets, and those don't pass. Compare the MTU of the container's network with the host's (Docker: 1500)."
    cut = any(words in said.text.lower() for words in _CUT)  # else the other side may have said why it does not want to
    belief = Belief.LIKELY if cut else Belief.POSSIBLE
    return Finding(belief, because, (said, told), (_compare_mtu(), *_steps(said.host)), weight=1.5)


def _in_handshake(said: Said, objects: tuple[Configured, ...]) -> Finding | None:
    """Both sides wait in vain, and the packets' size was seen to decide, or what lies between has another MTU than Ethernet."""
    told = {each.name: each for each in objects if each.kind == PACKETS}
    if not told or not any(words in said.text.lower() for words in _WAITED):
        return None
    because = f"The TLS handshake with {said.host or 'the other server'} waited for an answer until it timed out"
    steps = _steps(said.host)
    tried = (_compare_mtu(), *steps[1:])
    if size := told.get("size"):
        because += f"{_SMALL} ({size.get('Told')} bytes): the server's certificates fill larger ones."
        return Finding(Belief.LIKELY, because, (said, size, told.get("plain")), tried, weight=1.5)
    if mtu := told.get("mtu"):
        because += (
            f". Its certificates fill whole packets; compare the MTU of each link on the way ({mtu.get('Told')})."
        )
        return Finding(Belief.POSSIBLE, because, (said, mtu, told.get("plain")), steps, weight=1.5)
    because += ", while SMTP without TLS passes: the certificates are the first that fill whole packets."
    return Finding(Belief.POSSIBLE, because, (said, told["plain"]), steps, weight=1.3)


def _waiting(anchor: Said, said: tuple[Said, ...]) -> Finding | None:
    """A client that waits in vain for the server's part of the handshake, alone or beside another program that fails in it."""
    waits = next((each for each in said if each.signature in _WAITS), None)
    if waits is None:
        return None
    beside = next((each for each in said if each.signature in _HANDSHAKE and each.source != waits.source), None)
    because = f"`{waits.signature}`: the handshake did not fail, its answer never came whole. The server's certificates are the "
    because += "first that fill whole packets, and a path that drops those looks so"
    if beside:
        because += "; another program fails in its handshake as well, and the two share the way. Compare the MTU of each link, a "
        because += "container's network above all, with the largest packet that passes."
        return Finding(
            Belief.POSSIBLE, because, (waits, beside), (*_steps(anchor.host)[:1], _compare_mtu()), weight=2.0
        )
    because += "; a device that inspects TLS does the same."
    return Finding(Belief.POSSIBLE, because, (waits,), (*_steps(anchor.host)[:1], _compare_mtu()), weight=1.3)


def _compare_mtu() -> Step:
    return look(
        "Compare the MTU of the network interfaces: that of the bridge must not be larger.", "ip link show", "bash"
    )


def _ticket(said: Said, lost: Configured | None) -> Finding:
    because = (
        f"{said.host or 'The target server'} answered X-EXPS, the logon of Exchange servers, with 451: it waited for a "
    )
    because += "Kerberos ticket that fills several packets, and gave up. Short commands of the same session had passed."
    if lost:
        because += f" The capture or the device on the way tells the same ({lost.name})."
        return Finding(Belief.LIKELY, because, (said, lost), _steps(said.host), weight=1.5)
    return Finding(Belief.POSSIBLE, because, (said,), _steps(said.host), weight=1.8)


def _steps(host: str) -> tuple[Step, ...]:
    return (
        look(
            "Find the largest packet that passes unfragmented: lower 1472 in steps of 20 until it answers.",
            "ping {host:token} -f -l 1472",
            "powershell",
            host=host,
        ),
        look(
            "Compare the sizes of the messages that wait with those that pass.",
            "Get-Queue -Filter \"Status -eq 'Retry'\" | Get-Message | Sort-Object Size | Format-Table "
            "Size,Subject,LastError",
        ),
        change(
            "On the firewall or tunnel, clamp the TCP segment size to the path (MSS clamping), and let ICMP "
            "type 3 code 4 through.",
            "",
            shell="portal",
            changes="New connections through this link use smaller segments.",
            undo="Remove the clamp.",
            verify="A message of several megabytes is delivered on its first attempt.",
        ),
        change(
            "If no link on the way is smaller, rule out segmentation offload on the server's adapter.",
            "Disable-NetAdapterLso -Name {adapter}",
            shell="powershell",
            changes="The processor, not the adapter, cuts large transfers into packets. The adapter may "
            "pause for some seconds.",
            undo="Enable-NetAdapterLso for the same adapter.",
            verify="A message of several megabytes is delivered on its first attempt.",
            adapter="",
        ),
    )
