"""Message headers pasted on purpose: authentication, the spam report, the organization's own fields and the way taken.

Received fields stand newest first. `ARC-` results are history, `-Original` and `-Untrusted` fields were stamped by somebody
else. Source: https://learn.microsoft.com/defender-office-365/message-headers-eop-mdo
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal

from diagnostics.artefacts import Artefact
from diagnostics.facts import Fact
from diagnostics.mail_facts import Antispam, Authentication, Headers, Hops
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact, judged_report
from diagnostics.recognisers.header_lines import TELLING, Field, fields, text_of
from diagnostics.recognisers.received import hops_of
from diagnostics.recognisers.sources import source_at

_RESULT = linear(r"(?i)(?:^|[;\s])(spf|dkim|dmarc|compauth)=\s*(\w{1,30})")
_REASON = linear(r"(?i)\breason=\s*(\d{3})\b")
_ACTION = linear(r"(?i)\baction=\s*([\w.]{1,40})")
_SENDER = linear(r"(?i)\b(?:sender IP is|client-ip=|designates?|use of)\s*\(?([0-9A-F][0-9A-F.:]{2,44})")
_MAIL_FROM = linear(r"(?i)\bsmtp\.(?:mailfrom|mail)=\s*([^\s;()]{1,320})")
_RECEIVED_SPF = linear(r"(?i)^\s*(pass|fail|softfail|neutral|none|permerror|temperror)\b")
_ENVELOPE_FROM = linear(r"(?i)\b(?:envelope-from=|domain of (?:transitioning )?)[\"'<]{0,2}([^\s;()<>\"']{1,320})")
_HEADER_FROM = linear(r"(?i)\bheader\.from=\s*([^\s;()]{1,320})")
_HEADER_D = linear(r"(?i)\bheader\.d=\s*([^\s;()]{1,320})")
_HEADER_I = linear(
    r"(?i)\bheader\.i=\s*([^\s;()]{1,320})"
)  # the identity, whose domain is the signer's or one below it (Gmail)
_INSTANCE = linear(r"(?i)\bi=\s*(\d{1,2})\b")
_REPORT_PART = linear(r"(?i)(?:^|[;\s])([A-Z]{1,8}):([^;]*)")
_ORGANIZATION: Final = ("x-ms-exchange-organization-", "x-ms-exchange-crosstenant-")
_OWN_CASE: Final = {
    "authas": "AuthAs", "authsource": "AuthSource", "authmechanism": "AuthMechanism", "scl": "Organization-SCL",
    "messagedirectionality": "MessageDirectionality", "network-message-id": "Network-Message-Id",
    "senderidresult": "SenderIdResult", "prd": "PRD", "pcl": "PCL",
}  # fmt: skip


@recogniser(
    rf"(?:^\s{{0,4}}(?:{TELLING})\s?:|\s(?:Authentication-Results|X-Forefront-Antispam-Report)\s?:|\bcompauth=|\bspf=\w+|\bdkim=\w+|\bCIP:[0-9a-f]|\bSFV:[A-Z])",
    rank=45,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the header in the paste."""
    found = fields(reading.free())
    text = text_of(reading.paste.lines, found)  # an attached message has a header of its own
    found = [each for each in found if each.lines[0] not in text]
    if not found:
        return ()
    facts = list(facts_of(reading, found))
    if not facts:
        return ()
    claims = [line for each in found for line in each.lines]
    return [artefact(reading, "message-headers", claims, facts, _shown(facts))]


def facts_of(reading: Reading, found: Sequence[Field]) -> Iterator[Fact]:
    """The facts of header fields, in the order a reader wants them."""
    judged = [
        fact
        for each in _one_a_server(found)
        if each.name.endswith(("authentication-results", "authentication-results-original"))
        and (fact := _authentication(reading, each)) is not None
    ]
    yield from judged
    if not any(each.whose == "final" for each in judged):
        yield from _received_spf(reading, found)
    spam = _antispam(reading, found)
    if spam is not None:
        yield from judged_report(spam)
    hops, loops = hops_of([each for each in found if each.name == "received"])
    if hops:
        yield Hops(source=source_at(reading, hops[-1].line), hops=tuple(hops), loops=tuple(loops))
    others = [each for each in found if each.name != "received" and not _is_report(each.name)]
    if others:
        values = tuple((each.name, _emptied(each.value)) for each in others)
        yield Headers(source=source_at(reading, others[0].lines[0]), values=values)


def _one_a_server(found: Sequence[Field]) -> list[Field]:
    """The fields, those of one server that stand together as one: milters write a field each for SPF, DKIM and DMARC."""
    joined: list[Field] = []
    last = -1
    for each in found:
        if each.name == "authentication-results":
            if last >= 0 and _goes_with(each, joined[last]):
                before = joined[last]
                joined[last] = Field(each.name, f"{before.value}; {each.value}", [*before.lines, *each.lines])
                continue
            last = len(joined)
        elif each.name == "received":
            last = -1
        joined.append(each)
    return joined


