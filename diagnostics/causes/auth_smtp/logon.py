"""What the causes about SMTP AUTH share: who refused whom, and the switches that were pasted with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from diagnostics.cause import Belief, Finding, look
from diagnostics.causes.network.providers import of_provider
from diagnostics.causes.network.reach import kind_of
from diagnostics.causes.recipient.lookup import by_microsoft, is_microsoft
from diagnostics.facts import Reply, Said, Session
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.report import Shell, Step

Where = Literal["exchange-online", "on-prem", "smart-host", ""]

EXO: Final[Shell] = "exchange-online-powershell"
UNEXPLAINED: Final = "5.7.3 Authentication unsuccessful"
# The same with Microsoft's own number; mostly a reason follows, and then that one counts.
UNEXPLAINED_139: Final = "5.7.139 Authentication unsuccessful"
# What people leave of "… is disabled for the Tenant" or "… for the Mailbox": whose switch it is, the switches tell.
CUT_OFF: Final = "SmtpClientAuthentication is disabled"
# Of the same, what a client shows that leaves the number out.
UNNUMBERED: Final = "535 Authentication unsuccessful"
# The submission server's answer to MAIL FROM without a logon.
ANONYMOUS: Final = "5.7.57"
_ANONYMOUS_ONLINE: Final = "client not authenticated to send mail"  # Exchange Online alone leaves the rest of it out
# Mostly a policy's refusal; of a mailbox or a tenant whose SMTP AUTH is switched off it has been seen, too.
CRITERIA: Final = "the request did not meet the criteria to be authenticated successfully"
# The front end of the submission server, of an account that it finds no place to submit for.
PROXIED: Final = "Temporary server error. Please try again later. PRX"
# A client's own words for it, as PHPMailer, Jakarta Mail and others write them when they keep the server's reply to themselves.
LOGON_FAILED: Final = (
    "Could not authenticate",
    "AuthenticationFailedException: failed to connect",
    "Failed to authenticate on SMTP server",
    "Net::SMTPAuthent",
    "Unable to authenticate to Outgoing server",
    "Authentifizierung fehlgeschlagen",
    "SMTP : échec de l'authentification",
    "SMTP : échec de l’authentification",
    "Imposible autentificar",
    "Imposible autenticar",
    "No se pudo autenticar",
    "Não foi possível autenticar",
    "Não foi possível realizar a autenticação",
    "Impossibile autenticarsi",
    "authenticatie mislukt",
    "Nie można przeprowadzić uwierzytelnienia",
    "Nie można przeprowadzić autoryzacji",
    "ошибка авторизации",
    # of devices
    "SMTP Authentication failed",
    "SMTP authentication error",
    "SMTP Auth failed",
    "SMTP Auth Error",
    "SMTP-Authentifizierung fehlgeschlagen",
    "authentification SMTP",
    "autenticación SMTP",
    "autenticazione SMTP",
    "SMTP-verificatie mislukt",
    "autenticação SMTP",
    "SMTP authentication failure",
    "SMTP server authentication failed",
    "Authentication with the destination has failed",  # Ricoh
    "send error 1102",  # Kyocera
    "016-507",  # Xerox
    "failed to log in to the SMTP server",
    "failed to log in to the mail server",
    "unable to log in to the SMTP server",
    "unable to log in to the mail server",
    # of libraries and programs
    "AuthenticationException: Authentication failed",  # MailKit
    "MailAuthenticationException: Authentication failed",  # Spring
    "Authentication failed. Please check your SMTP",  # Business Central
    "SMTP server. Authentication failed",  # Veeam
    "authentication failed (method",  # msmtp
    "SMTP-AUTH: Authentication to",  # sendEmail
    "Login denied",  # libcurl
    "SMTP Server returned error: Authentication unsuccessful",  # PRTG
    "user name or password for SMTP is incorrect",
    'user name or password for "SMTP" is incorrect',  # Apple
    "user name or password for “SMTP” is incorrect",
    "transport error code was 0x80040217",  # CDO
)
# Clients that keep even to themselves whether it was the connection, the logon or the message.
NOTHING_TOLD: Final = (
    "Could not instantiate mail function",  # PHPMailer, of PHP's own mail()
    "your host may have disabled the mail() function",  # WordPress
    "Your site may not be correctly configured",
    "Cannot send message using the server",  # Apple Mail
    "outgoing e-mail settings for the server are configured correctly",  # SharePoint
    "SMTP server settings",  # Synology, QNAP: "Please check …"
    "settings of your SMTP",
    "check the SMTP settings",
    "check your SMTP setting",
    "Mail delivery failed via SMTP server",  # Odoo
)
REFUSED_SENDER: Final = (
    "The following From address failed",  # PHPMailer
    "server rejected the sender address",  # CDO
    "sender address was rejected by the server",  # Apple Mail
)
# A reply is a number with words behind it; of a panel's `[535]` only the number is left.
_CODE = linear(r"(?:^|[^\d.-])(?:4[0-57-9]\d|5[0-7]\d)(?:[^\d.\])]|$)")
_CLIENT = linear(r"\[([0-9A-Fa-f.:]{3,45})\]\.?(?:$|[\s\"'\x{201d}\x{bb}),;])")
_CONNECTOR = linear(r"(?i)for Receive connector '?(.{1,120}?)'?\. ")
_BOTH: Final = 2
_SUBMISSION: Final = ("587", "465")  # RFC 6409 and RFC 8314: who submits there logs on
_RELAYS_ON = linear(r"\brelay=[^\s,]{1,255}\]:(?:587|465|2525)\b")
_AT_SUBMISSION = linear(r"(?i)(?:\]|[a-z\d]):(?:587|465)\b|^\W{0,4}port (?:587|465)\b")
ALSO_REFUSED = linear(r"\b535[ -]5\.7\.\d|\b5\.7\.139\b")  # .NET puts its own sentence in front of the reply to AUTH
_BY_PASSWORD: Final = ("LOGIN", "PLAIN")
_MAILBOXES: Final = frozenset({"cas-mailbox", "mailbox", "recipient"})
_SWITCH: Final = "SmtpClientAuthenticationDisabled"


def unexplained(said: Said, settings: Iterable[Configured]) -> bool:
    """Whether a refusal gives no reason."""
    low = said.text.lower()
    if UNEXPLAINED.lower() in low:
        return True
    words = UNEXPLAINED_139 if UNEXPLAINED_139.lower() in low else UNNUMBERED
    _, found, rest = low.partition(words.lower())
    if not found or rest.lstrip().startswith(","):
        return False
    return words == UNEXPLAINED_139 or to_microsoft(said, settings)


def cut_off(said: Said) -> bool:
    """Whether the refusal names the switch, and not whose it is."""
    return said.signature == CUT_OFF and f"{CUT_OFF} for the".lower() not in said.text.lower()


def to_microsoft(said: Said, settings: Iterable[Configured]) -> bool:
    """Whether the client spoke to Exchange Online: by the reply, or as the person tells."""
    return by_microsoft(said) or any(each.kind == "told-destination" and is_microsoft(each.name) for each in settings)


def proxied(said: Said, settings: Iterable[Configured]) -> bool:
    """Whether Exchange Online's front end put a client off, as it does for an account that has no mailbox or may not submit."""
    return said.signature == PROXIED and to_microsoft(said, settings)


