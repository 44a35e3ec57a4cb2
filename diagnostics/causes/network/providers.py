"""The great public mail providers: that their domains exist and their certificates are sound, the whole world sees every day.

So where one of them "does not exist" or "is not trusted", the fault lies with who says so, or with what stands between.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from diagnostics.causes.network.reach import by_exchange_online, kind_of
from diagnostics.facts import ConnectFailed, Fact, Reply, Said
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear

_MAILBOXES: Final = frozenset({
    "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "msn.com", "yahoo.com", "aol.com", "icloud.com",
    "me.com", "gmx.de", "gmx.net", "web.de", "t-online.de", "proton.me", "protonmail.com", "qq.com",
})  # fmt: skip
# Others whose domains exist; of how their servers refuse mail nothing follows.
_EXIST: Final = _MAILBOXES | {
    "yahoo.co.uk", "yahoo.fr", "yahoo.de", "yahoo.it", "yahoo.es", "yahoo.co.jp", "yahoo.com.br", "hotmail.co.uk", "hotmail.fr",
    "hotmail.it", "hotmail.es", "hotmail.de", "outlook.de", "outlook.fr", "live.co.uk", "live.fr", "gmx.at", "gmx.ch", "gmx.com",
    "mail.ru", "yandex.ru", "163.com", "126.com", "seznam.cz", "libero.it", "orange.fr", "free.fr", "comcast.net", "mac.com",
    "wanadoo.fr", "laposte.net", "sfr.fr", "neuf.fr", "bbox.fr", "bluewin.ch", "freenet.de", "arcor.de", "posteo.de",
    "mailbox.org", "btinternet.com", "sky.com", "att.net", "sbcglobal.net", "bellsouth.net", "verizon.net", "cox.net",
    "charter.net", "earthlink.net", "shaw.ca", "rogers.com", "bell.net", "bigpond.com", "ziggo.nl", "kpnmail.nl",
    "telenet.be", "skynet.be", "proximus.be", "alice.it", "tin.it", "virgilio.it", "tiscali.it", "wp.pl", "o2.pl", "onet.pl",
    "interia.pl", "rambler.ru", "bk.ru", "list.ru", "inbox.ru", "ukr.net", "uol.com.br", "bol.com.br", "terra.com.br",
    "fastmail.com", "tutanota.com", "ymail.com", "rocketmail.com", "naver.com", "daum.net", "sina.com", "yahoo.ca",
    "yahoo.com.au", "yahoo.in", "hotmail.ca", "hotmail.be", "hotmail.nl", "live.nl", "live.de",
}  # fmt: skip
_SERVERS: Final = _MAILBOXES | {
    "google.com",
    "yahoodns.net",
    "office365.com",
    "sendgrid.net",
    "mailgun.org",
    "mx.microsoft",
    "mandrillapp.com",
    "mailjet.com",
    "sendinblue.com",
    "brevo.com",
    "postmarkapp.com",
    "yandex.ru",
    "zoho.com",
}
# Amazon's service alone: other hosts below its domain are customers' machines.
_SES = linear(r"(?i)^email-smtp(?:-fips)?\.[a-z0-9-]{2,30}\.amazonaws\.com$")
# Where their customers' programs hand mail in, as their documentation has it.
_SUBMISSION: Final = frozenset({
    "smtp.office365.com", "smtp-legacy.office365.com", "outlook.office365.com", "smtp-mail.outlook.com", "smtp.gmail.com",
    "smtp.googlemail.com", "smtp-relay.gmail.com", "smtp.mail.yahoo.com", "smtp.mail.me.com", "smtp.aol.com", "smtp.zoho.com",
    "smtp.sendgrid.net", "smtp.mailgun.org", "mail.gmx.net", "smtp.web.de",
})  # fmt: skip
_MISTYPED: Final = (
    "gmail.com",
    "hotmail.com",
    "outlook.com",
    "yahoo.com",
    "icloud.com",
    "googlemail.com",
    "protonmail.com",
)
CUT: Final = "Connection dropped due to"
_CUT = linear(rf"(?i)\b{CUT} (?:socket ?error|connection ?(?:reset|aborted))\b")
_COM_ONLY: Final = ("gmail.", "icloud.")  # have mailboxes below no other top-level domain
_REAL: Final = frozenset({"mail.com", "email.com", "ymail.com"})  # providers too, one letter from gmail.com


def has_mailboxes(domain: str) -> bool:
    """Whether `domain` is one that a provider gives mailboxes in; a host below it need not exist."""
    return domain.lower().rstrip(".") in _EXIST


def of_provider(name: str) -> bool:
    """Whether `name`, a host, a domain or an address, is one of the providers' own."""
    labels = name.rpartition("@")[2].lower().strip("<>[]. ").removeprefix("*.").split(".")
    known = any(".".join(labels[at:]) in _SERVERS for at in range(len(labels) - 1))
    return known or bool(_SES.search(".".join(labels)))


