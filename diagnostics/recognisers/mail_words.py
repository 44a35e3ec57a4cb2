"""Whether a text speaks of mail transport at all: certificates and results of Windows calls belong to many other programs."""

from __future__ import annotations

from typing import Final

from diagnostics.patterns import linear

_TRANSPORT = linear(
    r"(?i)(?:\b|_)smtps?(?:\b|_)|\bstarttls\b|\bpostfix\b|\bexim\b|\bsendmail\b|\b(?:dovecot|haraka|opensmtpd|qmail|stalwart"
    r"|domino)\b|:(?:25|465|587)\b|\bport (?:25|465|587)\b"
    r"|\bnet/smtp\b|\bgomail\b|\bmail\.protection\b|\bSmtpClient\b|\bmsmtp\b|\bswaks\b|\bmtas?\b"
    r"|\bSMTP(?:Options|Secure|Auth|AutoTLS|Debug|KeepAlive)\b"  # PHPMailer's properties
    r"|\b(?:PHPMailer|SwiftMailer|nodemailer|MailKit|smtplib)\b|(?:javax|jakarta|angus)\.mail\b"
    r"|\bMail(?:Connect)?Exception|\bmailer\b"
    r"|\be?mail[ -]?(?:server|host|flow|gateway|relay|queue|connector)s?\b"
    r"|\bscan(?:s|ning)?[ -]to[ -](?:e-?)?mail\b|\b(?:mail|mx|smtp"
    r"|relay)\d{0,2}\.[a-z0-9-]+\.|\be?mails? (?:to|from|are|is|stuck|stay|wait|fail)"
    r"|\b(?:could ?n.t|could not|can.t|cannot|unable to|fail(?:ed|s|ing)? to|error) (?:\w+ ){0,2}"
    r"send(?:ing)? (?:(?:an?|any|test|out|smtp) ){0,2}e?-?mails?\b"
    r"|\bthunderbird\b|\bchecktls\b|\bTLS library problem\b"
    r"|\b(?:alert|notification|reminder|confirmation) e?-?mails?\b"
    r"|\b(?:send|receiv|deliver)ing (?:\w+ ){0,2}e?-?mails?\b|\b(?:can.t|cannot) send (?:e-?)?mail\b"
    r"|\b(?:send|receive|inbound|outbound)[ -]connectors?\b|\bour (?:\w+ )?exchange\b|\bexchange (?:server|online"
    r"|20\d\d|se\b)|\bExchange (?:send|certificate)"
    r"|\bedge ?transport|\bhub ?transport|\bMSExchange|\b(?:o(?:ffice ?)?365|exo|eop)\b|\boutlook\.com\b|\bLastError\b"
)
# Programs whose own trouble with certificates is no matter of mail, though somebody asks for an answer by mail.
_OTHERS = linear(
    r"(?i)\b(?:docker|podman|kubectl|kubelet|helm|jenkins|npm|yarn|pip|maven|gradle|nuget|artifactory|git|curl|wget|apt"
    r"|yum|terraform|ansible|"
    r"vault|registry|repo(?:sitory)?|add-?in|intranet|browser|ldaps?|vpn|rdp|wsus)\b"
)
_CURL: Final = "curl: ("  # its error; curl sends mail, too
# The exchangers of a provider take mail and send none: a text that names one tells where its client delivers.
_PROVIDER = linear(
    r"(?i)\b((?:[a-z0-9-]{1,63}\.){0,3}(?:(?:mail|olc)\.protection\.outlook\.com|mx\.microsoft|smtp(?:-mail)?\.(?:office365|outlook)\.com"
    r"|(?:aspmx\.l|gmail-smtp-in\.l|smtp)\.g(?:oogle|mail)\.com|email-smtp(?:-fips)?\.[a-z0-9-]{2,30}\.amazonaws\.com"
    r"|smtp\.(?:sendgrid\.net|mailgun\.org|mandrillapp\.com|postmarkapp\.com|zoho\.com|yandex\.(?:ru|com)|mail\.yahoo\.com)"
    r"|smtp-relay\.(?:gmail|brevo|sendinblue)\.com|in-v3\.mailjet\.com))(?:$|[^\w\[-])"
)
# The same said by name; the host is the one that its clients are told to use.
_OF: Final = r"\bsmtp (?:server |relay )?(?:of|from|by)"
_SERVICES: Final = (
    (linear(rf"(?i)\b(?:google|gmail)(?:.?s)? (?:mail )?smtp\b|{_OF} (?:google|gmail)\b"), "smtp.gmail.com"),
    (
        linear(rf"(?i)\b(?:office ?365|o365|microsoft ?365|m365)(?:.?s)? smtp\b|{_OF} (?:office|microsoft) ?365\b"),
        "smtp.office365.com",
    ),
)


def of_mail(text: str) -> bool:
    """Whether `text` names a program, a host or a thing that mail transport alone has."""
    return bool(_TRANSPORT.search(text))


def provider_host(line: str) -> str:
    """The host of a great provider that `line` names as one to deliver to, in lower case; "" where it names none."""
    found = _PROVIDER.search(line)
    named = next((host for words, host in _SERVICES if words.search(line)), "")
    return str(found.group(1)).lower() if found else named


def of_others(line: str) -> bool:
    """Whether `line` names a program that has nothing to do with mail."""
    return bool(_OTHERS.search(line.replace(_CURL, ""))) and not _TRANSPORT.search(line)
