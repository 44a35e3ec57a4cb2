"""How a client is set to send, as people paste it beside its error: an application's configuration, swaks, a line of code.

One fact for the whole paste: Host, Port, User (empty where it is set to none), Encryption and Mechanism, each as far as told. And
the error numbers of Microsoft Entra's sign-in log, which say why a logon was refused. Read only beside something else that was
pasted.
Source: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.facts import Fact
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.mail_words import provider_host
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.told_settings import MOST_LINES, answers, supposes

_KEY: Final = r"(?:mail|smtp|e-?mail)(?:er)?[ _.-]{0,2}(?:smtp[ _.-])?"
_SETTING = linear(
    rf"(?i)(?:^|[\s,;{{(>\"'*-])({_KEY}(?:host(?:name)?|server|relay|port|user(?:[ _.-]?name)?|auth[ _.-]?user|login|encryption"
    r"|secure|ssl|tls|starttls|auth(?:entication|[ _-]?type|[ _-]?mode)?))[\"']?\s{0,8}(?:=>|[=:])\s{0,8}"
    r"[\"']?([^\s\"',;)}]{1,253}|$)"
)
# Rails, and with it Discourse and GitLab
_ADDRESS = linear(
    r"(?i)\bsmtp_address[\"']?[\]}]?\s{0,8}(?:=>|[=:])\s{0,8}[\"']?([\w-]{1,63}(?:\.[\w-]{1,63}){1,8})(?:$|[\s\"',;])"
)
_CALL: Final = r"\b(?:client|smtp)\w{0,20}(?:\.Connect(?:Async)?)? ?\(\s?"
_TRIAL: Final = "--quit-after"  # swaks
_SWITCHES: Final = (
    ("Host", _ADDRESS),
    ("Host", linear(r"(?i)\bswaks\b.{0,200}?(?:^|\s)(?:-s|--server) ([\w.-]{3,253})")),
    ("User", linear(r"(?i)\bswaks\b.{0,200}?(?:^|\s)(?:-au|--auth-user) (\S{1,120})")),
    ("Encryption", linear(r"(?i)\bswaks\b.{0,200}?(?:^|\s)(--?tls\w*)\b")),
    ("Host", linear(r"(?i)-SmtpServer ['\"]?([\w.-]{3,253})")),
    ("Encryption", linear(r"(?i)-SmtpServer.{0,200}(-UseSsl)\b")),
    ("Host", linear(r"(?i)\bSMTP(?:_SSL)?\(['\"]([\w.-]{3,253})['\"]")),
    ("Port", linear(r"(?i)\bSMTP(?:_SSL)?\(['\"][\w.-]{3,253}['\"], ?(25|465|587)\b")),
    ("Encryption", linear(r"\b(SMTP_SSL)\(")),
    # MailKit's Connect, and the constructor of .NET's own SmtpClient
    ("Host", linear(rf"(?i){_CALL}['\"]([\w.-]{{3,253}})['\"]")),
    ("Port", linear(rf"(?i){_CALL}['\"][\w.-]{{3,253}}['\"], ?(25|465|587)\b")),
    (
        "Encryption",
        linear(
            rf"(?i){_CALL}['\"][\w.-]{{3,253}}['\"], ?\d{{2,5}}, ?(?:SecureSocketOptions\.)?(true|SslOnConnect|StartTls)\b"
        ),
    ),
    ("Host", linear(r"(?i)\b(?:smtp|mail) (?:host|server) (?:is|set to)? ?([\w-]{1,63}(?:\.[\w-]{1,63}){2,8})")),
    ("Port", linear(r"(?i)\b(?:port|puerto|porta|poort) (25|465|587)\b")),
    # fetchmail: `smtphost mail.contoso.com/587`, and what it says when it opens the session
    ("Port", linear(r"(?i)(?:\bsmtphost ['\"]?|\bTrying to connect to )[\w.:-]{1,253}/(25|465|587)\b")),
    ("Port", linear(r"(?i)\bemail to the following server failed ?: ?[\w.-]{1,253}:(25|465|587)\b")),  # Commons Email
)
# Beside other settings of a client: the server by its address, or a host by its full name.
_BY_ADDRESS = linear(
    r"(?i)(?:^|[\s*-])(?:server|host|サーバー?|服务器|伺服器|сервер|servidor|serveur)(?:名|[ -]?ip|[ -]?address)?\s?[:：=]\s{0,4}"
    r"((?:\d{1,3}\.){3}\d{1,3})\b|(?:^|[\s*-])host(?:name)?\s?[:=]\s{0,4}['\"]?([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){2,8})\b"
)
# A form of settings, copied with its values: a label, blanks, the value.
_FORM = linear(
    r"(?i)^\s*(?:(smtp[ -](?:server|host)|mail[ -]?server|outgoing server)"
    r"|(user ?name|login|account|benutzername|用户名|utilisateur|usuario)|((?:smtp )?port))"
    r"\s{0,4}(?:\t+|\s{2,}|[:：])\s{0,8}([^\s:：].{0,120})$"
)
_FORM_FIELDS: Final = ("Host", "User", "Port")
# A name or an address; a number alone is a reply's.
_HOST = linear(r"(?i)^(?:(?:[a-z0-9-]{1,63}\.){0,8}[a-z0-9-]{0,62}[a-z][a-z0-9-]{0,62}\.?|(?:\d{1,3}\.){3}\d{1,3})$")
_FIELDS: Final = (
    ("host", "Host"), ("server", "Host"), ("relay", "Host"), ("port", "Port"), ("user", "User"), ("login", "User"),
    ("encryption", "Encryption"), ("secure", "Encryption"), ("ssl", "Encryption"), ("tls", "Encryption"),
)  # fmt: skip
_WORKS = linear(
    r"(?i)\b(?:works?|working|fine|no problems?|succeed\w*|funktioniert|klappt|fonctionne|funciona|funziona)\b"
)
_BROKEN = linear(
    r"(?i)\b(?:stop(?:s|ped)?|no longer|not|n.t|nicht mehr|nicht|ne) (?:\w+ )?(?:works?|working|funktioniert\w*)\b"
)
_NONE: Final = frozenset({"", "null", "none", "false", "off", "no", "nil", "~", "undefined", "empty"})
_TOKEN = linear(
    r"(?i)\bXOAUTH2\b|\bOAuth ?2?(?:\.0)?\b|\bSMTP\.(?:SendAsApp|Send)\b|\bclient[ _]credentials\b|\bservice principal"
    r"|\bapp(?:lication)? registration\b"
)
_WITHOUT = linear(r"(?i)\b(?:no|not|without|instead of|before|move to|switch to|migrate to|from)\b[^.;:]{0,24}$")
_SIGN_IN = linear(
    r"(?i)\bAADSTS(\d{5,7})\b|(?:sign-?in|entra|azure ad|error code)[^\n]{0,80}?\b(5[03]\d{3,4}|65001|7000\d{2,3})\b"
)


@recogniser(
    rf"{_KEY}(?:host|server|relay|port|user|login|encryption|secure|ssl|tls|starttls|auth)|swaks|-SmtpServer"
    r"|protection\.outlook\.com|mx\.microsoft|smtp\S{0,5}\.(?:office365|outlook|g)|l\.google\.com"
    r"|(?:google|gmail|365)(?:.?s)? (?:mail )?smtp\b|smtp (?:server |relay )?(?:of|from|by) (?:google|gmail|office|microsoft)"
    r"|\b(?:port|puerto|porta|poort) (?:25|465|587)\b|SMTP(?:_SSL)?\("
    r"|\bConnect(?:Async)?\s?\(|SmtpClient|following server failed|smtphost |connect to \S+/(?:25|465|587)"
    r"|OAuth|SMTP\.Send|client.credentials|app(?:lication)? registration|AADSTS\d|sign-?in|\bentra\b|error code",
    rank=94,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """The client's settings as one artefact, and each line with a sign-in error as one."""
    if not answers(reading):
        return []
    lines = [(index, line[:1000]) for index, line in reading.sentences()[:MOST_LINES]]
    return [*_settings(reading, lines), *_destination(reading, lines), *_sign_ins(reading, lines)]