def mistyped(domain: str) -> str:
    """The provider that `domain` is one slip of the finger away from (hotmal.com, gmial.com, gmail.con); "" for any other."""
    name = domain.lower().rstrip(".")
    if name in _EXIST or name in _REAL:
        return ""
    foreign = next((f"{label}com" for label in _COM_ONLY if name.startswith(label)), "")
    return foreign or next((each for each in _MISTYPED if _one_slip(name, each)), "")


def _one_slip(name: str, other: str) -> bool:
    """Whether one letter is missing, doubled or wrong, or two neighbours have changed places."""
    start = next((at for at, (a, b) in enumerate(zip(name, other, strict=False)) if a != b), min(len(name), len(other)))
    rest, wanted = name[start:], other[start:]
    swapped = rest[1::-1] + rest[2:] == wanted
    return name != other and (rest[1:] == wanted or rest == wanted[1:] or rest[1:] == wanted[1:] or swapped)


def always_reached(host: str, ip: str) -> bool:
    """Whether mail servers that the whole world delivers to every second stand there, and none that only clients log on to."""
    return kind_of(ip) == "exchange-online" or (of_provider(host) and not host.lower().startswith("smtp."))


def by_provider(failed: ConnectFailed) -> bool:
    """Whether one of them tried, and tells of it in a bounce: its way out is not the reader's, and reaches everybody else."""
    return bool(failed.reporter) and of_provider(failed.reporter)


def submission_host(said: Said, settings: Iterable[Configured]) -> str:
    """The provider's server that a client is to send through, where it is one that is known to exist; "" for any other."""
    told = said.host or next((each.name for each in settings if each.kind == "told-destination"), "")
    return told if told.lower() in _SUBMISSION else ""


def lost_by_the_cloud(fact: Fact, replies: Iterable[Reply]) -> bool:
    """Whether `fact` was read from Exchange Online's report that its own session with such a provider broke off: no server,
    certificate or device of the reader's took part in that, and it breaks off when the provider doesn't want the mail."""
    return any(each.source == fact.source and _lost(each) for each in replies)


def _lost(reply: Reply) -> bool:
    host = reply.by.lower().rstrip(".")
    tenant = host.endswith((".mail.protection.outlook.com", ".mx.microsoft"))
    if tenant or not of_provider(host) or not _CUT.search(reply.text):
        return False
    return any(by_exchange_online(layer) for layer in (reply.whole, *reply.wrappers))


def set_to_provider(settings: Iterable[Configured]) -> str:
    """The provider that a client sends through, by its server, else by the account's address, else by the only server that the
    text names; "" where none is told."""
    told = ""
    for each in settings:
        name = each.get("Host") or each.get("User").rpartition("@")[2] if each.kind == "client-settings" else ""
        if name:
            return name if of_provider(name) else ""
        told = told or (each.name if each.kind == "told-destination" else "")
    return told
