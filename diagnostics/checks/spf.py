"""The `spf` check: the record of a domain, what it costs, and whether it can be evaluated at all (RFC 7208)."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from itertools import islice
from typing import Any, Final

from diagnostics.checks import spf_record
from diagnostics.checks.run import Found, Run
from diagnostics.checks.spf_evaluation import MOST_LOOKUPS, MOST_VOID, Sender, check_host
from diagnostics.checks.spf_macros import SpfSyntaxError
from diagnostics.checks.spf_survey import Survey, rows, survey
from diagnostics.checks.txt import failed, shown

_MOST_SHOWN: Final = 20  # entries of a list
_MOST_ROWS: Final = 60  # of the tree
_LONGEST_MERGED: Final = 2000


async def spf(run: Run, domain: str) -> None:
    """One attempt. Facts: `record`, or `records` and `merged` where there are several; `lookups` and their `tree` (rows of
    depth, term, lookups), `void`, `includes`, `ranges`, `all`, `unfollowed`. With Options.ip, which is an address,
    `address` holds the verdict for it: result, path, why, explanation."""
    async with run.attempt("spf", domain) as found:
        reply = await run.resolve(domain, "TXT")
        if why := failed(reply):
            found.unavailable(why)
            return
        if reply.status == "nxdomain":
            found.skip("the domain does not exist")
            return
        records = spf_record.select(reply.values)
        if len(records) == 1:
            await _judge(run, domain, records[0], found)
        elif records:
            _several(records, found)
        else:
            found.add("spf_missing", _nearly(reply.values))
        if run.options.ip:
            await _address(run, domain, found)


async def _judge(run: Run, domain: str, text: str, found: Found) -> None:
    found.facts["record"] = shown(text)
    try:
        record = spf_record.parse(text)
    except SpfSyntaxError as error:
        found.add("spf_permerror", shown(str(error)))
        return
    seen = await survey(run.resolve, domain, record)
    found.facts |= _facts(seen)
    if seen.faults:
        found.add("spf_permerror", shown("; ".join(seen.faults[:3])))
    if seen.lookups > MOST_LOOKUPS:
        found.add("spf_too_many_lookups", f"{'at least ' if seen.cut or seen.unseen else ''}{seen.lookups} are needed")
    if len(seen.void) > MOST_VOID:
        found.add("spf_void_lookups", shown("nothing is found at " + ", ".join(seen.void)))
    if seen.open:
        found.add("spf_plus_all", f"because of “{shown(seen.open, 80)}”")
    if seen.unseen:
        found.unavailable(seen.unseen[0])
    elif seen.cut and seen.lookups <= MOST_LOOKUPS:
        found.unavailable("its records are too long to be read to the end")


def _facts(seen: Survey) -> dict[str, Any]:
    return {
        "lookups": seen.lookups,
        "tree": list(islice(rows(seen.nodes), _MOST_ROWS)),
        "void": _list(seen.void),
        "includes": _list(seen.includes),
        "ranges": seen.ranges,
        "all": seen.all,
        "unfollowed": _list(seen.unfollowed),
    }


def _list(texts: Sequence[str]) -> list[str]:
    return [shown(text) for text in texts[:_MOST_SHOWN]]


async def _address(run: Run, domain: str, found: Found) -> None:
    """Whether the address that was asked about may send for the domain."""
    sender = Sender(
        ipaddress.ip_address(run.options.ip),
        f"postmaster@{domain}",
        helo=domain,
        receiver=run.options.ehlo_name,
        now=int(run.options.now.timestamp()),
    )
    verdict = await check_host(run.resolve, sender, domain)
    found.facts["address"] = {
        "ip": run.options.ip,
        "result": verdict.result,
        "path": _list(verdict.path),
        "why": shown(verdict.why),
        "explanation": shown(verdict.explanation),
    }


def _several(records: Sequence[str], found: Found) -> None:
    found.facts["records"] = _list(records)
    found.facts["merged"] = merged(records)
    found.add("spf_multiple", f"there are {len(records)}")


def merged(records: Sequence[str]) -> str:
    """One record that lets send whoever any of them lets, ending in the softest of their last words; "" where that can't
    be told: a record has an error, a redirect, or lets everybody send; or the whole would be too long to publish."""
    terms: dict[str, None] = {}
    last: list[str] = []
    for text in records:
        try:
            record = spf_record.parse(text)
        except SpfSyntaxError:
            return ""
        reachable = record.reachable()
        if record.redirect in reachable:
            return ""
        terms |= dict.fromkeys(term.text for term in reachable if term.kind != "all")
        last += [term.qualifier for term in reachable if term.kind == "all"]
    if "+" in last:
        return ""
    softest = next((f"{qualifier}all" for qualifier in "?~-" if qualifier in last), "")
    whole = " ".join([spf_record.VERSION, *terms, softest]).strip()
    return whole if len(whole) <= _LONGEST_MERGED else ""


def _nearly(values: Sequence[str]) -> str:
    """What stands there in place of an SPF record, where it looks as if it were meant to be one."""
    for value in values:
        if value.strip(" \t\"'“”").lower().replace(" ", "").startswith(("v=spf", "spf1", "spf2.0/")):
            return f"“{shown(value, 80)}” is not read as one: a record begins with “{spf_record.VERSION} ”"
    return ""
