"""Whether a client logs on before it sends, as a person tells beside its refusal: `we authenticate as erp@contoso.com`; that it
sends by an account, which is less (`Used`); and which
mechanism the server does not have: `it does not support AUTH LOGIN`.

Read beside the refusal that depends on it, and in what answers a question. What is denied, wished or asked states nothing.
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
from diagnostics.recognisers.told_settings import MOST_LINES, supposes, without_question

_ACCOUNT = linear(
    r"(?i)\b(?:logs?|logged|logging) (?:on|in) (?:as|with|to)\b"
    r"|\b(?:authenticat|authentifi)ed (?:him|her|it|them)sel(?:f|ves) as\b"
    r"|\bwe log (?:on|in)\b|\bauthenticat(?:es?|ed"
    r"|ing) (?:as|with|by|via"
    r"|users?|smtp|sender|session|connector|connection)\b|\bauth(?:entication)? (?:method|type|mode)\W{1,3}(?:is |set to )?"
    r"(?:login|plain|ntlm|basic)\b"
    r"|\b(?:with|uses?|using) (?:the |its |valid |correct |domain |a )?(?:credentials|username and password"
    r"|user ?name|service account)\b"
    r"|\baccounts?\b[^.;\n]{0,20}\bfor (?:smtp )?auth\w*"
    r"|\b(?:authentication|log-?(?:on|in)) (?:itself |part |step )?"
    r"(?:(?:is|was) (?:successful|fine|ok(?:ay)?|no problem|not the problem)"
    r"|works?\b|worked\b|succe\w+|passes\b|goes (?:through|well|fine))"
    r"|\b(?:authenticat(?:es?|ed|ing)|log(?:s|ged)? (?:on|in)) (?:\w+ )?"
    r"(?:successfully|fine|ok(?:ay)?|correctly|without (?:a |any )?(?:problems?|errors?|issues?))"
    r"|\b(?:anmeldung|authentifizierung) (?:ist erfolgreich|klappt|funktioniert|geht)\b"
    r"|\bauthentification (?:fonctionne|réussit|passe)\b"
    r"|\bautenticaci[oó]n (?:funciona|es correcta)\b|\bautenticazione (?:funziona|riesce)\b"
    r"|\bauthentifiziert\w*|\bmeldet sich\b[^.\n]{0,40}\ban\b|\bsich anmeldet\b|\bmit (?:den |gültigen )?(?:anmelde"
    r"|zugangs)daten\b"
    r"|\bs.authentifie\w*|\bse connecte avec\b|\bavec (?:un |l.)?identifiants?\b|\bse autentica\w*|\binicia sesión\b"
    r"|\bcon (?:las |le )?(?:credenciales|credenziali)\b|\bsi autentica\b|\bautenticat[oa]\b|\bmeldt zich aan\b|\blogt in\b"
    r"|\bgeauthenticeerd\w*"
)
# "It works when I connect to my old account", "wir senden über das Konto": sending by an account, and nothing of a logon.
_BY = r"(?:to|over to|with|through|via|from|by)"
_USED = linear(
    r"(?i)\b(?:connect(?:s|ed|ing)?|send(?:s|ing)?|sent|switch(?:es|ed|ing)?(?: over)?|submit(?:s|ted|ting)?|relay(?:s|ed|ing)?"
    rf"|go(?:es)?|configured|set up) (?:\w+ ){{0,2}}?{_BY} (?:my|our|its|their|this|that|the|an?|another) "
    r"(?:[\w.-]+ ){0,4}?accounts?\b"
    r"|\bus(?:es?|ed|ing) (?:my|our|its|this|the|an?) (?:[\w.-]+ ){0,4}?account\b"
    r"|\b(?:über|mit) (?:d(?:as|em)|ein(?:em)?|unser(?:em)?|mein(?:em)?) (?:[\w.-]+ ){0,3}?konto\b"
    r"|\bavec (?:le|un|mon|notre) (?:[\w.-]+ ){0,2}?compte\b|\bcon (?:la|una|mi|nuestra) (?:[\w.-]+ ){0,2}?cuenta\b"
    r"|\bcon (?:l.|un |il mio )?account\b|\bmet (?:het|een|mijn|ons) (?:[\w.-]+ ){0,2}?account\b"
)
_ANONYMOUS = linear(
    r"(?i)\b(?:without|no|does ?n.t use|not using) (?:any |a )?(?:authenticat\w+|log-?(?:on|in)|credentials"
    r"|user ?name|password)\b"
    r"|\b(?:sends?|connects?|submits?|relays?|is|mail) anonymous(?:ly)?\b"
    r"|\bdo(?:es)?(?: not|n.t) (?:authenticate|log (?:on|in))\b"
    r"|\b(?:do(?:es)?|did)(?: not|n.t) (?:need|require|use) (?:any |an? )?(?:authenticat\w+|log-?(?:on|in)|credentials)\b"
    r"|\bunauthenticated\b|\bohne (?:anmeldung|authentifizierung|login|zugangsdaten)\b|\bsendet anonym\b"
    r"|\bsans (?:authentification|identifiants?)\b|\bsin (?:autenticación|credenciales)\b|\bsenza (?:autenticazione"
    r"|credenziali)\b"
    r"|\bzonder (?:authenticatie|aanmelding|inloggen)\b"
)
_DENIED = linear(
    r"(?i)\b(?:not|n.t|never|no|without|cannot|nicht|kein\w*|ohne|pas|sans|sin|senza|niet|zonder|fails? to|tries to|unable to)\b"
    r"[^.;,\n]{0,30}$"
)
# What a connector is set to let in; whether this client logged on is another matter.
_LETS_IN = linear(r"(?i)\b(?:allow\w*|permit\w*|accept\w*|lets?|restrict\w*|for|limited to)\b[^.;,\n]{0,16}$")
_REFUSALS: Final = ("permissions to send as", "permission to send as")
_MECHANISM: Final = r"(?:auth\w*[ -]?)?(LOGIN|PLAIN(?:[ -]?TEXT)?|CRAM\w*(?:-MD5)?|DIGEST-?MD5|NTLM|GSSAPI|XOAUTH2)\b"
_UNSUPPORTED = linear(
    rf"(?i)\b(?:does ?n.t|does not|do ?n.t|do not|not|never|no longer|only|nicht|kein\w*|nur|pas|no|solo|non|niet|alleen)"
    rf"\s(?:\w+ ){{0,2}}?(?:support\w*|offer\w*|accept\w*|advertis\w*|list\w*"
    rf"|admite|soporta|ofrece|offre|propose|biet\w*|unterstützt\w*|ondersteunt)"
    rf"\s(?:[\w-]+ ){{0,4}}?{_MECHANISM}"
    rf"|\b(?:unterstützt|ondersteunt|supporte|bietet)\s(?:\w+ ){{0,3}}?(?:kein\w*|nicht|geen|pas|nur|alleen)"
    rf"\s(?:[\w-]+ ){{0,2}}?{_MECHANISM}|(?:不支持|不提供|サポート(?:していない|されていない)).{{0,12}}?{_MECHANISM}"
)
_UNRECOGNIZED: Final = "unrecognized authentication type"


@recogniser(
    r"\b(?:log(?:s|ged|ging)? (?:on|in)|log-?(?:on|in)|auth\w*|anonym\w*|unauthenticated|credentials|user ?name|service account"
    r"|anmeld\w*|zugangsdaten|meldet|geauthenticeerd\w*|identifiants?|connecte|autentica\w*|sesión|credenciales|credenziali"
    r"|meldt|logt|inloggen|accounts?|konto|compte|cuenta|aanmelding|password|autenticaci[oó]n|autenticazione|login|plain\w*|cram\w*|ntlm|gssapi|xoauth2)\b",
    rank=98,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """The first statement of each way; both, where both are told, are none. And the first that denies a mechanism."""
    return [*_ways_told(reading), *_mechanism(reading)]


def _mechanism(reading: Reading) -> Sequence[Artefact]:
    if not reading.paste.index and not any(_UNRECOGNIZED in line.lower() for line in reading.paste.lines[:MOST_LINES]):
        return []
    for index, line in reading.sentences()[:MOST_LINES]:
        told = _UNSUPPORTED.search(without_question(line)[:1000])
        if told and not supposes(line[: told.start()]):
            name = next(each for each in told.groups() if each).upper()
            fact = Configured(source=source_at(reading, index), kind="told-mechanism", name=name)
            return [artefact(reading, "told-mechanism", [index], [fact], {"mechanism": name})]
    return []


def _ways_told(reading: Reading) -> Sequence[Artefact]:
    if not reading.paste.index and not any(
        words in line.lower() for line in reading.paste.lines[:MOST_LINES] for words in _REFUSALS
    ):
        return []
    found: dict[str, int] = {}
    for index, line in reading.sentences()[:MOST_LINES]:
        for how in _ways(without_question(line)[:1000]):
            found.setdefault(how, index)
    if len(found) > 1:
        found.pop("Used", None)  # who tells of the logon itself tells more
    if len(found) != 1:
        return []
    [(how, index)] = found.items()
    fact = Configured(source=source_at(reading, index), kind="told-logon", name=how)
    return [artefact(reading, "told-logon", [index], [fact], {"logon": how})]


def _ways(line: str) -> list[str]:
    ways = []
    account = _ACCOUNT.search(line)
    before = line[: account.start()] if account else ""
    if account and not (supposes(before) or _DENIED.search(before) or _LETS_IN.search(before)):
        ways.append("Account")
    anonymous = _ANONYMOUS.search(line)
    if anonymous and not supposes(line[: anonymous.start()]):
        ways.append("Anonymous")
    used = _USED.search(line) if not ways else None
    if used and not supposes(line[: used.start()]) and not _DENIED.search(line[: used.start()]):
        ways.append("Used")
    return ways
