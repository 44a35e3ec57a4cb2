"""What SMTP clients and devices say: .NET, MailKit, Python, Java, Node, PHP, SQL Server's Database Mail, IIS, printers.

An exception wraps another; the reply of the server, or the socket's error, is the innermost. Python shows bytes and
`\\n`, IIS writes `+` for blanks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from diagnostics.artefacts import Artefact
from diagnostics.facts import ConnectFailed, Fact, TlsFailed
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact, failed_reply
from diagnostics.recognisers.client_sentences import SENTENCES, displayed, kind_of_failure, says_so
from diagnostics.recognisers.event_quotes import explains
from diagnostics.recognisers.mail_words import of_mail, of_others
from diagnostics.recognisers.reply_text import codes
from diagnostics.recognisers.reply_wording import asks_about
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.system_words import STEMS, in_known_words
from diagnostics.recognisers.tls_library import speaks, told

Lines = list[tuple[int, str]]

# Thunderbird and Outlook name the kind of server; what follows is in their users' language.
_DIALOGS: Final = (
    r"\b(?:Outgoing server|Postausgangs-?Server|Serveur sortant|Servidor de (?:correo )?saliente|Servidor saliente"
    r"|Server in uscita|Uitgaande server|Servidor de envio) \(SMTP\)"
    r"|\ban error occurred (?:while )?sending mail\b|\bsending of (?:the )?message failed\b"
    r"|\boutgoing \(SMTP\) (?:e-mail )?server\b"
)
# "SMTP Error:" as PHPMailer and what is built on it translate it.
_LABELLED: Final = (
    r"\bSMTP[- ](?:Fehler|fout|fel|feil|fejl|virhe)|\b(?:Erreur|Errore|Error|Erro|Eroare)(?: de)? SMTP"
    r"|\bERRO SMTP|Błąd SMTP|Ошибка SMTP|\bChyba SMTP|\bSMTP Hatası"
)
# What the panel of a printer or scanner shows: its own sentence, and of the server's reply the number alone.
_PANELS: Final = (
    r"\bSMTP[ -](?:server )?auth\w{0,12}[ -](?:has )?(?:failed|failure|error)\b\.?\s{0,3}[\[(](?:code |error )?#?5[03]\d[\])]"
    r"|\bSMTP-(?:Authentifizierung|Anmeldung) (?:ist )?fehlgeschlagen\b|\béchec (?:de l.)?authentification SMTP\b"
    r"|\b(?:error|fallo) (?:de|en la) autenticación SMTP\b|\bautenticazione SMTP (?:non riuscita|fallita)\b"
    r"|\bSMTP-(?:verificatie|authenticatie) mislukt\b|\bfalha na autenticação SMTP\b"
)
_RESERVED: Final = r"\bport \d{2,5} is typically reserved for plain-text connections\b"  # MailKit, below its exception
_STARTS: Final = (
    rf"{_RESERVED}"
    r"|\bSend-(?:Mail|Kit)Message ?:|\bSystem\.Net\.Mail\.Smtp\w*Exception|\bSystem\.Net\.Sockets\.SocketException"
    r"|\bSystem\.Security\.Authentication\.AuthenticationException|\bMail[Kk]it\.[\w.]{3,80}(?:Exception|Error)\b"
    r"|\b(?:smtplib|aiosmtplib(?:\.\w+)?)\.\w{3,40}|\bSMTP(?:Authentication|Helo|Data|SenderRefused|RecipientsRefused|Connect|"
    r"ServerDisconnected|Response|NotSupported)\w{0,12}(?: ?:|\( ?\d)|\b(?:javax|jakarta|com\.sun)\.mail\.[\w.]{3,80}Exception"
    r"|\bMailConnectException\b|\bcould not be sent to the recipients because of the mail server failure|\bInvalid login: "
    r"|\bSMTP (?:server )?error(?:: |:? (?:code )?#?[45]\d\d\b)|\bSMTP -> ERROR: |\bSMTP connect\(\) failed"
    r"|\bCalled [\w ]{2,20} without being connected\b"  # PHPMailer, of every command once the connection was never made
    rf"|{_PANELS}|{_DIALOGS}|(?:{_LABELLED}|\bSMTP Error)\s?(?:\([45]\d\d\)\s?)?:|\bFalha na conexão SMTP \(\)"
    r"|\bCan't send mail - all recipients were rejected|\bMessage failed: \d{3}|\b[245]\d\d\+\d\.\d{1,3}\.\d{1,3}\+"
    r"|\bNet::SMTP\w{3,24}\b"  # Ruby
    r"|\bHorde_(?:Smtp|Mail)\w{0,20}_Exception\b"
    r"|\([45]\d\d, ?b?'[45]\.\d{1,3}\.\d{1,3} "  # Python's pair of number and words
    r"|\b(?:RCPT|MAIL|DATA) failed: [45]\d\d\b|\berror sending e-?mail\W{1,3}[45]\d\d\b"  # libcurl; gophish and others
    r"|\bOutboundConnectionResponse\b.{1,120}[ -][45]\d\d\+"
)
# What libraries under such clients print. Other programs use them too, so something else has to tell that this is mail.
_LIBRARIES: Final = (
    r"\b(?:connect|read|write|getaddrinfo|query[A-Z]\w{0,6}) E[A-Z_]{4,14}\b|\bdial tcp\b|\b(?:read|write) tcp \S+->"
    r"|\bNet::(?:Open|Read|Write)Timeout\b|\bErrno::E[A-Z]{4,13}\b|\bconnect\(2\) for \"[^\"\s]{3,80}\" port \d"
    r"|\bsocket\.gaierror\b|\b(?:Connection(?:Refused|Reset|Aborted)|Timeout|BrokenPipe|OS)Error: (?:\[|timed out)"
    r"|\bssl\.SSL\w{0,20}Error\b|\bmsmtp: |\bssmtp: "
    r"|\*\*\* (?:Error connecting|Remote host|STARTTLS|TLS )|^\s*\*\*\* (?:Host did not advertise|No authentication type)"
    r"|\bcode: '?E[A-Z]{4,14}\b|\bcurl: \(\d{1,2}\)|\bphp_network_getaddresses\b"
    r"|\bstream_socket_(?:client|enable_crypto)\(|\bClient network socket disconnected\b|\bUnexpected socket close\b"
    r"|\bConnection closed unexpectedly\b|\bUnable to read data from the transport connection\b"
    r"|\bremote name could not be resolved\b|\bRemotename konnte nicht aufgel|\bError upgrading connection with STARTTLS\b"
    r"|\bsmtp: (?:server does|EOF|unexpected|StartTLS)|\bjava\.net\.\w{3,40}Exception\b|\bSSLHandshakeException\b"
    r"|\bf(?:gets|write)\(\): (?:SSL: |Send of \d{1,9} bytes failed)"
    r"|\bSwift_\w{3,40}Exception\b|\b(?:Symfony\S{0,60})?TransportException\b|\bNotSupportedException: The SMTP server\b"
    r"|\b(?:ERROR|Error:?) (?:\[\w{1,20}\] |Send Error: )?Connection timeout\b|\bGreeting never received\b"
    r"|\berror=\"unencrypted connection\"|\b(?:gomail|smtp): unencrypted connection\b"
    r"|\bonly configured for E-mail addresses with ASCII local-parts\b"
    r"|\b(?:failed|unable) to enable crypto\b"
    r"|\bSSL wants a (?:read|write) first\b|\b(?:TLS|SSL) handshake (?:timeout|timed out)\b"
    r"|\bunrecognized SSL message\b|\bfirst record does not look like a TLS\b"
    r"|\bNo compatible authentication mechanisms? (?:was )?found\b"
)
_START = linear(f"(?i)(?:{_STARTS})")
_LIBRARY = linear(f"(?i)(?:{_LIBRARIES})")
_LABEL = linear(f"(?i)(?:{_LABELLED}|{_DIALOGS}|{_PANELS}|{_RESERVED})")
_ITEM = linear(r"(?i)^\s*port\s?\d{2,5}\b")  # people list what each port answers
_STACK = linear(r"^\s*(?:at\s+\S|At (?:line|\S+\.ps1):|\+ |--- End of|File \"|\.{3} \d+ more|in \S+:line)")
_NEXT = linear(r"^\s*(?:\d{4}-\d\d-\d\dT[\d:.]+Z?,|[A-Za-z][A-Za-z0-9]{2,40}\s{2,}:\s|\[PS\]|PS [A-Z]:)")
_RESPONSE = linear(r"(?i)\b(?:the )?server response was:\s*(\S.*)$")
_BYTES = linear(r"\(\s*([245]\d\d)\s*,\s*b?(['\"])(.*?)(?:['\"]\s*[,)]|$)")
_PLUSSED = linear(
    r"[245]\d\d\+\d\.\d{1,3}\.\d{1,3}\+\S+|(?i)\bOutboundConnectionResponse\b.{1,120}?[ -]([45]\d\d\+\S+)"
)
_CODED = linear(r"(?:^|[\s:>\"'(])([45]\d\d[ :-]+(?:[45]\.\d{1,3}\.\d{1,3}|\D).*)$")
_PORT: Final = ("465", "587")
_DEVICE = linear(
    r"(?i)\b(?:SMTP (?:server )?error:?\s*(?:code )?#?|(?:RCPT|MAIL|DATA) failed: |curl: \(67\) Access denied\W{1,2}"
    r"|error sending e-?mail\W{1,3})([45]\d\d)\b"
)
_INNER = linear(r"(?i)--->\s*|nested exception is:\s*|Caused by:\s*|Inner ?Exception\s*:\s*")
_CAUSED = linear(r"(?i)^\s*(?:--->|nested exception is|Caused by:|Inner ?Exception)")
_AT_PORT = linear(r"(?i)(?:[a-z\d\]]:|\bport['\"]?\s?[:=]?\s?['\"]?)(?:(25|26|443|465|587|2525)\b)|\bport (\d{2,5})\b")
_ENDPOINT = linear(r"\[?(\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})\]?:\d{1,5}\b")
_SAYS = linear(
    r"(?i)fail|exception|error|invalid|unable|could ?n.t|could not|refused|denied|reject|timed out|requires|not "
)
# An error that reports itself, not one that a sentence speaks of.
# No connection, for a reason that the client keeps to itself.
_UNCONNECTED = linear(
    r"(?i)could not connect to (?:the )?SMTP|SMTP connect\(\) failed|without being connected"
    r"|failed to connect to (?:the )?(?:server|SMTP|mail ?server)"
    r"|failed to connect to \S{1,253} port (?:25|26|465|587|2525) after \d"
    r"|unable to connect to the remote server|connection could not be established with host|could not open socket"
    r"|\bConnection timeout\b|connecting to Outgoing server \(SMTP\) \S+ failed|cannot connect to your outgoing"
    r"|server may be unavailable or is refusing"
    r"|Verbindung (?:mit|zu)[^.]{0,60}Postausgangs-?Server[^.]{0,80}(?:fehlgeschlagen|nicht)"
    r"|keine Verbindung zum SMTP|impossible de se connecter|imposible conectar|no se pudo conectar"
    r"|impossibile connettersi|falha (?:na conexão|ao conectar)|não foi possível (?:conectar|estabelecer)"
    r"|niet verbinden|nie można połączyć|не удается подключиться|kunne ikke (?:forbinde|koble|tilslutte)"
)
# curl's number for a time that ran out, and a time that is longer than any refusal takes.
_WAITED = linear(r"\bcurl: \(28\)|\bport \d{1,5} after \d{5,9} ms\b")
# What was heard over the connection: then the client's summary that there was none is about what came after.
_OPENED = linear(
    r"(?:SERVER -> CLIENT|S): ?220|\b220[ -][\w.-]{3,253} E?SMTP|Peer certificate CN=|certificate verify failed"
)
# A TLS library that got an answer, only none in TLS: the connection opened, whatever its wrapper says.
_ANSWERED = linear(
    r"(?i)unrecognized SSL message|wrong.version.number|record does not look like|unexpected packet format|corrupted frame"
    r"|packet.length.too.long|SERVER_HELLO:unknown protocol|type InvalidContentType"
)
# The client's debug log beside its error: the server that answered EHLO.
_GREETED = linear(r"(?i)\b250[ -]([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}) Hello\b")
_UNRESOLVED = linear(r"(?i)getaddrinfo|EAI_|ENOTFOUND|name resolution|resolv|UnknownHost|no such host|not known")
# The reason behind a summary that reads as if no connection had opened ("Failure sending mail. ---> …").
_AFTERWARDS = linear(
    r"(?i)aborted by the software|forcibly closed|connectionclosed|\bconnection (?:was )?reset\b|vom Remotehost geschlossen"
    r"|fermée par l.hôte distant|forzosamente por el host|chiusa dall.host|\bauthenticat|\bcertificate\b"
)
_THROWN = linear(
    r"(?i)(?:Exception|Error|Message|failure|Disconnected)(?: \((?:0x)?[0-9A-F]{1,8}\))?\s?[:.](?:\s|$)|\bconnect\(\) failed"
    r"|\bNet::SMTP\w{3,24}$"  # Ruby's name of it, where a program shows no more
)
_HOST = linear(
    r"(?i)(?:\b(?:SMTP host|server|connect to|getaddrinfo for|lookup|ENOTFOUND|EAI_AGAIN|resolve host|UnknownHostException"
    r"|locate host|resolved|aufgelöst werden|mail host):? ['\"]?|\b(?:ssl|tls|tcp|smtps?)://)([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+)"
)
# The client's own log, in which the server said that TLS may begin.
_READY = linear(
    r"(?i)\b220[ -](?:2\.0\.0 )?(?:SMTP server ready|ready (?:to|for) (?:start )?TLS|begin TLS|(?:TLS )?go ahead)"
)
_STATEMENT: Final = linear(r"^\s*[\w.]{2,80}\(.{0,300}\)\s?;?\s*$")  # of the program, pasted below its error
_MOST_LINES: Final = 30
_MOST_ERRORS: Final = 50  # a log that repeats one error says no more with every line


# MailKit's exception of older versions has all that it can be, in whole sentences; only its last line reads as an error.
_LISTED = linear(
    r"^\s*(?:The (?:host )?SSL certificate presented by the server is not trusted|[1-4]\. The (?:server|local|cert))"
)
_MOST_ABOVE: Final = 12


class _Error(Struct, frozen=True):
    lines: tuple[int, ...]
    text: str


@recogniser(f"(?:{_STARTS}|{_LIBRARIES}|{SENTENCES}|{STEMS})", rank=60)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each error."""
    found = []
    mail = any(of_mail(line[:2000]) for line in reading.paste.lines[:200])
    opened = any(_OPENED.search(line[:400]) for line in reading.paste.lines[:200])
    ready = any(_READY.search(line[:2000]) for line in reading.paste.lines[:200])
    greeted = next((seen for line in reading.paste.lines[:200] if (seen := _GREETED.search(line[:400]))), None)
    by = str(greeted.group(1)).lower() if greeted else ""
    for error in islice(_errors(reading.free(), mail=mail), _MOST_ERRORS):
        known = replace(error, text=in_known_words(error.text))
        if ready and _UNCONNECTED.search(known.text) and not speaks(known.text):
            known = replace(known, text=f"{known.text} [could not start TLS]")
        facts = _facts(reading, known, opened=opened, by=by)
        if facts:
            found.append(artefact(reading, "client-error", error.lines, facts, {"error": error.text[:200]}))
    return found


