"""check_host(): whether a domain's SPF record lets an address send (RFC 7208, 4 to 7)."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from diagnostics.checks import spf_macros, spf_record
from diagnostics.checks.spf_macros import MacroString, SpfSyntaxError
from diagnostics.checks.spf_record import Record, Term
from diagnostics.checks.txt import failed, is_name
from diagnostics.network import DnsReply

Resolve = Callable[[str, str], Awaitable[DnsReply]]
Result = Literal["none", "neutral", "pass", "fail", "softfail", "temperror", "permerror"]

MOST_LOOKUPS: Final = 10
MOST_VOID: Final = 2
_MOST_NAMES: Final = 10  # of one MX or PTR answer
_LONGEST_EXPLANATION: Final = 2000
_RESULTS: Final[dict[str, Result]] = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}


class Sender(Struct, frozen=True):
    """Who sends: the connecting address, the envelope sender and the HELO name. `receiver` and `now` (seconds since 1970)
    are only read by explanations."""

    ip: ipaddress.IPv4Address | ipaddress.IPv6Address
    mail_from: str
    helo: str
    receiver: str = "unknown"
    now: int = 0


class Verdict(Struct, frozen=True):
    """`path` is the term that matched, after the includes and redirects that led to it; empty where none did. `why` says
    what an error is about. `explanation` is the domain's own text for a "fail", "" where it has none."""

    result: Result
    path: tuple[str, ...] = ()
    why: str = ""
    explanation: str = ""


class _EvaluationError(Exception):
    def __init__(self, result: Literal["temperror", "permerror"], why: str) -> None:
        super().__init__(why)
        self.result: Result = result


async def check_host(resolve: Resolve, sender: Sender, domain: str) -> Verdict:
    """Evaluates the record of `domain` for the sender. Never raises on what the DNS says."""
    evaluation = _Evaluation(resolve, sender)
    try:
        return await evaluation.domain(domain)
    except _EvaluationError as error:
        return Verdict(error.result, why=str(error))