def may_be_refused(said: Said, replies: Iterable[Reply], settings: Iterable[Configured]) -> bool:
    """Whether a client that sent MAIL FROM to Exchange Online anonymously may have been refused its logon before: many a client
    goes on then, and shows this answer alone. Where another refusal is told, that one is judged."""
    known = list(settings)
    client = client_settings(known)
    anonymous = client is not None and client.told("User") and not client.get("User")
    if said.kind not in ("client", "bare") or anonymous or own_server(known) or relays_on(said):
        return False
    if ALSO_REFUSED.search(said.text) or any(each.failing and ANONYMOUS not in each.whole for each in replies):
        return False
    return _ANONYMOUS_ONLINE in said.text.lower() or to_microsoft(said, known)


def without_reply(said: Said) -> bool:
    """Whether a client says that its logon failed, and not what the server answered."""
    return said.kind == "client" and said.signature in LOGON_FAILED and not _CODE.search(said.text)


def nothing_told(said: Said, replies: Iterable[Reply]) -> bool:
    """Whether a client says that it could not send, and nothing beside it tells what came in between."""
    alone = not any(each.code or each.enhanced for each in replies)
    return said.signature in NOTHING_TOLD and said.kind == "client" and alone


def told_right(settings: Iterable[Configured]) -> Configured | None:
    """Where the person says that the same password works in the browser."""
    return next((each for each in settings if each.kind == "told-password"), None)


