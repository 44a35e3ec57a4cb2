"""What a person mentions of the surroundings: an event by its number, a build of Exchange, that the organization is a hybrid, the
file that holds their own server's certificate, a TLSA record that they published, the cloud platform that their server
stands with.

Read only beside something else that was pasted, or where the text names the window that shows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.codes import one_source
from diagnostics.facts import Fact, Source, WindowsEvent
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.event_quotes import explains
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.told_settings import MOST_LINES, in_sight, supposes, without_question

_NOUN: Final = (
    r"(?:\b(?:events?|ereigniss?\w{0,3}|eventos?|eventi|gebeurtenis\w{0,3})|\x{e9}v\x{e9}nements?)"
    r"(?:[ -]?(?:ids?|kennung))?[ :=#]{0,3}"
)
_EVENT = linear(rf"(?i){_NOUN}(\d{{4,5}})((?:(?:, ?| ?/ ?| & | (?:and|und|et|y|e|en) )\d{{4,5}}){{0,6}})\b")
_NUMBER = linear(r"\d{4,5}")
_BUILD = linear(r"\b(15\.0?[0-2]\.0?\d{3,4}\.0{0,2}\d{1,3}|15\.[0-2] \(Build \d{3,4}\.\d{1,3}\))")
_HYBRID = linear(
    r"(?i)\b(?:we are|we're|our|full|classic|in|running|with|have)\b[^.\n]{0,20}\bhybrid\b"
    r"|\bhybrid[ -]?(?:deployment|environment|set-?up|server|configuration|umgebung|bereitstellung|organi[sz]ation)"
    r"|\b(?:d.ploiement|environnement|entorno|implementaci.n|ambiente|distribuzione) (?:hybride|h.brid[oa]|ibrid[oa])\b"
)
_HERE: Final = (
    r"on-?prem\w*|(?:local|internal|lokale\w?) (?:network|servers?|exchange|mailbox\w*)|exchange (?:server )?20\d\d"
    r"|(?:exchange|serveurs?|servidor(?:es)?|servers?) (?:locale?|lokal|interne|interno)"
)
_CLOUD: Final = r"cloud|nube|nuage|nuvem|exchange online|exo|(?:office|microsoft) ?365|o365|m365"
_TO: Final = r"(?:\b(?:to|into|and|nach|zu|und|an|vers|et|au|sur|a|al|hacia|y|verso|e|naar|en)\b|\sà\s)"
# "migrated from Exchange 2016 to Microsoft 365": mailboxes crossed, once.
_MOVED_FROM = linear(
    r"(?i)\b(?:migr\w+|mov\w+|switch\w*|chang\w+|upgrad\w+|umz\w+|umgez\w+|wechs\w+|gewechs\w+|pas\w+|cambi\w+|przen\w+|verhui\w+)\b"
    r"[^.;\n]{0,40}?\b(?:from|von|vom|aus|de|du|desde|da|dal|van|z)\b[^.;\n]{0,20}$"
)
_CROSSING = linear(
    rf"(?i)\b(?:{_HERE})\b[^.;\n]{{0,40}}{_TO}[^.;\n]{{0,30}}\b(?:{_CLOUD})\b"
    rf"|\b(?:{_CLOUD})\b[^.;\n]{{0,40}}{_TO}[^.;\n]{{0,30}}\b(?:{_HERE})\b"
)
# "Cloud users get this when they write to the group (it lives on-prem)": two statements that tell the same.
_WRITERS = linear(
    rf"(?i)\b(?:{_CLOUD})[ -](?:users?|mailbox(?:es)?|colleagues|benutzer\w*|postf.cher|gebruikers|collega.?s)\b"
    r"|\b(?:users?|colleagues|mailbox(?:es)?|benutzer|kollegen|postf.cher|utilisateurs|usuarios|utenti|gebruikers)"
    rf" (?:\w+ ){{0,2}}(?:in|im|aus|en|sur|nel|dans|w|na) (?:(?:the|der|dem|la|le|il|l|de) )?(?:{_CLOUD})\b"
)
_HELD = linear(
    r"(?i)\b(?:lives?|is|are|stays?|still|remains?|hosted|sits?|liegt|ist|steht|staat|est|reste|est.|sigue|rimane)\b"
    r" (?:\w+ ){0,3}?(?:on-?prem\w*|lokal\w*|local\w*|sur site)\b"
)
_CLOUD_FIRST = linear(rf"(?i)^(?:{_CLOUD})\b")
_FROM_CLOUD: Final = (("From", "cloud"),)
# Settings of mail servers, and the files that certificates of an ACME client lie in.
_FILE: Final = (
    r"\b(?:smtpd_tls_(?:cert|chain)_files?|ssl_cert(?:ificate)?(?:_(?:file|path))?|tls_certificate|certfile|cert_file|fullchain\d?\.pem"
    r"|cert\d?\.pem)\b"
)
_OWN_FILE = linear(f"(?i){_FILE}")
_OWN_RECORD = linear(
    r"(?i)\b(?:I|we)(?:.ve| have| had)? (?:\w+ ){0,2}?(?:added|published|created|set|put|made|updated|changed)\b"
    r"[^.\n]{0,40}\bTLSA\b"
    r"|\b(?:our|my|unser\w{0,2}|meine?\w?|notre|nos|mon|nuestr\w{1,2}|nostr\w|onze|mijn) (?:\w+ ){0,2}?TLSA\b"
)
# "We send through our on-premises Exchange server": then what the client was shown is the reader's own.
_OWN_EXCHANGE = linear(
    r"(?i)\b(?:through|via|over|using|with|to|by|against|towards?|on|at|from|über|an|gegen|mit|von|par|vers|avec|por|con|tramite"
    r"|naar|met)\s(?:our|my|(?:the|an?) (?:own|local|internal|on-?prem\w*)|unser\w{0,2}|mein\w{0,2}|notre|mon|nuestro|mi|nostro"
    r"|ons|onze|mijn|de[nmr] (?:eigenen?|lokalen?|internen?))\b (?:[\w-]{1,16} ){0,3}?exchange\b"
)
# "That is our own Exchange from outside", of what was probed.
_IT_IS_OURS = linear(
    r"(?i)(?:^|[\s(,:-])(?:(?:this|that|it|which|das|dies|dat|dit) (?:is|ist|was|war)|(?:this|that|it).s|c.est|es|esto es|è|é)\s"
    r"(?:our|my|unser\w{0,2}|mein\w{0,2}|notre|mon|nuestro|mi|il nostro|nostro|o nosso|ons|onze|mijn)\s"
    r"(?:(?:own|local|internal|hybrid|on-?prem\w*|eigene\w?|lokale\w?|interne\w?|propre|propio|eigen|serveur|servidor|server)\s)"
    r"{0,3}exchange\b"
)
# A person's own mail server, which is none of Exchange's.
_MTA: Final = (
    r"exim ?4?|postfix|sendmail|qmail|opensmtpd|hmailserver|mailcow|mail-?in-?a-?box|zimbra|mdaemon|kerio|smartermail|mailenable"
    r"|haraka|icewarp|axigen"
)
_OWN_MTA = linear(
    r"(?i)\b(?:i|we|our|my|ich|wir|unser\w{0,2}|mein\w{0,2}|nous|notre|mon|nuestro|mi|usamos|nostro|onze?|wij)(?:.(?:m|re|ve))?"
    rf"\s(?:[\w-]+ ){{0,8}}?\(?({_MTA})(?:$|[^/\[\w])"  # no program of a log
)
_ONLINE = linear(r"(?i)^[ -]?(?:online|365)")
# Platforms that close port 25 outward to whoever has not asked: what a server that stands with one can't reach.
_PLATFORMS: Final = (
    ("Microsoft Azure", r"azure"),
    ("Amazon Web Services", r"aws|(?:amazon )?(?:ec2|lightsail)|amazon web services"),
    ("Google Cloud", r"gc[pe]|google (?:cloud|compute)(?: platform| engine)?|compute engine"),
    ("Oracle Cloud", r"oracle cloud|oci"),
    ("DigitalOcean", r"digital ?ocean"),
    ("Hetzner", r"hetzner(?: cloud)?"),
    ("Vultr", r"vultr"),
    ("Linode", r"linode|akamai cloud"),
    ("Scaleway", r"scaleway"),
    ("IONOS", r"ionos(?: cloud)?"),
    ("Alibaba Cloud", r"alibaba cloud|aliyun"),
    ("Tencent Cloud", r"tencent cloud"),
    ("GoDaddy", r"go ?daddy"),
    ("Hugging Face", r"hugging ?face(?: spaces?)?"),
    ("Railway", r"railway(?:\.app)?"),
    ("Render", r"render(?:\.com)?"),
)
_PLATFORM: Final = "|".join(words for _, words in _PLATFORMS)
_PLATFORM_NAMES: Final = tuple((name, linear(rf"(?i)\b(?:{words})\b")) for name, words in _PLATFORMS)
_MACHINE: Final = (
    r"(?:instan(?:ces?|z(?:en)?|cia)|vms?|v-?servers?|virtual machines?|machines?|servers?|serveurs?|servidor|droplets?|vps|vpc"
    r"|hosts?|box(?:es)?|nodes?)"
)
_STANDS: Final = (
    r"(?:hosted|host(?:ing)?|runn?(?:ing|s)?|deployed|sits?|lives?|stands?|set ?up|installed|migrated|moved|rented|gehostet|läuft"
    r"|laufen|steht|gemietet|h.berg.e?|tourne|alojado|corre|gehost|draait|ospitato)"
)
_IN: Final = r"(?:on|at|in|with|by|to|from|bei|auf|zu|chez|sur|en|su|op|bij|da|na)"
_HOSTED = linear(
    rf"(?i)\b(?:{_PLATFORM})(?:.s)?(?:[ -](?:cloud|linux|windows|ubuntu|debian|compute|hosted|based|micro|free|shared"
    rf"|web|hobby|starter)){{0,2}}[ -](?:{_MACHINE}|hosting|plan|tier)\b"
    rf"|\b(?:{_STANDS}|{_MACHINE}) (?:\w+ ){{0,2}}?{_IN} (?:\w+ ){{0,2}}?(?:{_PLATFORM})\b"
)
_SERVICE = linear(r"(?i)^[ -](?:ad|active directory|entra|ses|sns|workmail|communication|identity|blob|sql|dns|mfa)\b")
_NEAR: Final = 16  # characters before "our Postfix": "away from", "instead of"
# What stands there is the other side's, or was.
_NOT_HOSTED = linear(
    r"(?i)\b(?:their|his|her|customer\w*|client.s|recipient\w*|destination\w*|remote|receiving|target|partner\w*|vendor\w*"
    r"|other side|empf.nger\w*|gegenstelle|kunden?|leur|destinatari\w+|destinataires?|smart ?-?host|relay|no|not|n.t|never"
    r"|nicht|kein\w*|pas|from|formerly|used to|previous\w*)\b"
)


@recogniser(
    rf"(?:\bhybrid\b|\bexchange\b|\b(?:{_CLOUD})\b|"
    rf"\b(?:{_PLATFORM}|{_MTA})\b|"
    r"\b15\.0?[0-2](?:\.0?\d{3,4}\.\d{1,3}| \(Build \d)|" + _NOUN + r"\d{4,5}|\bTLSA\b|" + _FILE + ")",
    rank=97,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each line."""
    if not in_sight(reading):
        return []
    found = []
    lines = [(index, without_question(line[:1000])) for index, line in reading.sentences()[:MOST_LINES]]
    writers = next((index for index, line in lines if _WRITERS.search(line)), None)
    if writers is not None and any(_HELD.search(line) for _, line in lines):
        fact = Configured(
            source=source_at(reading, writers), kind="told-crossing", name="from the cloud", values=_FROM_CLOUD
        )
        found.append(artefact(reading, "told-surroundings", [writers], [fact], {"facts": 1}))
    for index, spoken in lines:
        facts = [] if explains(spoken) else list(_told(source_at(reading, index), spoken))
        if facts:
            found.append(artefact(reading, "told-surroundings", [index], facts, {"facts": len(facts)}))
    return found