def _printed(line: str) -> bool:
    """Whether a library's error stands in `line`, and no question or explanation of one."""
    return bool(_LIBRARY.search(line)) and not (asks_about(line) or explains(line) or of_others(line))


def _errors(lines: Lines, *, mail: bool) -> Iterator[_Error]:
    """Every error with its wrapped lines and inner exceptions; stack frames belong to it and say nothing."""
    position = 0
    while position < len(lines):
        index, line = lines[position]
        position += 1
        if not (_START.search(line[:4000]) or (mail and _printed(line[:4000])) or displayed(line[:2000], mail=mail)):
            continue
        above = lines[max(position - 1 - _MOST_ABOVE, 0) : position - 1]
        taken, parts = [index], [line.strip()]
        while position < len(lines) and len(taken) < _MOST_LINES:
            index, line = lines[position]
            if index != taken[-1] + 1 or not line.strip() or _NEXT.search(line):
                break
            if not _belongs(line, parts):
                break
            taken.append(index)
            if not _STACK.search(line):
                parts.append(line.strip())
            position += 1
        yield _Error((*taken, *_reasons_above(above, taken[0])), " ".join(parts))


def _reasons_above(above: Lines, first: int) -> Iterator[int]:
    """The lines of MailKit's list of reasons above an error: they are its own, and not what the person tells."""
    return (index for index, line in above if index >= first - _MOST_ABOVE and _LISTED.search(line))