def session_of(said: Said, sessions: Iterable[Session]) -> Session | None:
    """The session of a protocol log that the words ended."""
    return next((each for each in sessions if each.source == said.source), None)


def relays_on(said: Said) -> bool:
    """Whether the line is a mail server's own, of a delivery to a port for submission: it should log on there, not its client."""
    return bool(_RELAYS_ON.search(said.source.quote))


def refused_by(said: Said, session: Session | None) -> Where:
    """Which server refused the logon; "smart-host" when our own server was the client, "" when nothing tells."""
    if said.kind == "queue" or "target IP address" in said.text or (session and session.direction == "send"):
        return "smart-host"
    if relays_on(said):
        return "smart-host"
    if by_microsoft(said):
        return "exchange-online"
    return "on-prem" if said.kind == "event" or session else ""


def elsewhere(said: Said, where: Where) -> Finding | None:
    """Rules out what exists in Exchange Online alone, where another server refused."""
    if where in ("exchange-online", "") or by_microsoft(said):
        return None
    because = f"{server(said, where)} refused the logon, not Exchange Online."
    return Finding(Belief.RULED_OUT, because, (said,))


def server(said: Said, where: Where) -> str:
    """The refusing server, to begin a sentence with."""
    if said.by:
        return f"`{said.by}`"
    return {"exchange-online": "Exchange Online", "on-prem": "This Exchange server"}.get(where, "The server")


def client_ip(said: Said, session: Session | None) -> str:
    """The address that tried to log on, as the event or the session names it."""
    if session:
        return session.remote_ip
    found = _CLIENT.search(said.text) if said.kind == "event" else None
    return str(found.group(1)) if found else ""


def event_connector(said: Said) -> str:
    """The Receive connector that an event names, "" when it names none."""
    found = _CONNECTOR.search(said.text) if said.kind == "event" else None
    return str(found.group(1)) if found else ""


def from_outside(ip: str) -> bool:
    return kind_of(ip) == "public"


def between_servers(said: Said) -> bool:
    """Whether an event tells of two Exchange servers that did not sign in to each other: by Kerberos, with nobody's password."""
    return "authentication mechanism is exchangeauth" in said.text.lower()


def is_client_connector(name: str) -> bool:
    """Whether a Receive connector is one of those for mail clients (587), by the names that setup gives."""
    return name.rpartition("\\")[2].casefold().startswith("client ")


def switch(settings: Iterable[Configured], kind: str) -> Configured | None:
    """The last pasted object of `kind` that tells whether SMTP AUTH is disabled.

    Two lone values, which name no object, are the answer to the question for both: the organization's comes first. Beside a
    mailbox's own, a lone one is the organization's.
    """
    told = [each for each in settings if each.told(_SWITCH)]
    mailboxes = [each for each in told if _is_mailbox(each)]
    named = mailboxes if kind == "cas-mailbox" else [each for each in told if each.kind == kind]
    if named:
        return named[-1]
    lone = [each for each in told if each.kind == "smtp-auth" and not each.name]
    if kind == "transport-config" and mailboxes and lone:
        return lone[-1]
    return lone[0 if kind == "transport-config" else 1] if len(lone) == _BOTH else None


def own_switch(settings: Iterable[Configured]) -> Configured | None:
    """The mailbox's switch, as `switch` finds it, where not several mailboxes were sent with values that differ."""
    known = list(settings)
    values = {disabled(each) for each in known if each.told(_SWITCH) and _is_mailbox(each)}
    return switch(known, "cas-mailbox") if len(values) < _BOTH else None


def _is_mailbox(each: Configured) -> bool:
    """Whether it is a mailbox's: of the organization's, which is called so, a list shows no other name."""
    nameless = not each.name or each.name.lower() == "transport settings"
    return each.kind in _MAILBOXES or (each.kind == "smtp-auth" and not nameless)


def client_settings(settings: Iterable[Configured]) -> Configured | None:
    """How the client is set to send, as far as it was told."""
    return next((each for each in settings if each.kind == "client-settings"), None)


