"""The `dmarc` check: which DMARC record receivers find for a domain, and what it asks of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from diagnostics.checks.dmarc_record import Policy, Published, is_record, organizational, policy_of, report_hosts, walk
from diagnostics.checks.run import Found, Run
from diagnostics.checks.txt import failed, shown

_MOST_SHOWN: Final = 10
_MOST_HOSTS: Final = 10  # that reports are sent to


async def dmarc(run: Run, domain: str) -> None:
    """One attempt. Facts: `record`, `found_at` (the domain that publishes it), `policy` (what applies to this domain), `tags`,
    `rua` and `ruf` hosts, `unauthorized` ones among them; `records` where there are several."""
    async with run.attempt("dmarc", domain) as found:
        if (await run.resolve(domain, "TXT")).status == "nxdomain":
            found.skip("the domain does not exist")
            return
        steps = await walk(run, domain)
        chosen = _chosen(steps)
        if chosen.why:
            found.unavailable(chosen.why)
        elif not chosen.records:
            near = steps[0].near
            found.add("dmarc_missing", f"“{shown(near, 80)}” is not read as one" if near else "")
        elif len(chosen.records) > 1:
            records = [shown(text) for text in chosen.records[:_MOST_SHOWN]]
            found.facts |= {"found_at": chosen.domain, "records": records}
            found.add("dmarc_multiple", f"there are {len(chosen.records)} at _dmarc.{chosen.domain}")
        else:
            await _judge(run, domain, chosen, found)


def _chosen(steps: Sequence[Published]) -> Published:
    """Whose record applies to the first of the steps: its own, or that of its organizational domain, or of a public suffix.
    Several at one place don't apply, and are the answer where nothing else is found."""
    own = steps[0]
    if own.records or own.why:
        return own
    unseen = next((step for step in steps if step.why), None)
    if unseen:
        return unseen
    top = organizational(steps)
    above = [step for step in steps if len(step.records) == 1 and (step.domain == top or step.psd == "y")]
    several = [step for step in steps if len(step.records) > 1]
    return next(iter([*above, *several]), own)


async def _judge(run: Run, domain: str, chosen: Published, found: Found) -> None:
    policy = policy_of(chosen.records[0])
    applied = policy.own if chosen.domain == domain else policy.below
    found.facts |= _facts(chosen, policy)
    if policy.ignored:
        found.add("dmarc_missing", shown(f"a record is there, and receivers ignore it because {policy.error}"))
        return
    found.facts["policy"] = applied
    if applied == "none":
        inherited = f"inherited from {chosen.domain}" if chosen.domain != domain else ""
        found.add(
            "dmarc_policy_none", shown(f"that is how receivers read it: {policy.error}") if policy.error else inherited
        )
    await _reports(run, chosen.domain, policy, found)


def _facts(chosen: Published, policy: Policy) -> dict[str, Any]:
    return {
        "record": shown(chosen.records[0]),
        "found_at": chosen.domain,
        "tags": {shown(name, 20): shown(value, 200) for name, value in list(policy.tags.items())[:_MOST_SHOWN]},
        "rua": list(report_hosts(policy.tags.get("rua", "")))[:_MOST_HOSTS],
        "ruf": list(report_hosts(policy.tags.get("ruf", "")))[:_MOST_HOSTS],
    }


async def _reports(run: Run, domain: str, policy: Policy, found: Found) -> None:
    """Whether the hosts elsewhere that get the reports have agreed to it (RFC 9990, 4; before it RFC 7489, 7.1)."""
    hosts = dict.fromkeys(report_hosts(policy.tags.get("rua", "")) + report_hosts(policy.tags.get("ruf", "")))
    answers = await asyncio.gather(*(_agreed(run, domain, host) for host in list(hosts)[:_MOST_HOSTS]))
    refused = [host for host, answer in zip(hosts, answers, strict=False) if answer is False]
    unseen = [host for host, answer in zip(hosts, answers, strict=False) if answer is None]
    if refused:
        found.facts["unauthorized"] = refused
        names = ", ".join(f"{domain}._report._dmarc.{host}" for host in refused)
        found.add("dmarc_external_rua_unauthorized", shown(f"no record v=DMARC1 is at {names}"))
    if unseen:
        found.unavailable(f"whether {unseen[0]} takes the reports could not be looked up")


async def _agreed(run: Run, domain: str, host: str) -> bool | None:
    """None where there is no telling."""
    if _related(domain, host):
        return True
    reply = await run.resolve(f"{domain}._report._dmarc.{host}", "TXT")
    if any(is_record(text) for text in reply.values):
        return True
    ours, theirs = organizational(await walk(run, domain)), organizational(await walk(run, host))
    if not ours or not theirs:
        return None
    return True if ours == theirs else None if failed(reply) else False


def _related(one: str, other: str) -> bool:
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")
