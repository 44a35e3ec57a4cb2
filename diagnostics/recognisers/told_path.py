"""What a person says of the way a message takes: that it was forwarded or came from a list, that an address is
their gateway, that packets get lost.

They change whose fault a failed check is, and no header of the paste has to show them. Read only beside something else that was
pasted; what stands in a server's reply is not the person's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.facts import Source
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.remarks import spoken
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.told_settings import MOST_LINES, in_sight, supposes, without_question

_FORWARDED = linear(
    r"(?i)\b(?:is|are|was|were|gets?|got|being|been|auto-?|automatically) ?-?forward(?:ed|s)\b(?: on)?(?: |$)"
    r"|\b(?:he|she|who|which|that|they|we|i|users?|mailbox(?:es)?|rule|account|alias(?:es)?|domain|server) "
    r"(?:also |then |just |only |simply |auto-?){0,2}forwards?\b"
    r"|\b(?:auto-?|pure |mail |external |e-?mail )?"
    r"forward(?:er|ing (?:rule|address|domain|service|mailbox|from|to|via|server|smtp))s?\b"
    r"|\bforwarding (?:of )?(?:\w+ )?(?:mails?|e-?mails?|messages?|it|them|everything)\b"
    r"|\bforwarding (?:was|is|has been|had been) (?:(?:once|also|just|already|originally|simply) )?"
    r"(?:set|configured|enabled|active|in place|switched on)\b"
    r"|\bforwards (?:\w+ ){0,2}?(?:mails?|e-?mails?|messages?|everything)\b|\bSRS[01][=+-][\w+/-]{1,12}="
    r"|\bauto-?forward(?:s|ed|ing)?\b|\bforwards? (?:\S+ ){0,5}to (?:\S+@|g-?mail|hotmail|outlook|yahoo|his|her|their|a private)"
    r"|\bredirect(?:s|ed|ing|ion)?\b (?:\S+ ){0,4}?(?:on )?to "
    r"(?:\S+@|(?:an? |his |her |their |my |our )?(?:external |private |other |another "
    r"){0,2}(?:g-?mail|hotmail|outlook|yahoo|icloud|gmx|web\.de|e?mail|mailbox|inbox|provider))"
    r"|\b(?:split|dual) delivery\b|\b(?:sent|routed|relayed|passed) (?:on )?to (?:g ?suite|gmail|google workspace|office ?365"
    r"|exchange online) (?:via|by|through|with) (?:an? )?(?:mail ?flow|transport) rule"
    r"|\bmailing ?lists?\b|\blist ?serv(?:er)?\b|\bmailman\b|\bsympa\b|\bweitergeleitet\b|\b(?:Weiterleitung|leitet)\b"
    r"|\bforward(?:s|ed|ing)? (?:\S+ ){0,2}?\S+@\S+ (?:\S+ ){0,2}?to\b|\balias(?:es)?[ -]?files?\b"
    r"|/etc/(?:postfix/)?(?:aliases|virtual)\b"
    r"|\bvirtual[_ ]alias|\balias(?:es)? (?:\S+ ){0,3}?(?:points?|leads?|goes|expands?|redirects?|delivers?) to\b"
    r"|\b(?:transf.r|redirig|renvoy).{1,2}e?s? (?:vers|chez|sur|automatiquement)\b|\b(?:transf.re|redirige"
    r"|renvoie) (?:\S+ ){0,3}?\S+@\S+ (?:\S+ ){0,3}?(?:vers|sur)\b"
    r"|\breenv.{1,3}(?:a|o|os|amos) (?:(?:\S+ ){0,3}?\S+@\S+ (?:\S+ ){0,3}?)?a\b|\binoltrat[aoei]\b|\bdoorgestuurd\b"
    r"|\binoltra (?:\S+ ){0,4}?(?:a|al|su)\b|\bstuurt (?:\S+ ){0,5}?door\b"
    r"|\b(?:re)?encaminha(?:m|mos|do|da)? (?:\S+ ){0,4}?(?:para|ao?)\b"
    r"|\bprze(?:kazuj|kierow|syła)\w* (?:dalej )?(?:\S+ ){0,3}?(?:na|do)\b|\b(?:fait|font|faire) suivre\b|\bweiterleite\w*\b"
)
_NOT = linear(
    r"(?i)\b(?:no|not|n.t|never|without|kein\w*|nicht|pas de|sans|please|bitte|dns|conditional|port)\b[^.;:,]{0,30}$"
)
_WITHOUT = linear(
    r"(?i)\b(?:no|not|n.t|never|without|kein\w*|nicht|pas de|sans|before|vor|avant|antes de|prima)\b[^.;:,]{0,20}$"
)
_OTHER = linear(
    r"(?i)^\W{0,2}(?:\S+ ){0,2}(?:ports?|tcp|traffic|dns|quer(?:y|ies)|lookups?|zone)\b"
)  # a firewall's, a resolver's
_OWN = linear(
    r"(?i)\b(?:our|we|my|us|i|ich|wir|unser\w{0,2}|nous|notre|nosotros|nuestr[oa]s?|noi|nostr[aoei]|wij|onze|ik)\b"
)
_PRODUCT: Final = (
    "gateway|appliance|relay|filter|smart ?host|barracuda|sophos|mimecast|proofpoint|forti(?:mail|gate)|iron ?port|esa|cisco|"
    "passerelle|pasarela|puerta de enlace|bramk[aąię]|"
    "trend ?micro|hornet ?security|spam ?titan|messagelabs|symantec|nospamproxy|reddoxx|mailcleaner|firewall|edge|haproxy|proxy"
)
_OUR: Final = r"our|unser(?:e[mnrs]?)?|notre|nuestr[oa]|nostr[oa]|noss[oa]|onze?|nasz[aeą]?j?|vår[at]?"
_ADDRESS: Final = r"((?:(?:\d{1,3}|[xX*]{1,3})\.){3}\d{1,3})"  # or what somebody left of it
_GATEWAY = linear(
    rf"(?i)\b{_ADDRESS}\b\W{{0,3}}(?:is|=|was|:)\W{{0,3}}(?:the |our |of |an? |own |public |ip |address |[a-z-]{{2,20}} )"
    rf"{{0,5}}(?:{_PRODUCT})\b"
    rf"|\b(?:{_OUR}) (?:own |eigene[snmr]? )?(?:[a-z-]{{2,20}} ){{0,3}}(?:(?:e-?)?mail-?)?(?:{_PRODUCT})\b[^.;\n]{{0,30}}?"
    rf"[^\d.]{_ADDRESS}\b"
)
_OURS = linear(rf"(?i)\b{_ADDRESS}\b\W{{1,3}}(?:is|=|was)\W{{1,3}}(?:our|ours|us|me|my|mine)\b")
# Of one's own server: "… is how the other server is reached from outside", "… is the public address of our mailbox server".
_SERVER: Final = (
    r"(?:the |our |my |that )?(?:(?:other|second|old|new|internal|exchange|mailbox|hub|dag|20\d\d|\d{4}) ){1,4}"
    r"(?:servers?|nodes?|box|members?|hub|machine)"
)
_PUBLISHED = linear(
    rf"(?i)\b{_ADDRESS}\b\W{{0,3}}(?:is|=|was)\W{{1,3}}(?:"
    rf"(?:how|where|what|the (?:name|address|ip) (?:by|at|under|with) which) {_SERVER} (?:is|can be|gets) "
    r"(?:reached|reachable|seen|published|found)[^.;\n]{0,20}? (?:outside|internet|externally|publicly)"
    rf"|(?:the |its |an? )?(?:public|external|outside|internet|wan|nat(?:ted)?)[ -](?:facing )?(?:ip|address)(?: address)? "
    rf"(?:of|for) {_SERVER})\b"
)
_STRANGERS = linear(
    r"(?i)\b(?:partner|customer|supplier|vendor|provider|hoster|recipient|remote|destination|client|their|his|her)(?:[’']?s)?\b"
)
# What stands in front of the servers and may put its own address in place of the sender's.
_BALANCER = linear(
    r"(?i)\bload[ -]?balanc(?:er|ing)s?\b|\b(?:kemp|netscaler|big-?ip|haproxy|citrix adc|loadmaster|f5|nlb"
    r"|traefik)\b|\blastverteiler\b"
    r"|\brépartiteur de charge\b|\bbalanceador(?:es)?\b|\bbilanciator[ei]\b|\b(?:source nat|snat)\b"
)
# What a capture of both ends showed, or a device that reshapes what passes it.
_LOST = linear(
    r"(?i)\b(?:packets?|frames?|segments?|Pakete?)\b[^.;\n]{0,60}\b(?:never (?:arrive|get|reach)\w*"
    r"|(?:do|does|did)(?: not|n.t) arrive|lost|missing|dropped|disappear\w*|fehlen|verloren|kommen nicht an)\b"
    r"|\bretransmi\w+|\bpacket loss\b|\bpaketverlust\w*|\bonly the (?:last|short|small)\b[^.;\n]{0,30}\b(?:arrives?|one)\b"
    r"|\bwan[ -]?(?:optimi[sz]\w+|accelerat\w+)|\btraffic[ -]?shap\w+"
)
_REPLY = linear(r"\b[245]\d\d[ -][245]\.\d{1,3}\.\d{1,3}|\bsaid:|\breturned '|=\s*(?:fail|pass|softfail|none)\b|\bLED=")
_MOST_REPLIES: Final = 4


@recogniser(
    r"forward|redirect|(?:split|dual) delivery|flow rule|transport rule|\bSRS[01][=+-]|mailing ?list|list ?serv|mailman|sympa"
    r"|leitet|transf.r|redirig|reenv|inoltr|doorgestuurd|renvoie|prze(?:kaz|kier|sy)|encaminh|stuurt|suivre|\balias"
    r"|packet|frames?\b|segment|retransmi|paket|wan[ -]?(?:optimi|accelerat)|traffic[ -]?shap"
    rf"|\b(?:our|us|me|my|mine)\b|(?:\b|mail-?)(?:{_PRODUCT})\b"
    r"|load[ -]?balanc|kemp|netscaler|big-?ip|haproxy|citrix adc|loadmaster|\bf5\b|\bnlb\b|traefik|lastverteiler"
    r"|répartiteur|balanceador|bilanciator"
    r"|nat\b|outside|public|external|internet",
    rank=98,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each sentence."""
    if not in_sight(reading):
        return []
    found = []
    for index, line in reading.sentences()[:MOST_LINES]:
        own = without_question(_around_replies(line[:1000]))
        facts = list(_told(source_at(reading, index), own))
        if facts:
            shown = {each.kind: each.name or True for each in facts}
            found.append(artefact(reading, "told-path", [index], facts, shown))
    return found


