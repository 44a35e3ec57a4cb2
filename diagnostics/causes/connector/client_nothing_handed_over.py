"""The program or device never hands its message to a mail server.

## What is happening
The mail is lost before mail transport begins. The program doesn't make it (the notification isn't selected, no rule fits the
event, a form or plug-in doesn't trigger it), or makes it and keeps it: a background worker, a job queue, cron or a scheduler
doesn't run; its way of sending is one for development (`log`, `array`, `console`, `file`), which writes mail to a log or a
folder; no SMTP server is set; or it calls a local program (`sendmail`, `mail`) that isn't installed. Often the test mail
arrives, as it is sent at once and by another part of the program, and the real one never does. No mail server has a trace.

## What proves it
- the program's settings name a way of sending that hands on nothing (`MAIL_MAILER=log`, Django's console backend, a
  test server such as Mailpit): it writes no mail to anybody (near proof: another file may overrule that one)
- the shell, or cron, says that the local program is missing: `/usr/sbin/sendmail: not found`, `No MTA installed`
- PHP's mail() gave the message back: `Could not instantiate mail function`
- the receive log and message tracking have nothing of the message, nor has the sending service: a hint

## Not this when
- the receive log has a session, message tracking a row or a queue an entry of that message, or it came back: it was handed over
- a server refused it, or the connection failed: then the program tried, and those words say why
- the program is set to a server that is not responsible for it (`connector.client.wrong-smtp-host`)
- it waits in Outlook's own Outbox (`store.outlook.keeps-messages`)

## References
- https://laravel.com/docs/mail#mail-and-local-development
- https://docs.djangoproject.com/en/stable/topics/email/#email-backends
- https://github.com/PHPMailer/PHPMailer/wiki/Troubleshooting
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.recipient.steps import advise
from diagnostics.facts import ConnectFailed, Reply, Said, Session
from diagnostics.mail_facts import Configured, Told, Tracked
from diagnostics.recognisers.unsent import KIND
from diagnostics.report import Step

_PHP: Final = (
    "Could not instantiate mail function",  # PHPMailer, of PHP's own mail()
    "Impossible d'instancier la fonction mail",
    "Mail-Funktion konnte nicht initialisiert werden",
    "No se pudo instanciar la función mail",
    "your host may have disabled the mail() function",  # WordPress
    "mail() has been disabled for security reasons",
    "Call to undefined function mail()",
    "Horde_Mime_Exception: mail() returned failure",
)
_STORIES: Final = ("test-mail-arrives-alone", "worker-does-not-run", "no-trace-of-the-message")


@cause(id="connector.client.nothing-handed-over", act="sender", says=_PHP)
def assess(
    anchor: Configured | Said | Told,
    sessions: tuple[Session, ...],
    tracked: tuple[Tracked, ...],
    replies: tuple[Reply, ...],
    failures: tuple[ConnectFailed, ...],
) -> Finding | None:
    """A setting or a shell's sentence tells that nothing was handed over; whatever a server saw speaks against it."""
    if isinstance(anchor, Configured) and anchor.kind != KIND:
        return None
    if isinstance(anchor, Told) and anchor.story not in _STORIES:
        return None
    seen = _seen(sessions, tracked, replies)
    if seen:
        because = "A mail server had the message: the program handed it over."
        return Finding(Belief.RULED_OUT, because, (seen,))
    if isinstance(anchor, Told):
        because = "As you tell it, the program may never hand this message to a mail server: what makes it (a notification, a "
        because += (
            "rule, a form) or what sends it (a worker, cron, a queue of its own) would be at fault, and no server."
        )
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(told=True), weight=1.6)
    tried = any(each.code or each.enhanced or each.source != anchor.source for each in replies)
    if failures or tried or (isinstance(anchor, Said) and "smtp" in anchor.text.lower()):
        because = f"{_what(anchor)}; but another way was tried, too, by another part of the program or at another time."
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(), weight=0.8)
    unsure = isinstance(anchor, Configured) and anchor.name == "server"
    return Finding(Belief.POSSIBLE if unsure else Belief.LIKELY, f"{_what(anchor)}.", (anchor,), _steps(), weight=1.7)


@shown
def looks(objects: tuple[Configured, ...], seen: tuple[Tracked | Session, ...]) -> Finding | None:
    """What the program's own machine shows, and whether Exchange has a trace."""
    taken = next((each for each in seen if isinstance(each, Tracked) or each.direction == "receive"), None)
    if taken:
        because = "Exchange has a trace of the message: the program handed it over."
        return Finding(Belief.RULED_OUT, because, (taken,))
    unsent = next((each for each in objects if each.kind == KIND and each.source.paste > 0), None)
    return Finding(Belief.LIKELY, f"{_what(unsent)}.", (unsent,), _steps()) if unsent else None


def _seen(
    sessions: tuple[Session, ...], tracked: tuple[Tracked, ...], replies: tuple[Reply, ...]
) -> Session | Tracked | Reply | None:
    """A trace of the message at a mail server."""
    received = (each for each in sessions if each.direction == "receive")
    bounced = (each for each in replies if each.kind in ("ndr", "dsn", "queue"))
    return next(received, None) or next(iter(tracked), None) or next(bounced, None)


def _what(anchor: Configured | Said) -> str:
    if isinstance(anchor, Said):
        return (
            "PHP's own mail() did not take the message (no mail program on the web server, or its host lets none send), so no "
            "mail server ever had it"
        )
    words = anchor.get("Words")
    if anchor.name == "setting":
        return f"With `{words}` the program hands its mail to no server that delivers: it is written to a log, kept, or dropped"
    if anchor.name == "program":
        return f"The local program that is to send the mail is not there (`{words}`)"
    return f"The program says that nobody gave it a mail server (`{words}`)"


def _steps(*, told: bool = False) -> tuple[Step, ...]:
    """What is told is looked for where the program runs; what was shown of it, where the message should have come."""
    exchange = look(
        "See whether Exchange had anything of it: no row at the time of the mail means that it was never handed over.",
        "Get-MessageTrackingLog -Sender {sender} -Start (Get-Date).AddHours(-4) -ResultSize 20 | "
        "Format-List Timestamp,EventId,Source,Sender,Recipients,MessageSubject",
        sender="",
    )
    machine = look(
        "On the program's machine (in its container, as its own user), see whether there is a local mail program, and how "
        "the program is told to send.",
        "ls -l /usr/sbin/sendmail; grep -rE 'MAIL_(MAILER|DRIVER|HOST)|SMTP_HOST|EMAIL_BACKEND|delivery_method' .env config",
        "bash",
    )
    return (
        *((machine, exchange) if told else (exchange, machine)),
        advise(
            "In the program: is this notification switched on, for this user and this event? Does its worker, queue or cron "
            "job run, and when did it last? Does its own log say that the mail was made?"
        ),
        change(
            "Give the program an SMTP server that delivers, and have its worker run; install a mail program (msmtp, Postfix as "
            "a null client) only where it can speak no SMTP by itself.",
            "",
            shell="portal",
            changes="How the program sends: mail that it kept until now may leave at once, so look at its queue first.",
            undo="Restore the former settings.",
            verify="The next real message, not the test, stands in the receive log.",
        ),
    )
