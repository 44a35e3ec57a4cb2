"""How Exchange's transport logs are laid out and worded: what recognisers of pasted rows and readers of large logs share.

Imports little: a large log is being read before the facts and the causes are loaded.
"""

from __future__ import annotations

from typing import Final, Literal

from diagnostics.patterns import linear

# A row is known by its time; where a console wrapped it, the other columns come on the next line.
START: Final = r"^\s*\d{4}-\d\d-\d\dT\d\d:\d\d:[\d.]+Z?,"

PROTOCOL_COLUMNS: Final = (
    "date-time", "connector-id", "session-id", "sequence-number", "local-endpoint", "remote-endpoint", "event", "data",
    "context",
)  # fmt: skip
"""SMTP send and receive. Source: https://learn.microsoft.com/exchange/mail-flow/connectors/protocol-logging"""

TRACKING_COLUMNS: Final = (
    "date-time", "client-ip", "client-hostname", "server-ip", "server-hostname", "source-context", "connector-id", "source",
    "event-id", "internal-message-id", "message-id", "network-message-id", "recipient-address", "recipient-status",
    "total-bytes", "recipient-count", "related-recipient-address", "reference", "message-subject", "sender-address",
    "return-path", "message-info", "directionality",
)  # fmt: skip
"""Source: https://learn.microsoft.com/exchange/mail-flow/transport-logs/message-tracking"""

CONNECTIVITY_COLUMNS: Final = ("date-time", "session", "source", "destination", "direction", "description")
"""Source: https://learn.microsoft.com/exchange/mail-flow/transport-logs/connectivity-logging"""

TRACKING_ORIGINS: Final = (
    "SMTP|STOREDRIVER|ROUTING|AGENT|DSN|QUEUE|ADMIN|DNS|RESOLVER|ORAR|BADMAIL|PICKUP|GATEWAY|MEETINGMESSAGEPROCESSOR"
    "|POISONMESSAGE|REDUNDANCY|SAFETYNET|BOOTLOADER|AGGREGATION|APPROVAL|MAILBOXRULE|PUBLICFOLDER"
)
TRACKING_EVENTS: Final = (
    "RECEIVE|SEND|SENDEXTERNAL|FAIL|DEFER|DSN|DELIVER|DROP|EXPAND|REDIRECT|RESOLVE|SUBMIT|SUBMITDEFER|SUBMITFAIL|SUPPRESSED"
    "|THROTTLE|TRANSFER|POISONMESSAGE|BADMAIL|MODERATORREJECT|MODERATORAPPROVE|MODERATORSALLNDR|MODERATIONEXPIRE"
    "|DUPLICATEDELIVER|DUPLICATEEXPAND|DUPLICATEREDIRECT|HARECEIVE|HAREDIRECT|HAREDIRECTFAIL|HADISCARD|NOTIFYMAPI|LOAD"
    "|PROCESS|PROCESSMEETINGMESSAGE|AGENTINFO|INITMESSAGECREATED|RESUBMIT|RESUBMITDEFER|RESUBMITFAIL|CONVERSATIONCONVERT"
    "|CLIENTSUBMISSION|DELIVERFAIL|NOTIFYSHADOW"
)
TRACKING_SIGN: Final = rf"{START}.*(?:{TRACKING_ORIGINS}),(?:{TRACKING_EVENTS}),"
CONNECTIVITY_SIGN: Final = START + r"\"?[0-9A-FXx*]{0,17}\"?,[A-Za-z][A-Za-z ]{2,40},[^,]*,[-+>],"

FAILED_EVENTS: Final = frozenset(
    {"FAIL", "DEFER", "DELIVERFAIL", "SUBMITFAIL", "SUBMITDEFER", "BADMAIL", "POISONMESSAGE", "MODERATORREJECT", "SUPPRESSED",
     "MODERATIONEXPIRE", "MODERATORSALLNDR", "RESUBMITFAIL", "RESUBMITDEFER"}
)  # fmt: skip
"""Events of the tracking log that say that a message did not get on."""