def _belongs(line: str, parts: list[str]) -> bool:
    """Whether the line below an error is a stack frame, an inner exception or its wrapped rest."""
    text = parts[-1]
    if _STACK.search(line) or _CAUSED.search(line) or text.endswith(("--->", "is:")):
        return True
    if _ITEM.search(line) or _STATEMENT.search(line) or (_START.search(line[:4000]) and not line[:1].isspace()):
        return False
    return (
        line[:1] in " \t" or text.count("(") > text.count(")") or text.count("[") > text.count("]") or len(text) >= 76
    )


def _facts(reading: Reading, error: _Error, *, opened: bool, by: str) -> list[Fact]:
    text = _reply(error.text)
    source = source_at(reading, _line(reading, error, text))
    if text:
        return failed_reply(text, source, kind="client")
    named = any(pattern.search(error.text) for pattern in (_THROWN, _LIBRARY, _LABEL, _UNCONNECTED))
    if not named and not says_so(error.text):
        return []
    if speaks(error.text):
        return told(error.text, source)
    endpoint, host = _ENDPOINT.search(error.text), _HOST.search(error.text)
    ip = endpoint.group(1) if endpoint else ""
    facts = failed_reply(error.text, source, kind="client", ip=ip, by=by)
    told_why = (
        _UNRESOLVED.search(error.text)
        or _AFTERWARDS.search(error.text)
        or _ANSWERED.search(error.text)
        or opened
        or any(isinstance(each, ConnectFailed | TlsFailed) for each in facts)
    )
    why = kind_of_failure(error.text) or ("unknown" if _UNCONNECTED.search(error.text) else "")
    why = "timeout" if why == "unknown" and _WAITED.search(error.text) else why
    if why and not told_why:
        facts.append(ConnectFailed(source=source, kind=why, ip=ip))
    port = _AT_PORT.search(error.text)
    if port:
        number = int(port.group(1) or port.group(2))
        facts = [replace(each, port=number) if isinstance(each, ConnectFailed) else each for each in facts]
    return [replace(fact, host=host.group(1).lower()) for fact in facts] if host else facts


