"""What keeps a program's mail from ever reaching a mail server: a setting that sends nothing, or a local program that is missing.

Frameworks have a way of sending for development, which writes mail to a log, a folder or the console, and test servers
(Mailpit, Mailtrap) keep what they get. Programs for Unix hand their mail to `sendmail` or `mail`; where that isn't installed,
the shell says so, and the cron daemon, too. Settings are known from the products' documentation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.event_quotes import explains
from diagnostics.recognisers.reply_wording import asks_about
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.told_past import over
from diagnostics.recognisers.told_settings import supposes

KIND: Final = "unsent"
"""The kind of the fact. Its name is what was read: "setting", "program" or "server"."""

_IS: Final = (
    r"['\"\]\s]{0,4}(?:=>?|:|\s(?:is|was|set to|ist|steht auf|est|es|è)\s|,)\s{0,8}"
    r"(?:env\(['\"]\w{1,30}['\"],\s?)?[:'\"]{0,2}"
)
_NO: Final = r"(?:false|off|no|0)\b"
_YES: Final = r"(?:true|on|yes|1)\b"
_CATCHERS: Final = (
    r"(?:mailhog|mailpit|mailcatcher|maildev|inbucket|(?:sandbox\.)?smtp\.mailtrap\.io|smtp\.ethereal\.email)\b"
)
_SETTINGS: Final = "|".join(
    (
        rf"\bMAIL_(?:MAILER|DRIVER){_IS}(?:log|array)\b|\bmail(?:er)? ?driver{_IS}(?:log|array)\b",  # Laravel
        rf"['\"]pretend['\"]\s?=>\s?{_YES}|\bmail\.php\b[^\n]{{0,40}}\bdriver\W{{1,5}}(?:log|array)\b",
        rf"\bEMAIL_BACKEND{_IS}(?:the )?[\w.]{{0,60}}\b(?:console|filebased|locmem|dummy)\b",  # Django
        r"\bdjango\.core\.mail\.backends\.(?:console|filebased|locmem|dummy)\b",
        rf"\bdelivery_method{_IS}(?:test|file|logger|letter_opener(?:_web)?)\b|\bperform_deliveries{_IS}{_NO}",  # Rails
        rf"\bMAILER_(?:DSN|URL){_IS}null:|\bdisable_delivery{_IS}(?:true|~)|\buseFileTransport{_IS}{_YES}",  # Symfony, Yii
        rf"\b(?:json|stream)Transport{_IS}{_YES}|\bSpecifiedPickupDirectory\b",  # Nodemailer, .NET
        rf"\b(?:quarkus|play)\.mailer\.mock{_IS}{_YES}|\bgrails\.mail\.disabled{_IS}{_YES}",
        r"\bSwoosh\.Adapters\.(?:Local|Test|Logger)\b|\bBamboo\.(?:Local|Test)Adapter\b|\bDebugTransport\b",
        rf"\bnoemailever{_IS}{_YES}|\bwgEnableEmail{_IS}{_NO}|\bg_enable_email_notification{_IS}{_NO}",
        rf"\bgitlab_email_enabled{_IS}{_NO}|\batlassian\.mail\.senddisabled{_IS}{_YES}|\bmail_smtpmode{_IS}null\b",
        rf"\bmail\.backend{_IS}(?:dummy|console)\b|\b(?:test_mail_collector|devel_mail_log)\b|\bEmail::DoNotSendEmail\b",
        rf"\bsystem/smtp/disable{_IS}{_YES}|\['MAIL'\]\['transport'\]{_IS}(?:null|mbox)\b",
        rf"\b(?:MAIL|SMTP|EMAIL|MAILER)\w{{0,12}}_(?:HOST|SERVER){_IS}{_CATCHERS}",
    )
)
_SETTING = linear(f"(?i)(?:{_SETTINGS})")
# That mail is handed to a server after all, in a line beside it.
_SENDS = linear(
    rf"(?i)\bMAIL_(?:MAILER|DRIVER){_IS}(?:smtp|ses|mailgun|sendmail|postmark|resend|sendgrid)\b"
    rf"|\bEMAIL_BACKEND{_IS}[\w.]{{0,60}}\b(?:smtp|anymail|ses)\b|\bbackends\.smtp\b|\bdelivery_method{_IS}(?:smtp|sendmail)\b"
)
_PROGRAM: Final = r"(?:sendmail|s-nail|mailx|mutt|msmtp|ssmtp|esmtp|sendEmail)"
_PATH: Final = rf"(?:/\w{{1,20}}){{1,4}}/(?:{_PROGRAM}|mail)\b"
_MISSING: Final = (
    r"(?:(?:command )?not found|no such file or directory|executable (?:file )?not found|commande introuvable"
    r"|(?:kommando|befehl) nicht gefunden|datei oder verzeichnis nicht gefunden|aucun fichier ou dossier de ce (?:type|nom)"
    r"|(?:orden|comando) no encontrad[oa]|no se encontró la orden|no existe el (?:archivo|fichero) o el directorio"
    r"|comando non trovato|file o directory non esistente|comando não encontrado|opdracht niet gevonden"
    r"|nie znaleziono polecenia|команда не найдена|нет такого файла или каталога|没有那个文件或目录|未找到命令)"
)
_SHELL: Final = r"(?:\b(?:ba|da|a|k|z)?sh: (?:(?:line )?\d{1,5}: )?|^\s{0,8}-?)"
_MISSES: Final = "|".join(
    (
        rf"\b{_PROGRAM}['\"’]? ?: {_MISSING}|{_PATH}['\"’]?:? {{1,2}}(?:-\w{{1,2}}(?: -\w{{1,2}}){{0,3}}: )?{_MISSING}",
        rf"{_SHELL}(?:/\S{{1,40}}/)?mail: {_MISSING}\s{{0,4}}$|\bcommand not found: (?:{_PROGRAM}|mail)\b",
        rf"no such file or directory[:,]?(?: -|:)? {{0,2}}(?:@ \w+ - )?['\"]?{_PATH}|\bENOENT\b[^\n]{{0,60}}\b{_PROGRAM}\b",
        rf"\bspawn (?:/\S{{1,40}}/)?{_PROGRAM} ENOENT",
        rf"\bexec: \"(?:/\S{{1,40}}/)?(?:{_PROGRAM}|mail)\": executable file not found",
        rf"\bcould not execute: {_PATH}|\bcannot run program \"(?:/\S{{1,40}}/)?(?:{_PROGRAM}|mail)\"|\bcannot start {_PATH}",
        r"\bno MTA installed, discarding output\b|\bsh: (?:\d{1,3}: )?-(?:t|bs|i|f)\b[^\n:]{0,40}: (?:command )?not found",
        r"\b(?:child|process) exited 127\b[^\n]{0,20}\bexec error\b|\bsendmail process failed with error code 127\b",
    )
)
_MISS = linear(f"(?i)(?:{_MISSES})")
# What a program shows where nobody gave it a server.
_UNSET: Final = (
    r"(?:^|[:;>\"'(\[-]\s?|[.!] )(?:the )?"
    r"(?:(?:e-?mail|SMTP|mail) (?:server|service|delivery|host|settings?|transport|sending)|SMTP)"
    r" (?:is|are|has|have)(?: ?not|n.t) (?:been )?configured\b"
    r"|\bno (?:outgoing |default )?(?:SMTP|mail|e-?mail) (?:server|service|transport|channel|host|account)s?"
    r" (?:is |are |has been |have been )?(?:configured|set ?up|defined|specified)\b"
    r"|\bno default SMTP mail server\b|\bconfiguration for SMTP not found\b|\bhaven.t set ?up any e-?mail service\b"
    r"|\bset the MAIL_URL environment variable\b|\bMail not sent; to enable sending\b|\bplease enable (?:\w+ or )smtp\b"
)
_SERVER = linear(f"(?i)(?:{_UNSET})")
_COMMENT: Final = ("#", "//", ";", "--")
_MEANT = linear(
    r"(?i)\b(?:on purpose|intended|intentional\w*|by design|deliberate\w*|as wanted|absichtlich|gewollt|mit absicht|exprès)\b"
)
_LONGEST: Final = 1_000
_MOST_LINES: Final = 400
_INSTALLED = linear(r"(?i)\b(?:apt(?:-get)?|yum|dnf|apk|brew|pacman) (?:-\w+ )?(?:install|add)\b")


@recogniser(
    r"(?:MAIL_|EMAIL_|SMTP_|MAILER_|mail.?driver|mail\.php|pretend['\"]|mail\.backends|delivery_method|perform_deliveries"
    r"|disable_delivery|(?:json|stream|useFile|Debug)Transport|SpecifiedPickup|mailer\.mock|mail\.disabled|Swoosh\.Adapters"
    r"|Bamboo\.|noemailever|wgEnableEmail|g_enable_email|gitlab_email|senddisabled|mail_smtpmode|mail\.backend|mail_collector"
    r"|mail_log|DoNotSendEmail|smtp/disable|\['MAIL'\]|sendmail|s-nail|mailx|mutt|[ms]smtp|mail['\"’]?:|: mail|no MTA"
    r"|sh: |exec error|(?:not|n.t|no|been) configured|\bno \w+ ?\w* (?:server|service|transport|channel|host|account)s? "
    r"|SMTP not found|no default SMTP|set ?up any|not sent; to|please enable|/mail\b)",
    rank=44,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """At most one artefact for each: a setting, a missing program, a server that nobody set."""
    lines = [(index, line[:_LONGEST]) for index, line in reading.free()[:_MOST_LINES]]
    sends = any(_SENDS.search(line) for _, line in lines if not line.lstrip().startswith(_COMMENT))
    found: dict[str, Artefact] = {}
    for index, line in lines:
        for name, words in _stated(line):
            if name not in found and not (sends and name == "setting"):
                fact = Configured(
                    source=source_at(reading, index), kind=KIND, name=name, values=(("Words", words),), failing=True
                )
                found[name] = artefact(reading, KIND, [index], [fact], {name: words})
    return list(found.values())


def _stated(line: str) -> Iterator[tuple[str, str]]:
    """(what was read, its words) of a line that states it, neither past nor asked for."""
    if line.lstrip().startswith(_COMMENT) or asks_about(line) or explains(line):
        return
    for name, pattern in (("setting", _SETTING), ("program", _MISS), ("server", _SERVER)):
        match = pattern.search(line)
        if match is None or _INSTALLED.search(line) or _MEANT.search(line):
            continue
        before = line[: match.start()]
        if not (supposes(before) or over(before, line[match.end() :])):
            yield name, match.group(0).strip(" ,'\"")[:80]