def _settings(reading: Reading, lines: list[tuple[int, str]]) -> Iterator[Artefact]:
    told: dict[str, str] = {}
    where: list[int] = []
    for index, line in lines:
        for name, value in _told(line):
            told.setdefault(name, value)
            where.append(index)
    for index, name, value in _form(lines):
        told.setdefault(name, value)
        where.append(index)
    address = next((found for _, line in lines if (found := _BY_ADDRESS.search(line))), None) if told else None
    if address:
        told.setdefault("Host", address.group(1) or address.group(2))
    if told:
        source = source_at(reading, where[0])
        fact = Configured(source=source, kind="client-settings", name=told.get("Host", ""), values=tuple(told.items()))
        yield artefact(reading, "told-client", where, [fact], dict(told))


def _form(lines: list[tuple[int, str]]) -> list[tuple[int, str, str]]:
    """The fields of a form that has one for the SMTP server; the labels alone are anybody's."""
    found = []
    for index, line in lines:
        row = _FORM.search(line)
        if row:
            name = next(name for name, label in zip(_FORM_FIELDS, row.groups()[:3], strict=True) if label)
            found.append((index, name, str(row.group(4)).strip()))
    return found if any(name == "Host" and _HOST.search(value) for _, name, value in found) else []


def _destination(reading: Reading, lines: list[tuple[int, str]]) -> Iterator[Artefact]:
    """The first provider's host that a sentence names, unless it tells that sending there works."""
    named = ((index, provider_host(line)) for index, line in lines if not _WORKS.search(_BROKEN.sub("", line)))
    index, host = next(((index, host) for index, host in named if host), (0, ""))
    if host:
        fact = Configured(source=source_at(reading, index), kind="told-destination", name=host)
        yield artefact(reading, "told-destination", [index], [fact], {"host": host})


def _told(line: str) -> Iterator[tuple[str, str]]:
    if _TRIAL in line:
        return  # somebody tries the server out, and not as the client is set
    for match in _SETTING.finditer(line):
        key, value = match.group(1).lower(), match.group(2)
        name = next((name for part, name in _FIELDS if part in key.removeprefix("mail").removeprefix("smtp")), "")
        if name and (
            name != "Host" or value.lower() in _NONE or _HOST.search(value)
        ):  # a variable's name tells no host
            yield name, "" if value.lower() in _NONE else value
    for name, pattern in _SWITCHES:
        found = pattern.search(line)
        if found:
            yield name, found.group(1)
    token = _TOKEN.search(line)
    if token and not line.rstrip().endswith("?"):
        before = line[: token.start()]
        if not supposes(before) and not _WITHOUT.search(before):
            yield "Mechanism", "XOAUTH2"


def _sign_ins(reading: Reading, lines: list[tuple[int, str]]) -> Iterator[Artefact]:
    for index, line in lines:
        found = _SIGN_IN.search(line)
        if found:
            number = found.group(1) or found.group(2)
            facts: list[Fact] = [
                Configured(source=source_at(reading, index), kind="sign-in", name=number, values=(("Error", number),))
            ]
            yield artefact(reading, "told-sign-in", [index], facts, {"error": number})