TLS_FAILED: Final = linear(
    r"(?i)TLS negotiation failed(?: with error (\w{1,40}))?"
)  # who shortens a log leaves the name out
UNNAMED: Final = "unknown"
CLOSED_SILENTLY: Final = "the connection was closed without a reply"

DELIVERED: Final = linear(r"(?i)\bMessages:\s*0*[1-9]\d*")
CLOSING: Final = linear(r"(?i)^\s*Messages:\s*\d+\s+Bytes:\s*\d+\s*(?:\((.*)\))?")
_DNS: Final = linear(r"(?i)\bDNS server returned (\w+)|\bDNS query failed")
_DNS_FINE: Final = frozenset({"success", "infonorecords", "infotruncated"})
REPLY_NUMBER: Final = r"\b[45]\d\d[ -]"
_TROUBLE: Final = linear(
    r"(?i)\b(?:fail(?:ed|ure)?|errors?|rejected|refused|abruptly|timed out|timeout|not active|dropped|unreachable|reset)\b"
    rf"|^Retry\b|{REPLY_NUMBER}"
)
_NEXT_TARGET: Final = linear(r"(?i)attempting next target|retry")

WINSOCK: Final = linear(
    r"(?i)(?:(?:winsock|socket) error(?: code)?:?\s*(?:# ?)?|\[(?:WinError|Errno) |\bSocketException \()(100\d\d)"
    r"|\bWSAE\w+\s*\(?(100\d\d)"
    r"|\b(?:TimedOut|ConnectionRefused|HostUnreachable|NetworkUnreachable|ConnectionReset|ConnectionAborted)"
    r":0*(27[0-9A-F]{2})"
)
Unreached = Literal["timeout", "refused", "unreachable"]
_SOCKET_WORDS: Final[tuple[tuple[str, Unreached], ...]] = (
    ("sockettimedout", "timeout"),
    ("connectionrefused", "refused"),
    ("connection refused", "refused"),
    ("actively refused", "refused"),
    ("[errno 111]", "refused"),  # Python's loop of events, whose words are "Connect call failed"
    ("wsaeconnrefused", "refused"),
    ("wsaetimedout", "timeout"),
    ("networkunreachable", "unreachable"),
    ("hostunreachable", "unreachable"),
    ("network is unreachable", "unreachable"),
    ("no route to host", "unreachable"),
    ("cannot assign requested address", "unreachable"),  # a machine without any IPv6 address
    ("did not properly respond after a period of time", "timeout"),
    # Node's names, and Windows in other languages
    ("econnrefused", "refused"),
    ("etimedout", "timeout"),
    ("enetunreach", "unreachable"),
    ("ehostunreach", "unreachable"),
    ("did not accept our requests to connect", "timeout"),  # Gmail
    ("able to establish an smtp connection", "timeout"),  # qmail
    ("host not reachable", "unreachable"),  # Zoho
    ("network error on destination mx", "unreachable"),  # OpenSMTPD, after it has tried all of them
    ("zielcomputer die verbindung verweigerte", "refused"),
    ("cible l'a expressément refusée", "refused"),
    ("denegó expresamente dicha conexión", "refused"),
    ("rifiuto persistente del computer", "refused"),
    ("actief heeft geweigerd", "refused"),
    # The C library of Linux in other languages
    ("verbindungsaufbau abgelehnt", "refused"),
    ("connexion refusée", "refused"),
    ("conexión rehusada", "refused"),
    ("conexión rechazada", "refused"),
    ("conexão recusada", "refused"),
    ("connessione rifiutata", "refused"),
    ("verbinding is geweigerd", "refused"),
    ("verbinding geweigerd", "refused"),
    ("połączenie odrzucone", "refused"),
    ("в соединении отказано", "refused"),
    ("接続を拒否されました", "refused"),
    ("wartezeit für die verbindung ist abgelaufen", "timeout"),
    ("connexion terminée par expiration du délai", "timeout"),
    ("tiempo de espera de la conexión", "timeout"),
    ("expiró el tiempo de conexión", "timeout"),
    ("tempo esgotado para conexão", "timeout"),
    ("connessione scaduta", "timeout"),
    ("verbinding is verlopen", "timeout"),
    ("przekroczony czas oczekiwania na połączenie", "timeout"),
    ("время ожидания соединения истекло", "timeout"),
    ("接続がタイムアウトしました", "timeout"),
    ("keine route zum zielrechner", "unreachable"),
    ("aucun chemin d'accès pour atteindre l'hôte", "unreachable"),
    ("no hay ninguna ruta hasta el", "unreachable"),
    ("gegenstelle nach einer bestimmten zeitspanne nicht", "timeout"),
    ("n'a pas répondu convenablement au-delà", "timeout"),
    ("la parte conectada no respondió", "timeout"),
    ("parte connessa non ha risposto correttamente", "timeout"),
)
_BY_NUMBER: Final[dict[int, Unreached]] = {
    10060: "timeout",
    10061: "refused",
    10051: "unreachable",
    10065: "unreachable",
}
_RESET: Final = frozenset({10054, 10053})
_TIMED_OUT: Final = linear(
    r"(?i)\b(?:connect to|failed to connect|could ?n[o']t connect|cannot connect|unable to connect|connection to)\b"
    r".{0,300}?\btimed out"
    r"|\berror connecting to .{0,300}?\btimeout|\bdial tcp [\d\[][^ ]{0,60} (?:connect: )?.{0,20}\b(?:i/o timeout|timed out)"
    r"|\[Errno (?:110|60)\]|\bOpenTimeout\b|\bETIMEDOUT\b|\b(?:connection|operation) timed out (?:during user open )?with [\w.-]+"
    # Exim, of the socket: what an open session waited for in vain, it calls an SMTP timeout
    r"|\bhost \S{1,253} \[[0-9a-f.:]{3,45}\]:? connection timed out\b|\bconnection timed out: retry time"
)

