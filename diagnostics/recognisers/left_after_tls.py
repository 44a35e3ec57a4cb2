"""Clients that, in a receiving server's log, leave right after STARTTLS: encrypted, and then no second greeting and no message.

So leaves a sender that must check the server's certificate, and does not like it. So leave scanners and monitors, too, all day:
read only where a person says beside it that mail does not come, or in a thread, never of a host that delivers elsewhere in the
log, and not where the server says in the same log whom it refused.
Sources: https://www.postfix.org/announcements/postfix-3.0.0.html (the counts of a session),
https://www.exim.org/exim-html-current/doc/html/spec_html/ch-log_files.html (smtp_no_mail)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.complaint import complains
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at

LEFT: Final = "left-after-tls"  # the kind of the fact
_COUNTED: Final = r"\bdisconnect from [\w.-]{1,253}\[[0-9A-Fa-f.:]{3,45}\] (?:[a-z]+=[\d/]+ )+commands=[\d/]+"
_UNUSED: Final = r"\bno MAIL in SMTP connection from [^\n]{3,300}? C=[A-Z,.]+"
_NAME: Final = r"([\w-]{1,63}(?:\.[\w-]{1,63}){1,8})"
_HOST = linear(rf"\b(?:disconnect|no MAIL in SMTP connection) from {_NAME}(?: \([^()\s]{{1,253}}\))? ?\[")
_LEFT = linear(r"\] (?:ehlo|helo)=1 starttls=1 quit=1 commands=3\s*$|\bC=(?:EHLO|HELO),STARTTLS,QUIT\s*$")
_WENT_ON = linear(r"\] (?:[a-z]+=[\d/]+ )*mail=|(?:^|\s)<= \S+@\S+ H=")
_SENDER = linear(rf"\bH={_NAME} ")
_REFUSED = linear(r"\breject(?:ed)?\b|\bNOQUEUE\b")
_LOGGED = linear(r"\bpostfix/|\bexim\[|^\s*\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ")
_MOST: Final = 2_000


@recogniser(f"(?:{_COUNTED}|{_UNUSED})", rank=17)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for all such sessions; the first of each organization is a fact."""
    lines = [(index, line[:1_000]) for index, line in reading.free()[:_MOST]]
    if not _missed(reading, lines) or any(_REFUSED.search(line) for _, line in lines if _LOGGED.search(line)):
        return ()
    delivering = {_organization(host) for _, line in lines if _WENT_ON.search(line) and (host := _host(line))}
    first: dict[str, Configured] = {}
    claims = []
    for index, line in lines:
        host = _host(line) if _LEFT.search(line) else ""
        if host and _organization(host) not in delivering:
            claims.append(index)
            first.setdefault(
                _organization(host), Configured(source=source_at(reading, index), kind=LEFT, name=host, failing=True)
            )
    return [artefact(reading, LEFT, claims, first.values(), {"hosts": len(first)})] if claims else ()


def _missed(reading: Reading, lines: Sequence[tuple[int, str]]) -> bool:
    return reading.paste.index > 0 or complains("\n".join(line for _, line in lines if not _LOGGED.search(line)))


def _host(line: str) -> str:
    """The client's name; "" where it has none, which no great sender lacks."""
    found = _HOST.search(line) or _SENDER.search(line)
    return str(found.group(1)).lower() if found else ""


def _organization(host: str) -> str:
    return ".".join(host.split(".")[-2:])