def _goes_with(results: Field, before: Field) -> bool:
    """Whether the same server wrote both, of checks that are not the same."""
    told = [{name.lower() for name, _ in _RESULT.findall(each.value)} for each in (results, before)]
    return _server(results) == _server(before) != "" and not told[0] & told[1]


def _server(results: Field) -> str:
    """The server that an Authentication-Results field names as its own first word, "" where it names none (RFC 8601)."""
    name = results.value.partition(";")[0].strip().lower()
    return "" if "=" in name else name.partition(" ")[0]


def _emptied(value: str) -> str:
    """A null return path is `<>`: told, and empty."""
    return "" if value.strip() == "<>" else value.strip()


def _authentication(reading: Reading, found: Field) -> Authentication | None:
    results: dict[str, str] = {}
    for name, value in _RESULT.findall(found.value):
        results.setdefault(name.lower(), value.lower())
    if not results:
        return None
    whose: Literal["final", "original", "arc"] = "final"
    if found.name.startswith("arc-"):
        whose = "arc"
    elif found.name.endswith("-original"):
        whose = "original"
    instance = _first(_INSTANCE, found.value) if whose == "arc" else ""
    return Authentication(
        source=source_at(reading, found.lines[0]),
        spf=results.get("spf", ""),
        dkim=results.get("dkim", ""),
        dmarc=results.get("dmarc", ""),
        compauth=results.get("compauth", ""),
        reason=_first(_REASON, found.value),
        action=_first(_ACTION, found.value).lower(),
        sender_ip=_first(_SENDER, found.value).rstrip(".:"),
        mail_from=_first(_MAIL_FROM, found.value),
        header_from=_first(_HEADER_FROM, found.value),
        header_d=_first(_HEADER_D, found.value) or _first(_HEADER_I, found.value).rpartition("@")[2],
        whose=whose,
        instance=int(instance or 0),
    )


def _received_spf(reading: Reading, found: Sequence[Field]) -> Iterator[Authentication]:
    """The newest Received-SPF field: all that is told of the sender where the results were not pasted."""
    field = next((each for each in found if each.name == "received-spf"), None)
    result = _RECEIVED_SPF.search(field.value) if field else None
    if field and result:
        yield Authentication(
            source=source_at(reading, field.lines[0]),
            spf=str(result.group(1)).lower(),
            sender_ip=_first(_SENDER, field.value).rstrip(".:"),
            mail_from=_first(_ENVELOPE_FROM, field.value),
        )


def _first(pattern: object, text: str) -> str:
    found = pattern.search(text)  # type: ignore[attr-defined]  # re2 ships no types
    return str(found.group(1)) if found else ""


def _is_report(name: str) -> bool:
    return name in ("x-forefront-antispam-report", "x-microsoft-antispam") or name.startswith(_ORGANIZATION)


def _antispam(reading: Reading, found: Sequence[Field]) -> Antispam | None:
    """The report and the organization's fields of the last receiver as one."""
    pairs: list[tuple[str, str]] = []
    own = [each for each in found if _is_report(each.name)]
    for each in own:
        if each.name.startswith("x-ms-exchange-organization-"):
            pairs.append(_organization(each.name.removeprefix("x-ms-exchange-organization-"), each.value, ""))
        elif each.name.startswith("x-ms-exchange-crosstenant-"):
            pairs.append(
                _organization(each.name.removeprefix("x-ms-exchange-crosstenant-"), each.value, "CrossTenant-")
            )
        else:
            pairs += [(name.upper(), value.strip()) for name, value in _REPORT_PART.findall(each.value)]
    if not pairs:
        return None
    return Antispam(source=source_at(reading, own[0].lines[0]), fields=tuple(pairs))


def _organization(name: str, value: str, prefix: str) -> tuple[str, str]:
    return prefix + _OWN_CASE.get(name, name), value.strip()


def _shown(facts: Sequence[Fact]) -> dict[str, object]:
    shown: dict[str, object] = {}
    for fact in facts:
        if isinstance(fact, Authentication) and fact.whose == "final" and "spf" not in shown:
            shown |= {
                name: getattr(fact, name) for name in ("spf", "dkim", "dmarc", "compauth", "reason", "header_from")
            }
        elif isinstance(fact, Antispam):
            shown |= {name: fact.get(name) for name in ("SCL", "SFV", "CAT", "CIP", "DIR", "AuthAs")}
        elif isinstance(fact, Hops):
            shown |= {"hops": len(fact.hops), "loops": list(fact.loops), "in_clear": len(fact.in_clear)}
    return shown
