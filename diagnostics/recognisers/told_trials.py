"""What somebody tried: "without the rule it runs", "nach dem Deaktivieren des Agents geht es", "with the firewall off it sends".

What cures points at the fault, and so does what has to be switched on for it: "when the mail shield is on, the handshake fails".

Read only beside something else that was pasted.
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
from diagnostics.recognisers.told_settings import answers, stated

_RULE: Final = r"(?:(?:disclaimer|transport|mail ?flow|journal)[ -]?)?(?:rules?|regeln?)\b|r.gles?\b|reglas?\b|regola\b"
_AGENT: Final = (
    r"(?:transport[ -]?)?agents?\b|agente\b|exclaimer|code ?two|anti-?virus|virens\w+|add-?on|(?:dkim[ -]?)?signer"
)
# The machine's own, or the network's. Security software that a mail server loads is an agent.
_FIREWALL: Final = (
    r"(?:(?:fire-?walls?|ip6?tables|nftables|netfilter|ufw|firewalld|csf|apf|pare-?feu|cortafuegos|brandmauer)\b)"
)
_OFF: Final = (
    r"without|disabl\w+|stop(?:s|ped|ping)?|turn\w* off|switch\w* off|remov\w+|uninstall\w+|ohne|deaktivier\w*|abgeschaltet|sans"
    r"|d.sactiv\w+|sin|desactiv\w+"
    r"|senza|disattiva\w*|zonder|uitgeschakeld"
)
_RUNS: Final = (
    r"(?:it|everything|transport|mail|the (?:service|queue)) (?:all )?(?:runs?|works?|stays? up|flows?|is (?:fine|ok"
    r"|stable))|no (?:more )?crash\w*"
    r"|(?:it|this|everything|(?:e-?)?mails?|messages?|we|i|the \w{1,20}) (?:(?:all|can|could|is able to|are able to) ){0,2}"
    r"(?:allows? (?:\w+ ){0,3}?send\w*|sends?|sent|connect(?:s|ed)?|delivers?|(?:goe?s?|gets?) (?:out|through)|leaves?)"
    r"|(?:sending|delivery|the connection|smtp) (?:works?|succeeds?|is (?:fine|ok))"
    r"|(?:l.uft|geht|funktioniert|klappt) (?:es|alles|er|wieder|der versand)|(?:ça|.a|tout) (?:marche|fonctionne)|funciona"
    r"|funziona|werkt"
)
_WORKS: Final = r"works?|sends?|connects?|goes out|geht|funktioniert|klappt|marche|fonctionne|funciona|funziona|werkt"
_WHEN: Final = r"when|once|if|after|as soon as|with|wenn|sobald|quand|quando|cuando|als"
_CURED = linear(
    # "if we disable it, it runs" tells what was seen
    rf"(?i)(?:\b(?:if|when|once|wenn|si|cuando|als) (?:i|we|ich|wir|je|on|nous) )?"
    rf"\b(?:{_OFF})\b[^.;\n]{{0,30}}?\b(?:({_RULE})|({_AGENT})|{_FIREWALL})[^.;\n]{{0,40}}\b(?:{_RUNS})"
    rf"|\b(?:({_RULE})|({_AGENT})|{_FIREWALL})[^.;\n]{{0,30}}\b(?:{_OFF}|off|down)\b[^.;\n]{{0,30}}\b(?:{_RUNS})"
    rf"|\b(?:{_WORKS})\b[^.;\n]{{0,30}}?\b(?:{_WHEN})\b[^.;\n]{{0,24}}?"
    rf"(?:\b{_FIREWALL}[^.;\n]{{0,24}}\b(?:{_OFF}|off|down|aus)\b|\b(?:{_OFF})\b[^.;\n]{{0,20}}?\b{_FIREWALL})"
)
# What opens sessions on the way to look into them.
_INSPECTOR: Final = (
    r"(?:mail ?shield|web ?shield|avast|avg|kaspersky|eset|bitdefender|norton|mcafee|utm|ips|dpi(?:-ssl)?|anti-?virus|virens\w+"
    r"|smtp[ -]alg|(?:ssl|tls|smtp|e?-?mail|deep packet|packet|application|protocol)[ -]"
    r"(?:inspection|scan\w*|filter\w*|proxy|fixup|control|protection)|inspection|inspektion|inspección|inspeção|ispezione|inspectie|inspekcj\w+)"
)
_ON: Final = (
    r"enabl\w+|activat\w+|(?:turn|switch)\w* on|on|active|running|aktiv\w*|eingeschaltet|activ\w+|attiv\w+|ingeschakeld"
)
_FAILS: Final = (
    r"errors?|fail\w*|stuck|queue\w*|bounc\w*|time-?outs?|timed out|not (?:send|sent|deliver\w*|arrive)|[45]\d\d\b|fehler"
    r"|bleib\w*|erreurs?|errores|errori|fouten"
)
_SINCE: Final = rf"{_WHEN}|since|whenever|seit|depuis|desde|dès que|lorsque"
# Who tells nothing but that it is on, says of the error that is pasted that it comes then.
_STARTED = linear(
    rf"(?i)\b(?:{_SINCE})\b[^.;\n]{{0,40}}?\b{_INSPECTOR}\b[^.;\n]{{0,60}}?"
    rf"(?:\b(?:is|are|was|ist|est|est[áa]|è)\b \w{{0,10}} ?(?:{_ON})\b|\b(?:{_ON})\b[^;\n]{{0,60}}?\b(?:{_FAILS}))"
)
# In answer to a question it is enough that it was switched on: "yes, we enabled TLS inspection yesterday".
_SWITCHED: Final = (
    r"enabled|activated|introduced|rolled out|(?:turned|switched) on|aktiviert|eingeschaltet|eingeführt|mis en place"
    r"|activé|activad|habilitad|ativ(?:ado|ada|ámos|amos)|attivat|ingeschakeld|geactiveerd|włączy|aktiverad|slagit på"
)
_ANSWERED = linear(
    rf"(?i)\b(?:{_SWITCHED})[^.;\n]{{0,50}}?\b{_INSPECTOR}(?:\W|$)|\b{_INSPECTOR}\W[^.;\n]{{0,50}}?\b(?:{_SWITCHED})"
    r"|(?:TLS|SSL|メール)(?:の)?(?:検査|インスペクション|復号)[^。\n]{0,12}(?:有効|オン|導入)"
)
_THEIRS = linear(r"(?i)\b(?:their|remote|deren|leur|su)\b")
_NOT = linear(r"(?i)\b(?:still|not|n.t|nicht|pas|no longer|never|trotzdem)\b")

_OTHERS = linear(
    r"(?i)\b(?:their|remote|recipient.?s|other|far) (?:side|end|firewall|admins?)\b|\bgegen(?:seite|stelle)\b"
)


@recogniser(rf"\b(?:{_OFF}|{_FIREWALL}|{_INSPECTOR})\b|(?:TLS|SSL)(?:の)?(?:検査|インスペクション|復号)", rank=98)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each cure."""
    if not answers(reading):
        return []
    found = []
    for index, cured in stated(reading, _CURED):
        if _NOT.search(cured.group(0)) or _OTHERS.search(cured.string[: cured.end()]):
            continue
        rule, agent, other_rule, other_agent = cured.groups()
        name = "rule" if rule or other_rule else "agent" if agent or other_agent else "firewall"
        fact = Configured(source=source_at(reading, index), kind="told-trial", name=name)
        found.append(artefact(reading, "told-trial", [index], [fact], {"without": name}))
    started = next((each for each in stated(reading, _STARTED) if not _THEIRS.search(each[1].group(0))), None)
    if started is None and reading.paste.index:
        said = (each for each in stated(reading, _ANSWERED) if not _THEIRS.search(each[1].group(0)))
        started = next((each for each in said if not _NOT.search(each[1].string[: each[1].end()])), None)
    if started:
        fact = Configured(source=source_at(reading, started[0]), kind="told-trial", name="inspection")
        found.append(artefact(reading, "told-trial", [started[0]], [fact], {"with": "inspection"}))
    return found
