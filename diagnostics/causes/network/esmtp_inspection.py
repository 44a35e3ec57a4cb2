"""A firewall's SMTP inspection rewrites the session.

## What is happening
A device on the way reads SMTP and masks what it doesn't know: the banner becomes asterisks, and EHLO keywords
become X of the same length (`XXXXXXXA` is STARTTLS). The servers then never agree on TLS, Exchange
authentication or CHUNKING. Cisco's `inspect esmtp` (formerly `fixup protocol smtp`) is the usual one; other
firewalls have the same under the name SMTP proxy or ALG.

## What proves it
- a banner of asterisks, or EHLO keywords of X
- the banner and EHLO reply differ between the server itself and outside
- hints: EHLO is not answered, the logon between Exchange servers gets stuck, or a server demands the STARTTLS that its EHLO
  reply does not list

## Not this when
- over the same line the server lists CHUNKING and 8BITMIME
- banner and keywords are whole and only STARTTLS is missing (`tls.starttls.not-offered-remote`, or our own
  connector's certificate)
- the session encrypts: then nothing on the way rewrote it
- asked from outside, the server lists STARTTLS in a reply to EHLO that is whole

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/mailflow/cannot-send-receive-email-behind-cisco-firewall
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.network.antivirus_port_blocking import SEMAPHORE, STALLED
from diagnostics.causes.network.devices import inspecting
from diagnostics.causes.network.reach import UNANSWERED, told_by_exchange_online
from diagnostics.causes.network.reset_or_dropped import CUT_OFF, unplaced
from diagnostics.causes.stories import told_as
from diagnostics.causes.tls.handshakes import answers, offered, offering
from diagnostics.facts import Reply, Said, Session, SessionMasked, SmtpReached, StarttlsNotOffered
from diagnostics.looked_facts import TlsProbe
from diagnostics.mail_facts import Configured, Told
from diagnostics.report import Step

_SEEN = {
    "banner": "The banner is masked with asterisks",
    "verb": "A command arrived as a row of X",
    "capability": "A keyword of the EHLO reply is masked with X",
}


_SHORTER = (
    "From afar the server lists fewer keywords than on the spot, as you tell it: a device on the way inspects SMTP, and takes "
    "out what it doesn't know (STARTTLS, X-EXPS)."
)
_BDAT = {"CHUNKING", "8BITMIME"}
_BELOW = 3  # lines in which what was seen stands below where it was seen
_NO_LOGON = "Cannot achieve Exchange Server authentication"
_WAITED = 'responded to the SMTP command "x-exps" with "451'
_SIGN_IN = "The authentication mechanism is ExchangeAuth"
_ABRUPT = "SuspiciousRemoteServerError"
_DEMANDED = "Must issue a STARTTLS command first"
# What a rewritten session comes to at its ends, among other reasons for it; and how much each speaks for a device.
_HINTS = {
    _NO_LOGON: (
        0.9,
        "Exchange servers' logon (X-EXPS) was not offered; a firewall between them that inspects SMTP takes it away.",
    ),
    _SIGN_IN: (
        0.9,
        "Signing in between Exchange servers failed; a firewall between that inspects SMTP damages what X-EXPS carries.",
    ),
    _WAITED: (
        1.0,
        "The logon between Exchange servers (X-EXPS) got stuck; a firewall between that inspects SMTP holds it up.",
    ),
    _ABRUPT: (
        1.0,
        "The session was cut off at a command that is not told; a firewall that inspects SMTP ends what it doesn't know.",
    ),
    **dict.fromkeys(
        UNANSWERED,
        (
            1.0,
            "The connection opened and was not answered; a firewall between that inspects SMTP may swallow what it dislikes.",
        ),
    ),
}


_CLASSIFIED = "Dropped connection for ESMTP"  # Cisco's ASA, message 108004


@cause(
    id="network.middlebox.esmtp-inspection",
    act="network",
    says=(
        'Command unrecognized: "XXX',
        'Unrecognized command "XXX',
        "Unrecognized command 'XXX",
        "Unrecognized command XXX",
        "not recognized: XXX",
        "XXXXXXXA",
        "220 SMTP/cmap",
        _CLASSIFIED,
        _DEMANDED,
        *_HINTS,
        *(each for each in CUT_OFF if each not in _HINTS),
        STALLED,
    ),
)
def assess(
    anchor: SessionMasked | StarttlsNotOffered | Said | Configured | Told,
    probe: TlsProbe | None,
    _masked: SessionMasked | None,
    objects: tuple[Configured, ...],
    sessions: tuple[Session, ...],
    replies: tuple[Reply, ...],
) -> Finding | None:
    """Masked text is proof; a keyword that is merely missing is a hint."""
    if isinstance(anchor, Told):
        return told_as("ehlo-shorter-on-the-way", anchor, _SHORTER, _steps(""), weight=1.7)
    if isinstance(anchor, Configured):
        because = "It began when a device's inspection of mail was switched on, as you tell it: what that doesn't know of SMTP "
        because += "it takes out, or ends the session for it."
        return (
            Finding(Belief.POSSIBLE, because, (anchor,), _steps(""), weight=1.7)
            if inspecting(anchor, replies)
            else None
        )
    if isinstance(anchor, SessionMasked) and _seen_elsewhere(anchor, objects):
        because = "A device rewrites SMTP in front of that server, as its masked banner shows, and lets another machine through."
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(anchor.host), weight=0.8)
    if isinstance(anchor, SessionMasked):
        between = f" between `{anchor.connector}` and {anchor.host or 'the other server'}" if anchor.connector else ""
        because = f"{_SEEN[anchor.what]}{between}: a device on the way inspects and rewrites SMTP."
        belief = Belief.LIKELY if anchor.what == "verb" else Belief.CONFIRMED
        return Finding(belief, because, (anchor,), _steps(anchor.host), weight=2.0)
    told = next((each for each in objects if each.kind == "told-masked"), None)
    if told and not (isinstance(anchor, StarttlsNotOffered) and anchor.direction == "receive"):
        because = (
            "The banner of the other server is masked with asterisks, as is told: a device on the way inspects and "
        )
        because += "rewrites SMTP, and takes out what it doesn't know (STARTTLS, X-EXPS)."
        return Finding(Belief.LIKELY, because, (anchor, told), _steps(anchor.host), weight=2.0)
    if isinstance(anchor, Said):
        return _from_words(anchor, sessions, replies)
    if anchor.direction == "receive":
        return None
    return _missing(anchor, probe, by_cloud=told_by_exchange_online(anchor, replies))


@shown
def from_outside(
    seen: tuple[TlsProbe | SmtpReached, ...], masked: tuple[SessionMasked, ...], missing: tuple[StarttlsNotOffered, ...]
) -> Finding | None:
    """What the server shows to whoever asked it for this case. Where STARTTLS was missing elsewhere, that is the contrast."""
    whole = offering(seen)
    if masked or missing:
        return None
    if whole is None:
        return _unrewritten(seen)
    because = f"{offered(whole)}: on the way from where it was asked, nothing rewrites SMTP."
    return Finding(Belief.RULED_OUT, because, (whole,))


def _unrewritten(seen: tuple[TlsProbe | SmtpReached, ...]) -> Finding | None:
    """A list without STARTTLS that is from inside TLS. An inspection that knows no BDAT takes CHUNKING out."""
    found = [each for each in answers(seen) if isinstance(each, SmtpReached) and _BDAT.issubset(each.capabilities)]
    if not found:
        return None
    because = (
        f"{found[-1].host or 'The server that was asked'} lists {', '.join(found[-1].capabilities)}: on the way from "
    )
    because += "where it was asked, nothing rewrites SMTP."
    return Finding(Belief.RULED_OUT, because, (found[-1],))


def _from_words(said: Said, sessions: tuple[Session, ...], replies: tuple[Reply, ...]) -> Finding | None:
    if said.signature == _SIGN_IN and "clockskew" in said.text.lower():
        return None
    if said.signature in _HINTS:
        weight, because = _HINTS[said.signature]
        return Finding(Belief.POSSIBLE, because, (said,), _steps(said.host), weight=weight)
    if said.signature in CUT_OFF:
        because = (
            "The session was cut off at a command that is not told; a firewall that inspects SMTP ends what it doesn't "
        )
        because += "know."
        hint = Finding(Belief.POSSIBLE, because, (said,), _steps(said.host), weight=0.8)
        return hint if unplaced(said, replies) else None
    if said.signature == _DEMANDED:
        return _withheld(said, sessions)
    if said.signature == STALLED:
        because = "The session stalled in the middle until Windows gave it up; a firewall between the servers that "
        because += "inspects SMTP does that."
        stalled = SEMAPHORE in said.text.lower()
        return Finding(Belief.POSSIBLE, because, (said,), _steps(said.host), weight=1.4) if stalled else None
    if said.signature == _CLASSIFIED:
        because = "The firewall's own message says that its inspection of ESMTP dropped the session; the class it names is the "
        because += "rule of the inspection policy that did."
        return Finding(Belief.CONFIRMED, because, (said,), _steps(said.host))
    because = "The server got a command that was overwritten with X on the way: a device inspects SMTP."
    return Finding(Belief.LIKELY, because, (said,), _steps(said.host), weight=1.5)


def _withheld(said: Said, sessions: tuple[Session, ...]) -> Finding | None:
    """A server that demands STARTTLS has it: where our send log's EHLO reply lacks it, something took it away."""
    seen = [s for s in sessions if s.direction == "send" and s.capabilities and "STARTTLS" not in s.capabilities]
    bare = next((each for each in seen if said.kind != "log" or each.source == said.source), None)
    if bare is None:
        return None
    because = f"{bare.host or 'The other server'} demands STARTTLS, and its EHLO reply on `{bare.connector}` does not list it: a "
    because += "device on the way may have removed it."
    return Finding(Belief.POSSIBLE, because, (said, bare), _steps(bare.host), weight=1.3)


