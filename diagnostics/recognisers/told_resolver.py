"""That a server's own resolver does not answer, as a person tells it: `nslookup says "DNS request timed out"`.

What nslookup printed is read elsewhere; this is its result in a sentence. A time-out says nothing of the name that was asked for,
so the fact names none. Also that a server's adapter lists a DNS server of the Internet, which knows no name of the own network;
and what makes "this domain does not exist" doubtful: a network adapter, VPN or DNS server that is new, mails of which only some
fail, domains that are known to exist. And that a router is among the DNS servers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from diagnostics.artefacts import Artefact
from diagnostics.looked_facts import DnsAnswer
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.told_settings import MOST_LINES, answers, stated, supposes

_SILENT = linear(
    r"(?i)\w.*\W{1,3}DNS request timed out\b|\bnslookup\b[^.\n]{0,60}\b(?:tim(?:es|ed|ing) out|time[ -]?outs?"
    r"|no response|does ?n.t answer"
    r"|keine antwort|zeitüberschreitung|antwortet nicht|ne répond pas|no responde|non risponde|antwoordt niet)"
    r"|\b(?:dns server|resolver|dns-server)\b[^.\n]{0,40}\b(?:does ?n.t|does not|do not|don.t|no longer"
    r"|never) (?:answer|respond|reply)\w*"
    r"|\b(?:dns server|resolver|dns-server)\b[^.\n]{0,40}\b(?:antwortet nicht|ne répond pas|no responde|non risponde)"
)
_DNS: Final = r"dns(?:[ -]?servers?|[ -]entr(?:y|ies)|[ -]settings?)?|serveurs? dns|servidor(?:es)? dns"
_OUTSIDE: Final = (
    r"external|public|internet|isp.?s?|provider.?s?|google.?s?|cloudflare.?s?|8\.8\.[48]\.[48]|1\.1\.1\.1|extern\w{1,2}"
    r"|öffentlich\w{1,2}|publics?|públic[oa]s?|externo"
)
_ADAPTER: Final = (
    r"network (?:adapters?|cards?|connections?|interfaces?)(?:.s)?|\bnics?\b|adapters?.?s?|tcp/ip|ipv4|netzwerkkarte"
    r"|netzwerkadapter|carte réseau|adaptador(?: de red)?|tarjeta de red"
)
# "an external DNS server was listed on the network adapter", "the NIC had the provider's DNS as its second entry"
_LISTED = linear(
    rf"(?i)\b(?:{_ADAPTER})\b[^.;\n]{{0,60}}\b(?:{_OUTSIDE})\b[^.;\n]{{0,12}}\b(?:{_DNS})\b"
    rf"|\b(?:{_OUTSIDE})\b[^.;\n]{{0,12}}\b(?:{_DNS})\b[^.;\n]{{0,60}}\b(?:{_ADAPTER})\b"
    rf"|\b(?:{_ADAPTER})\b[^.;\n]{{0,40}}\b(?:{_DNS})\b[^.;\n]{{0,40}}\b(?:8\.8\.[48]\.[48]|1\.1\.1\.1)\b"
)
_PATH: Final = (
    r"network (?:adapters?|cards?|connections?|interfaces?|ports?)|\bnics?\b|\badapters?|\bvpns?"
    r"|netzwerk(?:karte|adapter|schnittstelle)"
    r"|carte réseau|tarjeta de red|adaptador de red|scheda di rete|netwerkkaart|dns[ -](?:servers?|entr(?:y|ies)|settings?)"
    r"|serveurs? dns|servidor(?:es)? dns|resolvers?"
)
_NEW: Final = (
    r"new|added|adding|additional|second|installed|installing|connected|chang\w+|replac\w+|switch\w+|moved|migrated|neue?[nrs]?"
    r"|zweite[nrs]?|zus.tzlich\w*|eingebaut|hinzugef.gt|ge.ndert|gewechselt|nouve(?:au|lle)|ajout.\w*|chang.\w*|nuev[oa]s?"
    r"|añadid[oa]s?|agregad[oa]s?|cambiad[oa]s?|nuov[oaie]|aggiunt[oa]|nieuwe?|toegevoegd"
)
# "a second network card was installed last week", "since we changed the DNS servers of the host"
_CHANGED = linear(rf"(?i)\b(?:{_NEW})\b[^.,;\n]{{0,40}}(?:{_PATH})\b|(?:{_PATH})\b[^.,;\n]{{0,50}}\b(?:{_NEW})\b")
_MAILS: Final = (
    r"(?:e-?)?mails?\b|messages?\b|nachrichten\b|courriels?\b|correos\b|mensajes\b|messaggi\b|berichten\b"
    r"|(?:of )?(?:it|them|those)\b"
)
# Of the mails some fail and some don't; that only some recipients or domains fail fits a domain that is gone as well.
_SOME = linear(
    rf"(?i)\bnot (?:all|every) (?:of )?(?:the |our |my )?(?:{_MAILS})"
    rf"|\b(?:only|just) (?:some|a few|part|a part|every (?:second|third|other)) (?:of )?(?:the |our |my )?(?:{_MAILS})"
    rf"|\bsome (?:of (?:the |our )?)?(?:{_MAILS})[^.;\n]{{0,30}}\b(?:go(?:es)? (?:out|through)|arrive|delivered|get through|work)"
    rf"|\b(?:nur|blo.) (?:manche|einige|ein teil|jede zweite) (?:der )?(?:{_MAILS})|\bnicht alle (?:{_MAILS})"
    r"|\bpas tous les (?:mails|messages|courriels)|\bno todos los (?:correos|mensajes)|\bnon tutti i messaggi"
    r"|\b(?:intermittent|sporadic|zeitweise|sporadisch|al.atoire)\w{0,4}\b"
)
# "the domains exist", "to domains that do exist", "external resolvers know the domain"
_EXISTS = linear(
    r"(?i)\b(?:domains?|domaine|dominios?|domein)\b,? "
    r"(?:(?:that|which|die|qui|que|does|do|all|definitely|certainly|clearly) ){0,3}"
    r"(?:exists?|existier\w+|existent?|existen|bestaat|(?:is|are) (?:valid|real|correct|fine|registered))\b"
    r"|\b(?:valid|existing|well[- ]known|real|existierende) (?:domains?|recipient domains?)\b"
)
# "ping by name works at times", "by its IP it answers, by name it doesn't"
_BY_NAME: Final = r"(?:by(?: its| the| their)?|the|its|their) (?:host ?|server ?|dns |netbios )?names?"
_NAME_AT_TIMES = linear(
    rf"(?i)\b(?:ping\w*|reach\w*|telnet|connect\w*|resolv\w*)\b[^.;\n]{{0,60}}?\b(?:{_BY_NAME})\b[^.;\n]{{0,30}}?"
    r"\b(?:(?:at|some) ?times|sometimes|intermittent\w*|now and then|sporadic\w*|on and off|only occasionally|fails?\b|does ?n.t"
    r"|does not|not always|half the time|not found|could not find)"
)
_BOX: Final = (
    r"(?:[\w-]{1,20} )?(?:router|fritz!?box|speedport|modem|internet gateway|default gateway|firewall|livebox)"
)
# "10.1.2.1 is the router", "the router hands itself out as the first DNS"
_ROUTER = linear(
    rf"(?i)\b((?:\d{{1,3}}\.){{3}}\d{{1,3}})\W{{1,3}}(?:is|ist|est|es|è|=|being|which is|that is|that.s) "
    rf"(?:the |our |my |der |die |das |unser\w* |le |la |el |il )?{_BOX}\b"
    r"|\b(?:router|fritz!?box|dhcp)\b[^.;\n]{0,20}?\b(?:gives?|hands?|announces?|adds?|puts?|sets?|lists?|enters?|trägt|gibt)"
    rf" (?:out )?(?:itself|sich)\b|\b{_BOX} (?:is |was )?(?:listed |in it |there )?(?:as|among) (?:the |its )?"
    r"(?:first |second |primary )?dns"
)
_DENIED = linear(r"(?i)\b(?:no|not|n.t|never|without|only (?:the )?(?:internal|domain)|nur|kein\w*|nicht|pas|sin)\b")
_IN_VAIN = linear(r"(?i)\b(?:remov|delet|replac|entfern|enlev|quit)\w*\b[^\n]*\b(?:still|trotzdem|toujours|sigue)\b")
_SERVER = linear(r"(?i)\b(?:server|servers|resolver)\b[^\n]{0,40}?\b((?:\d{1,3}\.){3}\d{1,3})\b")


@recogniser(
    r"(?:DNS request timed out|nslookup|\brouter\b|fritz!?box|gateway|firewall|modem|speedport|livebox"
    r"|\bdns\b|\bresolver\b|\bnames?\b|intermittent|sporadi|zeitweise"
    r"|\bnot (?:all|every)\b|\bnicht alle|\bpas tous|\bno todos|\bnon tutti)",
    rank=98,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the first such sentence of each kind."""
    return [*_silent(reading), *_listed(reading), *_doubtful(reading), *_at_times(reading), *_router(reading)]