def _around_replies(line: str) -> str:
    """The line without a server's words: what stands in front of them, and the remark behind."""
    for _ in range(_MOST_REPLIES):
        quoted = _REPLY.search(line)
        if quoted is None:
            return line
        behind = line[quoted.start() + len(spoken(line[quoted.start() :])) :]
        line = f"{line[: quoted.start()]} {behind}"
    return line[: quoted.start()]


def _told(source: Source, line: str) -> Iterator[Configured]:
    gateways = [match for match in _GATEWAY.finditer(line) if not supposes(line[: match.start()])]
    # A gateway of one's own that hands on to the own mailboxes is no forwarder.
    for match in () if gateways else _FORWARDED.finditer(line):
        before = line[: match.start()]
        if not (_NOT.search(before) or supposes(before) or _OTHER.search(line[match.end() :])):
            own = "True" if _OWN.search(line) else "False"
            yield Configured(source=source, kind="forward", values=(("Own", own), ("Told", match.group(0).strip())))
            break
    front = _BALANCER.search(line)
    if front and not (_WITHOUT.search(line[: front.start()]) or supposes(line[: front.start()])):
        yield Configured(source=source, kind="load-balancer", name=front.group(0))
    lost = next(
        (m for m in _LOST.finditer(line) if not (_NOT.search(line[: m.start()]) or supposes(line[: m.start()]))), None
    )
    if lost:
        yield Configured(source=source, kind="packets-lost", name=lost.group(0)[:60])
    for match in _OURS.finditer(line):
        yield Configured(source=source, kind="own-address", name=match.group(1))
    published = _PUBLISHED.search(line)
    if published and not (_STRANGERS.search(line) or supposes(line[: published.start()])):
        yield Configured(source=source, kind="own-address", name=published.group(1))
    for match in gateways:
        address = next(each for each in match.groups() if each)
        yield Configured(source=source, kind="gateway", name=address)
