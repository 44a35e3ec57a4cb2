"""DMARC records: which texts are one, what they ask for, and where in the tree they stand (RFC 9989, before it RFC 7489).

Receivers used to find the organizational domain by a list of public suffixes; RFC 9989 finds it by walking up the DNS, which
comes to the same for all but exotic domains, needs no list, and is what is done here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from diagnostics.checks.run import Run
from diagnostics.checks.txt import failed, is_name, tags

_VERSION: Final = "DMARC1"
_POLICIES: Final = ("none", "quarantine", "reject")
_MOST_LABELS: Final = 8  # a walk takes at most so many steps (RFC 9989, 4.10)


class Published(Struct, frozen=True):
    """What stands at `_dmarc.<domain>`: the DMARC records; `near`, another text that seems meant to be one; `why` it could
    not be looked up, "" where it could."""

    domain: str
    records: tuple[str, ...] = ()
    near: str = ""
    why: str = ""

    @property
    def psd(self) -> str:
        """The tag of a single record that says whether the domain is a public suffix: "y", "n" or ""."""
        return policy_of(self.records[0]).tags.get("psd", "").lower() if len(self.records) == 1 else ""


class Policy(Struct, frozen=True):
    """A record as receivers read it: `own` for its domain, `below` for names under it. `error` says what is wrong with it,
    if anything; it then counts as p=none where it asks for reports, else not at all (`ignored`)."""

    own: str
    below: str
    tags: dict[str, str]
    error: str = ""
    ignored: bool = False


def is_record(text: str) -> bool:
    """`v=DMARC1` comes first, in these capitals."""
    name, _, value = text.partition(";")[0].partition("=")
    return name.rstrip(" \t").lower() == "v" and value.strip(" \t") == _VERSION


def policy_of(text: str) -> Policy:
    found = {name.lower(): value for name, value in tags(text)[0].items()}
    error = ""
    for name in ("p", "sp", "np"):
        value = found.get(name)
        if value is None and name == "p":
            error = "it has no p tag"
        elif value is not None and value.lower() not in _POLICIES:
            error = f"{name}={value} is no policy"
        if error:
            break
    if error:
        return Policy("none", "none", found, error, ignored=not report_hosts(found.get("rua", "")))
    own = found["p"].lower()
    return Policy(own, found.get("sp", own).lower(), found)


def report_hosts(text: str) -> tuple[str, ...]:
    """The hosts that a rua or ruf tag has reports sent to, each once; what is no mailto or https address is left out."""
    hosts: dict[str, None] = {}
    for uri in text.split(","):
        scheme, _, rest = uri.strip().partition(":")
        if scheme.lower() == "mailto":
            local, at, host = rest.partition("!")[0].partition("?")[0].rpartition("@")
            host = host if local and at else ""
        elif scheme.lower() == "https":
            host = _host(uri.strip())
        else:
            continue
        host = host.strip().rstrip(".").lower()
        if host.isascii() and "." in host and is_name(host):
            hosts[host] = None
    return tuple(hosts)


def _host(uri: str) -> str:
    try:
        return urlsplit(uri).hostname or ""
    except ValueError:
        return ""


async def published(run: Run, domain: str) -> Published:
    reply = await run.resolve(f"_dmarc.{domain}", "TXT")
    records = tuple(text for text in reply.values if is_record(text))
    near = next((text for text in reply.values if "dmarc" in text.lower()), "") if not records else ""
    return Published(domain, records, near, failed(reply))


async def walk(run: Run, domain: str) -> tuple[Published, ...]:
    """What stands at the domain and at every name above it, in this order. That a top-level domain can't be looked up is
    passed over: hardly any publishes a policy."""
    labels = domain.split(".")
    starts = [0, *range(max(1, len(labels) - _MOST_LABELS + 1), len(labels))]
    found = await asyncio.gather(*(published(run, ".".join(labels[start:])) for start in starts))
    return tuple(step for step in found if not step.why or "." in step.domain or step is found[0])


def organizational(steps: Sequence[Published]) -> str:
    """The organizational domain after a walk; "" where a step that decides could not be looked up."""
    best = steps[0].domain
    for below, step in zip((steps[0], *steps), steps, strict=False):
        if step.why:
            return ""
        if step.psd == "n":
            return step.domain
        if step.psd == "y" and step is not steps[0]:
            return below.domain
        if len(step.records) == 1:
            best = step.domain
    return best