def _missing(anchor: StarttlsNotOffered, probe: TlsProbe | None, *, by_cloud: bool) -> Finding:
    """`by_cloud`: Exchange Online tells it of the server that it delivers to."""
    if anchor.capabilities and probe and probe.protocol:
        because = (
            f"STARTTLS is missing on `{anchor.connector or 'the connector'}`, but a handshake from "
            f"elsewhere got {probe.protocol}: "
        )
        because += "something on our way removes it."
        return Finding(Belief.LIKELY, because, (anchor, probe), _steps(anchor.host), weight=1.5)
    because = (
        f"STARTTLS is missing from the EHLO reply of {anchor.host or 'the destination'}; a device on "
        f"the way may have removed it."
    )
    weight = 1.2 if by_cloud else 0.8 if anchor.capabilities else 0.6
    return Finding(Belief.POSSIBLE, because, (anchor,), _steps(anchor.host), weight=weight)


def _seen_elsewhere(masked: SessionMasked, objects: tuple[Configured, ...]) -> bool:
    """Whether the banner is what another machine was shown, to which the connection works."""
    told = (each.source for each in objects if each.kind == "told-elsewhere" and each.name == "machine")
    return any(each.paste == masked.source.paste and 0 < masked.source.line - each.line <= _BELOW for each in told)


def _steps(host: str) -> tuple[Step, ...]:
    return (
        look(
            "From outside the firewall, read banner and EHLO reply, and compare them with what the server "
            "shows on itself.",
            "(printf 'EHLO test.example.com\\r\\n'; sleep 2; printf 'QUIT\\r\\n') | nc -w 10 {host:token} 25",
            "bash",
            host=host,
        ),
        change(
            "On a Cisco ASA or FTD, take ESMTP out of the default inspection.",
            "",
            shell="portal",
            changes="In the device's configuration: policy-map global_policy, class inspection_default, no "
            "inspect esmtp. On others: "
            "switch the SMTP proxy or ALG off for the mail servers' rule only. Other inspection stays on.",
            undo="In the same place: inspect esmtp.",
            verify="The banner names the server, and the EHLO reply lists STARTTLS, from outside as from inside.",
        ),
        change(
            "Where the inspection has to stay, let it pass TLS.",
            "",
            shell="portal",
            changes="On a Cisco ASA: policy-map type inspect esmtp with parameters, allow-tls action log, "
            "used by the global policy.",
            undo="Remove allow-tls from that policy map.",
            verify="The EHLO reply lists STARTTLS from outside.",
        ),
    )