def _reply(text: str) -> str:
    """What the server said, out of the client's words; "" where no server spoke."""
    tupled = _BYTES.search(text)
    if tupled:
        return f"{tupled.group(1)} {tupled.group(3)}".replace("\\r", "").replace("\\n", " ")
    plussed = _PLUSSED.search(text)
    if plussed:
        return str(plussed.group(1) or plussed.group(0)).replace("+", " ")
    response = _RESPONSE.search(text)
    if response:
        return _unwrapped(response.group(1))
    inner = _INNER.split(text)[-1]
    for each in (inner, text):
        coded = _CODED.search(each)
        if coded and not _is_port(each, coded) and (any(codes(coded.group(1))) or _SAYS.search(coded.group(1))):
            return _unwrapped(coded.group(1))
    device = _DEVICE.search(text)
    return f"{device.group(1)} {text[_sentence(text[: device.start()]) :]}" if device else ""


def _sentence(before: str) -> int:
    """Where the sentence begins that `before` is the start of: what a person tells in front of it is no server's word."""
    return max((before.rfind(mark) + len(mark) for mark in (". ", "! ", "? ") if mark in before), default=0)


def _is_port(text: str, coded: Any) -> bool:
    """Whether the number is the port of submission: no reply has it, whatever stands around."""
    named = text[: coded.start(1)].rstrip(" :=\"'").lower().endswith("port")
    return named or str(coded.group(1)).startswith(_PORT)


def _unwrapped(text: str) -> str:
    """The reply without the brackets and quotes of the words around it."""
    text = text.strip().strip("'\"")
    while text.endswith(")") and text.count(")") > text.count("("):
        text = text[:-1].rstrip(". ")
    return text


def _line(reading: Reading, error: _Error, text: str) -> int:
    """The line on which the server's words begin."""
    words = text[4:40].split(" [", maxsplit=1)[0].strip()
    return next((i for i in error.lines if words and words in reading.paste.lines[i]), error.lines[0])
