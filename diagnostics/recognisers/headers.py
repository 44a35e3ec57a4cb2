"""Message headers pasted on purpose: authentication, the spam report, the organization's own fields and the way taken.

Received fields stand newest first. `ARC-` results are history where any later ones are told, `-Original` and `-Untrusted`
fields were stamped by somebody else. Source: https://learn.microsoft.com/defender-office-365/message-headers-eop-mdo
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal

from msgspec.structs import replace

from diagnostics.artefacts import Artefact
from diagnostics.facts import Fact
from diagnostics.mail_facts import Antispam, Authentication, Headers, Hops
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact, judged_report
from diagnostics.recognisers.header_lines import TELLING, Field, fields, text_of, tight
from diagnostics.recognisers.received import hops_of
from diagnostics.recognisers.sources import source_at

_RESULT = linear(r"(?i)(?:^|[;\s])(spf|dkim|dmarc|compauth)=\s*(\w{1,30})")
# What a receiver read in the newest seal stands in brackets behind arc=, so it is an earlier server's (Google).
_SEALED = linear(r"(?i)(?:^|[;\s])arc=\s*(\w{1,20})\s*\(([^()]{0,1000})\)")
_SEALED_SPF = linear(r"(?i)\bspfdomain=\s*([^\s;()]{1,320})")
_SEALED_DKIM = linear(r"(?i)\bdkdomain=\s*([^\s;()]{1,320})")
_SEALED_FROM = linear(r"(?i)\bfromdomain=\s*([^\s;()]{1,320})")
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
    rf"(?:^\s{{0,4}}(?:{TELLING})\s?:|\s(?:Authentication-Results|X-Forefront-Antispam-Report)\s?:"
    r"|\b(?:compauth|spf|dkim) ?= ?\w|\bCIP:[0-9a-f]|\bSFV:[A-Z])",
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
    reading.quote(claims)
    return [artefact(reading, "message-headers", claims, facts, _shown(facts))]


def facts_of(reading: Reading, found: Sequence[Field]) -> Iterator[Fact]:
    """The facts of header fields, in the order a reader wants them."""
    judged = [
        fact
        for each in _one_a_server(found)
        if each.name.endswith(("authentication-results", "authentication-results-original"))
        for fact in (_authentication(reading, each), _read_in_seal(reading, each))
        if fact is not None
    ]
    newest_spf = () if any(each.whose == "final" for each in judged) else tuple(_received_spf(reading, found))
    yield from judged if newest_spf else _with_stand_in(judged)
    yield from newest_spf
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


def _with_stand_in(judged: Sequence[Authentication]) -> Sequence[Authentication]:
    """The results, the newest sealed ones as the last receiver's where nobody else's were pasted: Exchange Online seals what
    it found itself."""
    if any(each.whose != "arc" for each in judged):
        return judged
    newest = max(judged, key=lambda each: each.instance, default=None)
    return [replace(each, whose="final") if each is newest else each for each in judged]


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
    text = _SEALED.sub(" ", tight(found.value))
    results: dict[str, str] = {}
    for name, value in _RESULT.findall(text):
        results.setdefault(name.lower(), value.lower())
    if not results:
        return None
    header_from = _first(_HEADER_FROM, text)
    dkim, signer = _signature(text, header_from.rpartition("@")[2].lower())
    whose: Literal["final", "original", "arc"] = "final"
    if found.name.startswith("arc-"):
        whose = "arc"
    elif found.name.endswith("-original"):
        whose = "original"
    instance = _first(_INSTANCE, found.value) if whose == "arc" else ""
    return Authentication(
        source=source_at(reading, found.lines[0]),
        spf=results.get("spf", ""),
        dkim=dkim,
        dmarc=results.get("dmarc", ""),
        compauth=results.get("compauth", ""),
        reason=_first(_REASON, text),
        action=_first(_ACTION, text).lower(),
        sender_ip=_first(_SENDER, text).rstrip(".:"),
        mail_from=_first(_MAIL_FROM, text),
        header_from=header_from,
        header_d=signer or _signer(text),
        judge=_server(found),
        whose=whose,
        instance=int(instance or 0),
    )


def _signature(text: str, author: str) -> tuple[str, str]:
    """The DKIM result that counts for the From domain, and its signer: a message bears several signatures, and DMARC looks for
    one of that domain. Where none is, one that passed; the first where the From domain is not told."""
    found = list(_RESULT.finditer(text))
    signatures = [
        (str(each.group(2)).lower(), _signer(text[each.end() : after.start() if after else len(text)]))
        for each, after in zip(found, [*found[1:], None], strict=True)
        if each.group(1).lower() == "dkim"
    ]
    if not author:
        return signatures[0] if signatures else ("", "")
    return min(signatures, key=lambda each: (not _of_one(each[1].lower(), author), each[0] != "pass"), default=("", ""))


def _of_one(one: str, other: str) -> bool:
    return bool(one) and (one == other or one.endswith(f".{other}") or other.endswith(f".{one}"))


def _signer(text: str) -> str:
    return _first(_HEADER_D, text) or _first(_HEADER_I, text).rpartition("@")[2]


def _read_in_seal(reading: Reading, found: Field) -> Authentication | None:
    """The results of an earlier server, where this one read them in its seal and found that whole."""
    seal = _SEALED.search(found.value)
    if seal is None or seal.group(1).lower() != "pass":
        return None
    told = str(seal.group(2))
    results = {name.lower(): value.lower() for name, value in _RESULT.findall(told)}
    if not results:
        return None
    return Authentication(
        source=source_at(reading, found.lines[0]),
        spf=results.get("spf", ""),
        dkim=results.get("dkim", ""),
        dmarc=results.get("dmarc", ""),
        mail_from=_first(_SEALED_SPF, told),
        header_from=_first(_SEALED_FROM, told),
        header_d=_first(_SEALED_DKIM, told),
        whose="arc",
        instance=int(_first(_INSTANCE, told) or 0),
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
