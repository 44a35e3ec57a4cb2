"""MX records that somebody looked up by hand: a domain, and the host its mail is sent to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from diagnostics.causes.dns.lookups import same
from diagnostics.causes.network.reach import kind_of, of_itself
from diagnostics.looked_facts import DnsAnswer
from diagnostics.patterns import linear

_MICROSOFT = linear(r"(?i)\.(?:mail\.protection\.outlook\.com|mail\.eo\.outlook\.com|mx\.microsoft)\.?$")


# Filter services that domains are led over, the mailboxes being elsewhere.
_FILTERS: Final = frozenset(
    {"pphosted.com", "ppe-hosted.com", "mimecast.com", "messagelabs.com", "iphmx.com", "barracudanetworks.com",
     "hornetsecurity.com", "antispameurope.com", "sophos.com", "trendmicro.com", "trendmicro.eu", "spamtitan.com", "retarus.com",
     "vadesecure.com", "mailinblack.com", "antispamcloud.com", "spamexperts.com", "arsmtp.com", "mailcontrol.com"}
)  # fmt: skip


class Exchanger(Struct, frozen=True):
    domain: str
    host: str
    answer: DnsAnswer

    @property
    def is_microsoft(self) -> bool:
        return is_microsoft(self.host)

    @property
    def preference(self) -> int:
        return next(
            (each.preference for each in self.answer.records if each.kind == "MX" and each.value == self.host), -1
        )

    @property
    def of_another(self) -> bool:
        """Whether it is another provider's than Microsoft's, no filter in front and no host of the domain's own."""
        own = same(organization(self.host), organization(self.domain))
        return not (self.is_microsoft or own or organization(self.host) in _FILTERS)


def is_microsoft(host: str) -> bool:
    """Whether `host` has the name of an MX host of Exchange Online."""
    return bool(_MICROSOFT.search(host))


def exchangers(answers: Iterable[DnsAnswer]) -> list[Exchanger]:
    """The MX hosts of the answers in the order read, those of one answer by preference. A null MX has none.

    An answer without its question may be of any domain; a zone file calls its own `@`.
    """
    known = [each for each in answers if each.ok and (each.name or each.source.quote.lstrip().startswith("@"))]
    return [Exchanger(each.name, host, each) for each in known for host in each.values("MX") if host]


def exchangers_of(domain: str, answers: Iterable[DnsAnswer]) -> list[Exchanger]:
    """The MX hosts of the last answer for `domain`, the preferred one first."""
    mine = [each for each in exchangers(answers) if same(each.domain, domain)]
    return [each for each in mine if each.answer is mine[-1].answer]


def exchanger_of(domain: str, answers: Iterable[DnsAnswer]) -> Exchanger | None:
    """The preferred MX host of the last answer for `domain`."""
    return next(iter(exchangers_of(domain, answers)), None)


def bare_exchanger(answers: Iterable[DnsAnswer]) -> Exchanger | None:
    """The MX host of one label ("mail", where mail.contoso.com was meant): no other network can resolve it."""
    return next((each for each in exchangers(answers) if "." not in each.host.strip(".")), None)


def left_behind(host: str, answers: Iterable[DnsAnswer]) -> DnsAnswer | None:
    """The MX answer that names `host`, another provider's, beside Exchange Online: the domain moved, and the record stayed."""
    known = exchangers(answers)
    mine = next((each for each in known if each.of_another and same(each.host, host)), None)
    beside = mine and any(each.is_microsoft and each.answer is mine.answer for each in known)
    return mine.answer if mine and beside else None


def numeric_exchanger(answers: Iterable[DnsAnswer]) -> Exchanger | None:
    """The MX host that is an address, where the record has to hold a name (RFC 5321, 5.1)."""
    return next((each for each in exchangers(answers) if is_address(each.host)), None)


def is_address(host: str) -> bool:
    """Whether `host` is written as an IP address. One of the machine itself is mx_loopback's."""
    return bool(kind_of(host)) and not of_itself(host)


def null_mx(answers: Iterable[DnsAnswer]) -> list[DnsAnswer]:
    """The answers that hold a null MX: one record, without a host."""
    return [each for each in answers if each.ok and each.values("MX") == ("",)]


def organization(host: str) -> str:
    """The last two labels: good enough to tell one provider's hosts from another's."""
    return ".".join(host.rstrip(".").casefold().split(".")[-2:])