def asked(said: Said, settings: Iterable[Configured]) -> str:
    """The host that a client spoke to, as the reply or else the client's own settings name it; "" where it is a provider's, or
    no full name tells whose."""
    client = client_settings(settings)
    named = said.by or (client.get("Host") if client else "")
    return named if "." in named and not (is_microsoft(named) or of_provider(named)) else ""


def submits(said: Said, settings: Iterable[Configured]) -> bool:
    """Whether the client spoke to a port that is for those who log on: its settings tell, or the line of the refusal."""
    client = client_settings(settings)
    return (client is not None and client.get("Port") in _SUBMISSION) or bool(_AT_SUBMISSION.search(said.source.quote))


def told_logon(settings: Iterable[Configured], how: str) -> Configured | None:
    """Where the person says that the client logs on (`Account`) or does not (`Anonymous`)."""
    return next((each for each in settings if each.kind == "told-logon" and each.name == how), None)


def by_account(settings: Iterable[Configured]) -> Configured | None:
    """Where the person names an account that mail is sent by, and the server offers AUTH: most probably the client logged on."""
    known = list(settings)
    return told_logon(known, "Used") if told_logon(known, "Offered") else None


def told_edge(settings: Iterable[Configured]) -> Configured | None:
    """Where the person tells of an Edge Transport server: it has no mailboxes, and resolves no account to an address."""
    return next((each for each in settings if each.kind == "told-edge"), None)


def own_server(settings: Iterable[Configured]) -> str:
    """The host that the client is set to send to, where it is none of Microsoft's; "" otherwise or where it is not told."""
    client = client_settings(settings)
    host = client.get("Host") if client else ""
    return "" if not host or is_microsoft(host) else host


def encrypts(client: Configured) -> bool:
    """Whether the client is set to encrypt its session."""
    return bool(client.get("Encryption"))


def uses_tokens(settings: Iterable[Configured]) -> Configured | None:
    """The client's settings where it logs on with OAuth tokens, or what one of its tokens claims."""
    known = tuple(settings)
    told = next((each for each in known if each.kind == "client-settings" and each.get("Mechanism")), None)
    return told or next((each for each in known if each.kind == "token-claims"), None)


def sign_in_error(settings: Iterable[Configured], *numbers: str) -> Configured | None:
    """The sign-in log's error, where it is one of `numbers`."""
    return next((each for each in settings if each.kind == "sign-in" and each.get("Error") in numbers), None)


def disabled(settings: Configured | None) -> bool | None:
    """True or False as set; None where it is empty (the organization's value counts) or was not pasted."""
    return settings.flag(_SWITCH) if settings else None


def read_switches(account: str = "") -> Step:
    return look(
        "Read both switches: the mailbox's own value wins, an empty one follows the organization's.",
        "Get-CASMailbox {account} | Format-List PrimarySmtpAddress,SmtpClientAuthenticationDisabled; "
        "Get-TransportConfig | Format-List SmtpClientAuthenticationDisabled",
        EXO,
        account=account,
    )


def sign_in_log() -> Step:
    return look(
        "Read the sign-in log of the account (client app: Authenticated SMTP): the error number tells password (50126), "
        "lock-out (50053) and Conditional Access (53003) apart.",
        "Get-MgAuditLogSignIn -Filter {filter} -Top 5 | Format-List CreatedDateTime,ClientAppUsed,IPAddress,Status,"
        "ConditionalAccessStatus",
        "powershell",
        filter="userPrincipalName eq '<account>'",
    )


def whose(settings: tuple[Configured, ...]) -> Configured | None:
    """What tells whose account it is: "Private" or "Organization"."""
    return next((each for each in settings if each.kind == "told-account"), None)


def password_taken(settings: Iterable[Configured]) -> Configured | None:
    """Where a session shows that Exchange Online took a logon with a password: no other server is named."""
    passed = (each for each in settings if each.kind == "told-logon" and each.get("Taken") in _BY_PASSWORD)
    return next((each for each in passed if not each.host or is_microsoft(each.host)), None)


def logs_on(settings: Iterable[Configured]) -> Configured | None:
    """What tells that the client logs on: a person's words, or a user name in its settings."""
    known = list(settings)
    client = client_settings(known)
    return told_logon(known, "Account") or (client if client and client.get("User") else None)
