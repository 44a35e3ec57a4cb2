"""That the same thing works from another place: "the script works on the other server", "outside of the container it connects",
or with another client: "my phone can send through the same server".

What is the same on both, the other server and its certificate above all, is then not at fault. Read only beside something else
that was pasted, or as an answer in a thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.told_settings import MOST_LINES, answers, supposes

_RUNS: Final = (
    r"works?|working|fine|succeeds?|succeeded|connects?|connected|sends|established|accepts? (?:it|the)|geht|funktioniert|klappt"
    r"|l.uft|fonctionne|marche|funciona|funziona|werkt|dzia.a|работает"
)
_MACHINE: Final = (
    r"(?:machine|server|box|computer|pc|vm|client|host|laptop|desktop|workstation|system|site|rechner|maschine"
    r"|ordinateur|machines?"
    r"|serveur|equipo|servidor|ordenador|computador|server|сервере|компьютере)"
)
_ANOTHER: Final = (
    r"(?:another|(?:an|the|my|our|any) ?other|a different|a second|the old|the former|my (?:own|home|local)"
    r"|(?:einem|dem|einer|der) (?:anderen|alten|zweiten)|un autre|une autre|l.ancien|otr[oa]|un altr[oa]|een andere?|другом)"
)
_HERE: Final = r"dev(?:elopment)?|staging|test(?:ing)?|uat|qa|localhost|local(?:ly)?|laptop|home"
_ON: Final = r"on|from|in|at|auf|von|aus|sur|depuis|desde|en|su|da|op|vanaf|на|с"
_BACK: Final = (
    r"(?:i|we|ich|wir|je|nous) (?:moved?|switch(?:ed)?|chang(?:ed?)?|point(?:ed)?|set|put|revert(?:ed)?"
    r"|roll(?:ed)?)|back|revert(?:ed|ing)?"
    r"|zurück|zurückgestellt|remis|volvimos|terug"
)
_ELSEWHERE: Final = rf"(?:{_ON}) (?:{_ANOTHER} (?:\w+ ){{0,2}}?{_MACHINE}|(?:the |my |our )?(?:{_HERE}))\b"
_WORKS_ELSEWHERE = linear(
    rf"(?i)\b(?:{_RUNS})\b(?: fine| well| perfectly)? locally\b|\b(?:{_RUNS})\b[^.;\n]{{0,50}}?\b{_ELSEWHERE}"
    rf"|\b{_ELSEWHERE}[^.;\n]{{0,50}}?\b(?:{_RUNS})\b"
    # "when I moved the connector back to EX16 all goes": the former way is another machine
    rf"|\b(?:{_BACK})\b[^.;\n]{{0,40}}?\b(?:to|towards?|over|through|via|auf|über|sur|vers|a|al|op|naar)\b (?:the |den |le |el )?"
    rf"(?:ex(?:ch(?:ange)?)? ?(?:20)?\d\d|(?:old|former|first|other|previous|alten|anderen|ancien|otro|viejo"
    rf"|oude) (?:\w+ )?{_MACHINE})\b"
    rf"[^.;\n]{{0,40}}?\b(?:{_RUNS}|leaves|flows?|goes)\b"
)
_BOX: Final = (
    r"containers?|docker|pods?|kubernetes|k8s|lxc|podman|vpn|tunnel|wireguard|guest|контейнер\w*|contenedor|conteneur"
)
_OUT: Final = (
    r"outside(?: of)?|on the host|from the host|(?:auf|von|vom) (?:dem )?host|au.erhalb|hors du|sur l.h.te|fuera del?|fuori dal?"
    r"|buiten de|without the|directly on"
)
_WORKS_OUTSIDE = linear(
    rf"(?i)\b(?:{_OUT})\b[^.;\n]{{0,60}}?\b(?:{_RUNS})\b|\b(?:{_RUNS})\b[^.;\n]{{0,40}}?\b(?:{_OUT})\b"
)
_IN_BOX = linear(
    rf"(?i)\b(?:in|inside|within|from|im|innerhalb|aus dem|dans|depuis|dentro del?|desde el|в|из) (?:\w+ ){{0,3}}?(?:{_BOX})\b"
    rf"|\b(?:{_BOX})\b[^.\n]{{0,40}}?\b(?:fails?|hangs?|no|not|cannot|can.t|times? out|nicht|kein\w*|ne)\b"
)
# Another client, of which the sending works: that it receives is another matter, and needs no logon for SMTP.
_CLIENT: Final = (
    r"i-?phones?|i-?pads?|android\w*|(?:smart|mobile |cell ?)?phones?|handys?|t.l.phone|m.vil|cellulare|telefono|telefoon|telefon"
    r"|outlook|thunderbird|apple mail|k-?9|roundcube|(?:an)?other (?:e-?mail |mail )?(?:clients?|devices?|programs?|apps?)"
    r"|anderen? (?:ger.te?n?|clients?|(?:mail-?)?programm\w*)|autres? (?:client|appareil|logiciel)s?"
    r"|otros? (?:cliente|dispositivo)s?|altr[oi] (?:client|dispositivo)"
)
_SENDS: Final = (
    r"works?|working|fine|(?:can|is able to|has no trouble|no problem) send\w*|sends? (?:fine|ok|without|through)|geht"
    r"|funktioniert|klappt|kann senden|fonctionne|marche|envoie|funciona|env.a|funziona|invia|werkt|verstuurt|dzia.a|работает"
)
_WORKS_WITH_CLIENT = linear(
    rf"(?i)\b(?:{_CLIENT})\b[^.;\n]{{0,30}}?\b(?:{_SENDS})\b"
    rf"|\b(?:{_SENDS})\b[^.;\n]{{0,30}}?\b(?:on|from|with|using|in|mit|auf|vom|avec|sur|con|desde|met|op)\b"
    rf" (?:\w+ ){{0,2}}?(?:{_CLIENT})\b"
)
_RECEIVES = linear(
    r"(?i)\b(?:receiv\w*|incoming|imap|pop3?|read(?:ing)?|inbox|empf.ng\w*|abruf\w*|recevoir|r.ception|reçoi\w*|recib\w*|ricev\w*"
    r"|ontvang\w*|odbier\w*)\b"
)
_DENIED = linear(r"(?i)\b(?:not|n.t|never|also fails|neither|nicht|auch nicht|pas|no|non|niet|не)\b")

_CLAUSE = linear(r"[^.,;:\n]*$")  # in front of the place, in which a denial stands
# There it works for another reason: nobody looks at the certificate.
_UNCHECKED = linear(
    r"(?i)\b(?:disabl\w+|switch\w*|turn\w*|skip\w*|ignor\w+|without|deaktivier\w*|ohne|sans|sin)\b[^.\n]{0,30}?"
    r"(?:\boff\b|check|verif|valid|pr.fung|\btls\b|\bssl\b)|\binsecure\b|verify\w{0,6}\W{1,4}(?:false|no|0)\b"
)


@recogniser(rf"\b(?:{_RUNS}|{_SENDS}|leaves|flows?|goes)\b", rank=98)
def read(reading: Reading) -> Sequence[Artefact]:
    """At most one artefact for each kind: another machine, another client, and what is around a container or tunnel."""
    if not answers(reading):
        return []
    lines = [
        (i, line[:1000]) for i, line in enumerate(reading.paste.lines[:MOST_LINES]) if not line.rstrip().endswith("?")
    ]
    boxed = any(_IN_BOX.search(line) for _, line in lines)
    found: dict[str, int] = {}
    for index, line in lines:
        for name, pattern in (("container", _WORKS_OUTSIDE), ("machine", _WORKS_ELSEWHERE)):
            told = pattern.search(line) if boxed or name == "machine" else None
            if told and _is_stated(line, told.start(), told.group(0)):
                found.setdefault(name, index)
        sends = _WORKS_WITH_CLIENT.search(line)
        if sends and not _RECEIVES.search(line) and _is_stated(line, sends.start(), sends.group(0)):
            found.setdefault("client", index)
    return [_artefact(reading, name, index) for name, index in found.items()]


def _is_stated(line: str, start: int, told: str) -> bool:
    """Whether the words are no denial and no wish, and what works there is the same thing."""
    clause = _CLAUSE.search(line[:start]).group(0)
    return not (_DENIED.search(f"{clause}{told}") or supposes(clause) or _UNCHECKED.search(line))


def _artefact(reading: Reading, name: str, index: int) -> Artefact:
    fact = Configured(source=source_at(reading, index), kind="told-elsewhere", name=name)
    return artefact(reading, "told-trial", [index], [fact], {"works": name})