def _router(reading: Reading) -> Sequence[Artefact]:
    """That a router is among the DNS servers: the first sentence that says so, with its address where that is told."""
    told = next((each for each in stated(reading, _ROUTER) if not _negated(each[1])), None)
    if told is None or not any(
        "dns" in line or "serveraddresses" in line for line in map(str.lower, reading.paste.lines)
    ):
        return []
    ip = str(told[1].group(1) or "")
    fact = Configured(source=source_at(reading, told[0]), kind="told-router", name=ip)
    return [artefact(reading, "told-resolver", [told[0]], [fact], {"router": ip or "a DNS server"})]


def _doubtful(reading: Reading) -> Sequence[Artefact]:
    """What speaks against a domain that is said not to exist: one artefact for the first sentence of each kind."""
    if not answers(reading):
        return []
    found = []
    for name, words in (("changed", _CHANGED), ("some", _SOME), ("exists", _EXISTS)):
        told = next(((index, match) for index, match in stated(reading, words) if not _negated(match)), None)
        if told:
            fact = Configured(source=source_at(reading, told[0]), kind="told-lookup-doubt", name=name)
            found.append(artefact(reading, "told-resolver", [told[0]], [fact], {"told": told[1].group(0)[:80]}))
    return found


def _at_times(reading: Reading) -> Sequence[Artefact]:
    """That servers are not always found by name: the first sentence that says so."""
    told = next(stated(reading, _NAME_AT_TIMES), None) if answers(reading) else None
    if told is None:
        return []
    fact = Configured(source=source_at(reading, told[0]), kind="told-name-at-times")
    return [artefact(reading, "told-resolver", [told[0]], [fact], {"told": told[1].group(0)[:80]})]


