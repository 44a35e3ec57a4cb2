"""A TLS library's error in the log of an application or of another mail system, outside any frame that is known.

The same libraries speak of web sites and package registries all day, so something has to tell that this is mail: SMTP's
own words, a mail program, or one of its ports.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from diagnostics.artefacts import Artefact
from diagnostics.facts import CertificateRejected, Fact, Source
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact, failed_reply
from diagnostics.recognisers.event_quotes import explains
from diagnostics.recognisers.mail_words import of_mail, of_others, provider_host
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.tls_words import MARKS, NO_AUTHORITIES, NO_COMMON, PRINTED, alerted, unverified
from diagnostics.text import squeezed

_PRINTED = linear(PRINTED)
_UNJUDGED = linear(f"(?i){NO_COMMON}|{NO_AUTHORITIES}")  # of a session in which no certificate was judged
_ADDRESSED = linear(
    r"(?i)\b(?:dial(?:ing)?|connect(?:ing)? to|host|server|with|for)[ :=]{1,2}['\"]?([\w-]{1,63}(?:\.[\w-]{1,63}){1,8})\b"
    r"|\b((?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24}):(?:25|465|587|2525)\b"
)
_NAMED = linear(r"(?i)\bsubject(?: name)?[ :=]{1,3}['\"]?(?:[A-Z]{1,2}=[^,'\"]{1,120}, ?){0,8}?(CN=[^,'\"\s]{1,253})")
# Lines that a server writes of its clients. Beside one, an alert came from the client and is about the server's certificate.
_SERVES = linear(
    r"SSL_accept|STARTTLS=server"
    r"|\b(?:lost connection after \w+|TLS error on connection|[Dd]isconnect(?:ed)?|[Cc]onnect(?:ed)?) from "
)
# Clients show no certificate as a rule, so an alert about one is about a server's: not that of a program that was the client.
_AS_CLIENT = linear(
    r"(?i)\bSSL_connect\b|\benable_crypto\b|\bstream_socket_client\b|\b(?:javax|jakarta|angus)\.mail\b|\bMessagingException\b"
    r"|\bsmtplib\b|\bcurl: |\bmsmtp: |\bSSL connect attempt\b|\bpostfix/smtp\[|\bSSL connection could not be established\b"
    r"|\bNet::|\bstate=error\b|\bcommand: 'CONN"
)
_NEAR: Final = 4  # lines; consoles list them newest first
# MailKit explains its error in the error itself.
_EXPLAINED_BY_ITSELF = linear(
    r"(?i)\bThis usually means that |\bwhich could mean that someone is trying to impersonate\b|\bDo you want to proceed\b"
    r"|\busually a protocol error\b|\berror usually occurs when\b"
)
_BULLET: Final = "•"
_MOST: Final = 20


@recogniser(f"(?:{MARKS})", rank=62)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each line."""
    lines = reading.free()
    if not any(of_mail(line[:2000]) for line in reading.paste.lines[:200]):
        return []
    found: list[Artefact] = []
    for place, (index, line) in enumerate(lines):
        text = squeezed(line[:4000])  # a page that copies a log's table doubles spaces
        following = lines[place + 1][1].strip() if place + 1 < len(lines) else ""
        if following.startswith(
            _BULLET
        ):  # MailKit lists the names below its sentence; the first one tells whose they are
            text = f"{text.rstrip()} {following[:300]}"
        reason = alerted(text) if len(found) < _MOST and _PRINTED.search(text) else ""
        if reason and (not _AS_CLIENT.search(text) or _serves(lines[max(place - _NEAR, 0) : place + _NEAR + 1])):
            source = source_at(reading, index)
            facts = [*failed_reply(text.strip(), source, kind="log"), _refused_here(reason, source)]
            found.append(artefact(reading, "tls-error", [index], facts, {"text": text.strip()[:300]}))
        elif len(found) < _MOST and speaks(text):
            found.append(
                artefact(
                    reading, "tls-error", [index], told(text, source_at(reading, index)), {"text": text.strip()[:300]}
                )
            )
    return found


def _serves(lines: Sequence[tuple[int, str]]) -> bool:
    return any(_SERVES.search(line[:2000]) for _, line in lines)


def _refused_here(reason: str, source: Source) -> CertificateRejected:
    """A client that refused the certificate of the server which tells of it."""
    return CertificateRejected(source=source, reason=reason, whose="local", by="remote")


def speaks(text: str) -> bool:
    """Whether a library wrote this line, in a program that may be one of mail."""
    if not _PRINTED.search(text) or explains(_EXPLAINED_BY_ITSELF.sub("", text)) or of_others(text):
        return False
    return bool(_UNJUDGED.search(text) or alerted(text)) or unverified(text) is not None


def told(text: str, source: Source) -> list[Fact]:
    """The error, and the certificate that it speaks of: whose server showed it, an application does not know."""
    facts = [
        fact for fact in failed_reply(text.strip(), source, kind="client") if not isinstance(fact, CertificateRejected)
    ]
    alert = "" if _AS_CLIENT.search(text) else alerted(text)
    if alert:
        facts.append(_refused_here(alert, source))
    refused = None if _UNJUDGED.search(text) else unverified(text)
    if refused is None:
        return facts
    named, subject = _ADDRESSED.search(text), _NAMED.search(text)
    host = refused.wanted or (str(named.group(1) or named.group(2)).lower() if named else provider_host(text))
    rejected = CertificateRejected(
        source=source,
        reason=refused.reason,
        whose="unknown",
        by="remote",
        host=host,
        expected=refused.wanted,
        presented=refused.shown or (subject.group(1) if subject else ""),
    )
    return [*(replace(fact, host=fact.host or host) for fact in facts), rejected]
