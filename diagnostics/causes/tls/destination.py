"""Whose mail server failed a check that its own domain asked for (DANE, MTA-STS): the causes about them share this."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from diagnostics.cause import Belief, Finding, change, look
from diagnostics.causes.recipient.steps import advise
from diagnostics.facts import Reply, Said
from diagnostics.looked_facts import TlsProbe
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.report import Act, Step

_MICROSOFT = linear(r"(?i)\.prod\.(?:protection\.)?outlook\.com$|\.prod\.exchangelabs\.com$")
_OWN = linear(r"(?i)\byour (?:\w+ ){0,2}(?:servers?|domains?)")
_DOMAIN = linear(r"(?i)MX hosts of ['\"]?([a-z0-9-]+(?:\.[a-z0-9-]+)+)")

# As Postfix names it, and Exim with a space between.
_SERVER = linear(r"(?i)\b(?:for|with|to) ([a-z0-9_-]+(?:\.[a-z0-9_-]+)+) ?\[[0-9a-f.:]{3,45}\]")


class Destination(Struct, frozen=True):
    """The MX host and the domain, each "" where the text does not tell."""

    host: str
    domain: str

    @property
    def name(self) -> str:
        if self.host:
            return f"{self.host}, mail server of {self.domain}" if self.domain else self.host
        return f"the mail server of {self.domain}" if self.domain else "the destination's mail server"


def destination_of(said: Said, replies: Iterable[Reply]) -> Destination:
    reply = next((each for each in replies if each.source == said.source), None)
    named = _SERVER.search(said.text)
    host = said.host or said.by or (named.group(1).lower() if named else "")
    told = _DOMAIN.search(said.text)
    domain = told.group(1) if told else reply.recipient.rpartition("@")[2] if reply else ""
    return Destination("" if _MICROSOFT.search(host) else host, str(domain).lower())


def shown_by(probe: TlsProbe | None, where: Destination) -> TlsProbe | None:
    """The handshake made by hand, if it was made with this very host."""
    if probe is None or (probe.host and where.host and probe.host.casefold() != where.host.casefold()):
        return None
    return probe


def dane(said: Said, fault: str, words: str, steps: tuple[Step, ...]) -> Finding:
    """What Exchange Online says in words is proof; the number alone comes close to it."""
    belief = Belief.CONFIRMED if words in said.text.lower() else Belief.LIKELY
    own = said.kind == "report" or _OWN.search(said.text)  # about the reader's own domain
    because = f"The domain publishes DANE records, so mail to it must be encrypted and checked, and {fault}."
    act: Act | None = "dns" if own else None
    return Finding(belief, because, (said,), steps, act, weight=1.0)


def left(anchor: object, why: str) -> str:
    """Why a client may have said goodbye right after the TLS handshake; "" where `anchor` isn't one that did."""
    if not isinstance(anchor, Configured) or anchor.kind != "left-after-tls":
        return ""
    who = f"`{anchor.name}`" if anchor.name else "The client"
    because = f"{who} encrypts the session and quits before it has sent anything. So does a sender that must check the "
    return because + f"server's certificate, and finds that {why}."


def look_at_certificate(host: str, show: str) -> Step:
    """`show` are options of openssl x509."""
    return look(
        "Look at the certificate that the destination shows.",
        f"openssl s_client -starttls smtp -connect {{host:token}}:25 </dev/null | openssl x509 -noout {show}",
        "bash",
        host=host,
    )


def look_at_tlsa(host: str) -> Step:
    return look(
        "Read the TLSA records that the destination publishes, and whether they are signed (flag ad).",
        "dig +dnssec TLSA _25._tcp.{host:token}",
        "bash",
        host=host,
    )


def write_to(where: Destination, tell: str) -> Step:
    return advise(
        f"Nothing on your side can mend it, and Exchange Online retries for a day. Tell the postmaster of "
        f"{where.domain or 'the domain'}, by another way than mail: {tell}"
    )


def if_yours(say: str, changes: str, verify: str) -> Step:
    """The same fault when the destination is the reader's own domain."""
    return change(
        f"If the domain is yours: {say}",
        "",
        shell="dns-record",
        changes=changes,
        undo="Publish the former records.",
        verify=verify,
    )