def _negated(match: Any) -> bool:
    """ "No new DNS server", "the adapter was not changed": a match of "not all" is none."""
    return bool(_DENIED.search(match.string[max(match.start() - 20, 0) : match.start()]))


def _listed(reading: Reading) -> Sequence[Artefact]:
    if not answers(reading):
        return []
    for index, line in reading.sentences()[:MOST_LINES]:
        if _IN_VAIN.search(line[:1000]):
            continue
        told = _LISTED.search(line[:1000])
        if (
            told is None
            or line.rstrip().endswith("?")
            or _DENIED.search(line[max(told.start() - 40, 0) : told.end()])
            or supposes(line[: told.start()])
        ):
            continue
        fact = Configured(source=source_at(reading, index), kind="told-dns", name="public", failing=True)
        return [artefact(reading, "told-resolver", [index], [fact], {"adapter": "a public DNS server"})]
    return []


def _silent(reading: Reading) -> Sequence[Artefact]:
    for index, line in reading.sentences()[:MOST_LINES]:
        text = line[:1000]
        silent = _SILENT.search(text)
        if silent is None or line.rstrip().endswith("?") or supposes(text[: silent.start()]):
            continue
        server = _SERVER.search(text)
        ip = str(server.group(1)) if server else ""
        fact = DnsAnswer(source=source_at(reading, index), name="", ok=False, server=ip, error="timed out")
        return [artefact(reading, "told-resolver", [index], [fact], {"server": ip, "error": fact.error})]
    return []