def _told(source: Source, line: str) -> Iterator[Fact]:
    build = _BUILD.search(line)
    if build:
        yield Configured(source=source, kind="exchange-build", name=build.group(1))
    if _HYBRID.search(line):
        yield Configured(source=source, kind="organization", name="hybrid")
    crossing = _CROSSING.search(line)
    if crossing and not (supposes(line[: crossing.start()]) or _MOVED_FROM.search(line[: crossing.start()])):
        way = _FROM_CLOUD if _CLOUD_FIRST.search(crossing.group(0)) else ()
        yield Configured(source=source, kind="told-crossing", name=crossing.group(0)[:80], values=way)
    file = _OWN_FILE.search(line)
    if file:
        yield Configured(source=source, kind="certificate-file", name=file.group(0))
    if _OWN_RECORD.search(line):
        yield Configured(source=source, kind="own-tlsa", name="TLSA")
    own = _OWN_EXCHANGE.search(line) or _IT_IS_OURS.search(line)
    if own and not (supposes(line[: own.start()]) or _ONLINE.search(line[own.end() :])):
        yield Configured(source=source, kind="own-exchange", name="exchange")
    mta = _OWN_MTA.search(line)
    if mta and not (supposes(line[: mta.start()]) or _NOT_HOSTED.search(line[: mta.start()][-_NEAR:])):
        yield Configured(source=source, kind="own-mta", name=mta.group(1).lower())
    hosted = _HOSTED.search(line)
    if hosted and _is_own_place(line, hosted.start(), hosted.end()):
        name = next(name for name, words in _PLATFORM_NAMES if words.search(hosted.group(0)))
        yield Configured(source=source, kind="told-hosting", name=name)
    for match in _EVENT.finditer(line):
        if not supposes(line[: match.start()]):
            yield from _events(source, match.group(0))


def _is_own_place(line: str, start: int, end: int) -> bool:
    """Whether what stands with the platform is the person's own, and no service of the platform's is meant."""
    return not (supposes(line[:start]) or _NOT_HOSTED.search(line[:end]) or _SERVICE.search(line[end:]))


def _events(source: Source, text: str) -> Iterator[Fact]:
    """The events whose number is one service's alone, as the tables have it."""
    for number in _NUMBER.findall(text):
        provider = one_source(int(number))
        if provider and provider != "Schannel":
            yield WindowsEvent(source=source, provider=provider, event=int(number))