class _Evaluation:
    """One evaluation with its counters, which includes and redirects share."""

    def __init__(self, resolve: Resolve, sender: Sender) -> None:
        self._resolve = resolve
        self._sender = sender
        mapped = sender.ip.ipv4_mapped if isinstance(sender.ip, ipaddress.IPv6Address) else None
        self._ip = mapped or sender.ip
        self._lookups = 0
        self._void = 0
        self._validated: dict[str, str] = {}

    async def domain(self, domain: str, *, outermost: bool = True) -> Verdict:
        name = domain.removesuffix(".")
        if not is_name(name) or "." not in name:
            return Verdict("none", why="the domain is not a full name")
        reply = await self._resolve(name, "TXT")
        if why := failed(reply):
            raise _EvaluationError("temperror", why)
        found = spf_record.select(reply.values)
        if not found:
            return Verdict("none", why=f"{name} has no SPF record")
        if len(found) > 1:
            raise _EvaluationError("permerror", f"{name} has {len(found)} SPF records")
        try:
            record = spf_record.parse(found[0])
        except SpfSyntaxError as error:
            raise _EvaluationError("permerror", f"the record of {name} can't be read: {error}") from None
        return await self._record(name, record, outermost=outermost)

    async def _record(self, domain: str, record: Record, *, outermost: bool) -> Verdict:
        for term in record.terms:
            if path := await self._matches(domain, term):
                result = _RESULTS[term.qualifier]
                explanation = ""
                if result == "fail" and record.exp and outermost:
                    explanation = await self._explanation(domain, record.exp.target)
                return Verdict(result, path, explanation=explanation)
        if not record.redirect:
            return Verdict("neutral")
        self._count(record.redirect)
        target = await self._name(domain, record.redirect)
        verdict = await self.domain(target, outermost=outermost)
        if verdict.result == "none":
            raise _EvaluationError("permerror", f"redirect={target} leads to no SPF record")
        return replace(verdict, path=(record.redirect.text, *verdict.path))

    async def _matches(self, domain: str, term: Term) -> tuple[str, ...]:
        """The path to what matches; empty where nothing does."""
        if term.kind in spf_record.LOOKUPS:
            self._count(term)
        if term.kind == "include":
            return await self._include(domain, term)
        return (term.text,) if await self._alone(domain, term) else ()

    async def _alone(self, domain: str, term: Term) -> bool:
        if term.network:
            return term.network.version == self._ip.version and self._ip in term.network
        match term.kind:
            case "a":
                return await self._has_address(await self._name(domain, term), term, count_void=True)
            case "mx":
                return await self._mx(domain, term)
            case "exists":
                return bool(await self._records(await self._name(domain, term), "A"))
            case "ptr":
                return await self._ptr(domain, term)
        return term.kind == "all"

    def _count(self, term: Term) -> None:
        self._lookups += 1
        if self._lookups > MOST_LOOKUPS:
            raise _EvaluationError("permerror", f"more than {MOST_LOOKUPS} look-ups are needed, at “{term.text[:80]}”")

    async def _include(self, domain: str, term: Term) -> tuple[str, ...]:
        target = await self._name(domain, term)
        verdict = await self.domain(target, outermost=False)
        if verdict.result == "none":
            raise _EvaluationError("permerror", f"include:{target} leads to no SPF record")
        return (term.text, *verdict.path) if verdict.result == "pass" else ()

    async def _mx(self, domain: str, term: Term) -> bool:
        exchangers = await self._records(await self._name(domain, term), "MX")
        if len(exchangers) > _MOST_NAMES:
            raise _EvaluationError("permerror", f"“{term.text[:80]}” leads to more than {_MOST_NAMES} mail servers")
        for exchanger in exchangers:
            host = exchanger.partition(" ")[2]
            if await self._has_address(host, term, count_void=False):
                return True
        return False

    async def _has_address(self, host: str, term: Term, *, count_void: bool) -> bool:
        prefix = term.prefix4 if self._ip.version == 4 else term.prefix6
        network = ipaddress.ip_network((self._ip, prefix), strict=False)
        addresses = await self._records(host, self._address_type, count_void=count_void)
        return any(ipaddress.ip_address(address) in network for address in addresses)

    @property
    def _address_type(self) -> str:
        return "A" if self._ip.version == 4 else "AAAA"

    async def _records(self, name: str, kind: str, *, count_void: bool = True) -> tuple[str, ...]:
        """A term's own look-up. What can't be a name does not exist; the third that finds nothing is an error."""
        reply = await self._resolve(name, kind) if is_name(name) else DnsReply(name, kind, "nxdomain")
        if why := failed(reply):
            raise _EvaluationError("temperror", why)
        if not reply.values and count_void:
            self._count_void(name)
        return reply.values

    def _count_void(self, name: str) -> None:
        self._void += 1
        if self._void > MOST_VOID:
            raise _EvaluationError("permerror", f"more than {MOST_VOID} look-ups find nothing, at {name}")

    async def _ptr(self, domain: str, term: Term) -> bool:
        target = (await self._name(domain, term)).lower()
        return any(_under(name, target) for name in await self._validated_names(count_void=True))

    async def _validated_names(self, *, count_void: bool = False) -> list[str]:
        """The names of the address that lead back to it; errors here only mean that a name does not count."""
        reply = await self._resolve(self._ip.reverse_pointer, "PTR")
        if not reply.values and reply.looked and count_void:
            self._count_void(self._ip.reverse_pointer)
        names = []
        for name in reply.values[:_MOST_NAMES]:
            addresses = await self._resolve(name, self._address_type) if is_name(name) else None
            if addresses and any(ipaddress.ip_address(value) == self._ip for value in addresses.values):
                names.append(name.lower())
        return names

    async def _name(self, domain: str, term: Term) -> str:
        if not term.target:
            return domain
        return spf_macros.expand_name(term.target, await self._values(domain, term.target))

    async def _values(self, domain: str, pieces: MacroString) -> dict[str, str]:
        local, _, host = self._sender.mail_from.rpartition("@")
        host = host or self._sender.helo
        local = local or "postmaster"
        nibbles = ".".join(self._ip.exploded.replace(":", ""))
        values = {
            "s": f"{local}@{host}",
            "l": local,
            "o": host,
            "d": domain,
            "i": str(self._ip) if self._ip.version == 4 else nibbles,
            "v": "in-addr" if self._ip.version == 4 else "ip6",
            "h": self._sender.helo,
            "c": str(self._ip),
            "r": self._sender.receiver,
            "t": str(self._sender.now),
        }
        if "p" in spf_macros.letters(pieces):
            values["p"] = await self._own_name(domain)
        return values

    async def _own_name(self, domain: str) -> str:
        """The `p` macro: the domain itself if the address has that name, else a name below it, else any."""
        if domain not in self._validated:
            names = await self._validated_names()
            best = sorted(names, key=lambda name: (name != domain.lower(), not _under(name, domain.lower())))
            self._validated[domain] = best[0] if best else "unknown"
        return self._validated[domain]

    async def _explanation(self, domain: str, target: MacroString) -> str:
        """The text that `exp` leads to; "" where anything is wrong with it (RFC 7208, 6.2)."""
        name = spf_macros.expand_name(target, await self._values(domain, target))
        reply = await self._resolve(name, "TXT") if is_name(name) else None
        if not reply or len(reply.values) != 1 or len(reply.values[0]) > _LONGEST_EXPLANATION:
            return ""
        try:
            pieces = spf_macros.macro_string(reply.values[0], explanation=True)
        except SpfSyntaxError:
            return ""
        return spf_macros.expand(pieces, await self._values(domain, pieces))[:_LONGEST_EXPLANATION]


def _under(name: str, domain: str) -> bool:
    return name == domain or name.endswith(f".{domain}")