_RECORD: Final = "sending message"
_LATE: Final = ("timed out", "timeout", "[errno", "etimedout")  # most texts have none, and need no pattern made


def refuses(note: str) -> bool:
    """Whether what a server noted begins with the number of a refusal. `*,482,sending message` begins with a record's."""
    number, text = note[:3], note[3:].lstrip(" -")
    return number[:1] in ("4", "5") and number.isdigit() and not note[3:4].isdigit() and not text.startswith(_RECORD)


def logon_denied(note: str) -> bool:
    """Whether a server notes that a client could not log on: `Inbound AUTH LOGIN failed because of LogonDenied`."""
    return "failed because of " in note and "AUTH " in note


def accepted(reply: str) -> bool:
    """Whether a server's 250 says that it has taken a message: Exchange, Postfix, Google and Exim each in its words."""
    if reply.startswith(("250 2.6.0", "250 OK id=", "250 Ok id=")) or "queued" in reply[:80].lower():
        return True
    return reply.startswith("250 2.0.0 OK ") and reply[13:].lstrip()[:1].isdigit()


def unreached(text: str) -> tuple[Unreached, int] | None:
    """Why a TCP connection did not open, and Winsock's number (0: none), if `text` says so. A reset is of an open one."""
    number = WINSOCK.search(text)
    winsock = 0
    if number:
        groups = number.groups()
        winsock = int(groups[0] or groups[1] or int(groups[2], 16))
    if winsock in _RESET:
        return None
    kind, low = _BY_NUMBER.get(winsock), text.lower()
    if kind is None:
        kind = next((name for words, name in _SOCKET_WORDS if words in low), None)
    if kind is None and any(words in low for words in _LATE) and _TIMED_OUT.search(text):
        kind = "timeout"
    return (kind, winsock) if kind else None


def unconnected(kind: str, winsock: int) -> str:
    """The failure in the words that sessions are counted under."""
    return f"connection failed ({winsock or kind})"


def troubled(reason: str) -> bool:
    """Whether a row of the connectivity log says that something went wrong."""
    dns = _DNS.search(reason)
    if dns:
        return (dns.group(1) or "").lower() not in _DNS_FINE
    return bool(_TROUBLE.search(reason)) and not _NEXT_TARGET.fullmatch(reason.strip())
