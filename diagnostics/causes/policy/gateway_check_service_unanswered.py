"""A program that the mail relay asks about every message does not answer.

## What is happening
Postfix, Sendmail and Exim ask programs beside them whether a message may pass: a policy service (greylisting, SPF, a
quota), a milter (DKIM, rspamd), a virus scanner, Amavis. Where one is not running, listens at another address, has no
memory left or hangs, the relay can't decide and puts every message off: `451 4.3.5 Server configuration problem`,
`4.7.1 Service unavailable - try again later`. Senders see a temporary error, and after days a bounce. The refused
connection in such a log is the one to that program, and no mail was to go there.

## What proves it
- the relay's log: `problem talking to server`, `connect to proxy filter`, `connect to Milter service …: Connection refused`
  beside messages that it put off, `can't read SMFIC_…`, `error connecting to filter`, `acl condition: clamd … unable to connect`
- Amavis itself: `TROUBLE in check_mail`, `451 4.5.0 Error in processing, id=…`

## Not this when
- a filter put the message off in words of its own: greylisting (`quota-throttle.remote.greylisting`; Plesk's says
  `Service unavailable - try again later`, too), a rate, a verdict
- the log says `connect to mx.fabrikam.com[…]:25`: then it is the destination that refuses (`network.connection.refused`)

## References
- https://www.postfix.org/SMTPD_POLICY_README.html
- https://www.postfix.org/MILTER_README.html
- https://www.exim.org/exim-html-current/doc/html/spec_html/ch-content_scanning_at_acl_time.html
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.network.reach import of_itself
from diagnostics.causes.reader import acting, reply_of
from diagnostics.causes.recipient.steps import advise
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.report import Act, Step

# What only the relay's own log has.
_NO_HOST: Final = "fatal: host/service "
_LOGGED: Final = (
    "problem talking to server",
    "connect to Milter service",
    "can't read SMFI",
    "while reading input attribute name",
    "connect to private/",
    "connect to proxy filter",
    "error connecting to filter",
    "local socket name",
    "all spamd servers failed",
    "acl condition: clamd",
    "acl condition: spamd",
    _NO_HOST,
)
_OF_MILTERS: Final = ("connect to Milter service", "error connecting to filter", "local socket name")
# Postfix, of what it hands its messages to on the same machine; 24 is the port of LMTP, behind which mailboxes are.
_BESIDE: Final = tuple(
    f"{words} {host}"
    for words in ("conversation with", "lost connection with")
    for host in ("127.0.0.1", "localhost", "[::1]", "::1")
)
_ON_LOOPBACK = linear(
    r"(?i)\brelay=(?:localhost|127\.0\.0\.1|\[?::1)\S{0,60}\]:(\d{2,5})\b|\[(?:127\.0\.0\.1|::1)\]:(\d{2,5})\b"
)
_MAIL_PORTS: Final = ("24", "25", "465", "587", "143", "110")
_OF_EXIM: Final = "Temporary local problem - please try later"
_BY_AMAVIS: Final = (
    "451 4.5.0 Error in processing, id=",
    "ALL VIRUS SCANNERS FAILED",
    "in check_mail: parts_decode_ext FAILED",
    "in check_mail: virus_scan FAILED",
)
_PROBLEM: Final = "Server configuration problem"
_MISWRITTEN: Final = "Server configuration error"
_PUT_OFF: Final = "4.7.1 Service unavailable - try again later"
# Postfix's own parts, which it talks to in the same words.
_OWN_PART = linear(
    r"private/(?:tlsmgr|proxymap|proxywrite|anvil|rewrite|verify|scache|bounce|defer|trace|error|retry|tlsproxy|postlog)\b"
)
# Whom it asks: without an address, the words may be any program's.
_ASKED = linear(
    r"(?i)(?:talking to server|(?:connect to )?(?:milter service|proxy filter)|\bmilter|\b(?:timeout|end-of-input) on"
    r"|\bconnect to) "
    r"((?:inet6?:|unix:|private/|/)?[\w.:/@\[\]-]{2,120}?)[:,]?(?:\s|$)|\bMilter \(([\w.-]{1,60})\)|acl condition: (clamd|spamd)"
)
_NO_MEMORY = linear(r"(?i)can.t fork|cannot allocate memory|out of memory")


@cause(
    id="policy.gateway.check-service-unanswered",
    act="on-prem",
    says=(*_BESIDE, *_LOGGED, *_BY_AMAVIS, _PROBLEM, _MISWRITTEN, _PUT_OFF, _OF_EXIM),
)
def assess(said: Said, replies: tuple[Reply, ...], objects: tuple[Configured, ...]) -> Finding | None:
    """The relay's log names the program; its reply to who sends only says that it could not decide."""
    if _OWN_PART.search(said.text):
        return None
    reply = reply_of(said, replies)
    inside = said.signature in _LOGGED or reply is None or of_itself(reply.ip) or "reject:" in said.source.quote
    act: Act = "on-prem" if inside else acting(said, replies, objects, "recipient-side")
    steps = _steps() if act == "on-prem" else _from_outside()
    if said.signature in _BESIDE:
        return _on_the_machine(said)
    if said.signature in _LOGGED:
        return _logged(said, replies, steps, act)
    if said.signature in _BY_AMAVIS:
        because = "The content filter (Amavis) could not look into the message, and judged nothing: "
        because += (
            "the machine has no memory left." if _NO_MEMORY.search(said.text) else "what it calls for that failed."
        )
        return Finding(Belief.LIKELY, because, (said,), steps, act, weight=1.6)
    if said.signature == _OF_EXIM:
        because = (
            "These are Exim's words where a check of its own could not be made: a virus or spam scanner that does not "
        )
        because += "answer, a list or database that was not reached. Its main log names it."
        return Finding(Belief.POSSIBLE, because, (said,), steps, act, weight=1.8)
    if said.signature == _PUT_OFF:
        because = "These are the words of Postfix where a filter beside it (a milter) does not answer, or puts the message off "
        because += "and gives no reason, as Plesk's greylisting does. The relay's log tells which."
        # Who only gets the reply mostly met a greylist.
        return Finding(Belief.POSSIBLE, because, (said,), steps, act, weight=1.9 if inside else 1.0)
    if said.signature == _MISWRITTEN:
        because = (
            "The relay (Postfix) has a check in its settings that it does not know or can't load; its log names it."
        )
        return Finding(Belief.LIKELY, because, (said,), steps, act, weight=1.3)
    because = (
        "These are the words of Postfix where a policy service that it asks about every recipient (greylisting, SPF, a "
    )
    because += "quota) gives no answer."
    return Finding(Belief.LIKELY, because, (said,), steps, act, weight=1.5)


def _on_the_machine(said: Said) -> Finding | None:
    """The content filter beside Postfix (Amavis on 10024, by habit) got the message, and gives no answer, or is not there."""
    found = _ON_LOOPBACK.search(f"{said.text} {said.source.quote}")
    port = next((each for each in found.groups() if each), "") if found else ""
    if not port or port in _MAIL_PORTS:
        return None
    because = f"Postfix hands every message to a program on port {port} of the same machine, a content filter such as Amavis, "
    because += "and got no answer from it: mail waits in the queue until the filter works or is taken out."
    return Finding(Belief.LIKELY, because, (said,), _steps(), "on-prem", weight=1.6)


def _logged(said: Said, replies: tuple[Reply, ...], steps: tuple[Step, ...], act: Act) -> Finding | None:
    """The relay's own warning. It may go on without a milter, so beside one only what was put off proves that mail waits."""
    found = _ASKED.search(said.text)
    named = next((each for each in found.groups() if each), "") if found else ""
    if said.signature == _NO_HOST:
        because = (
            "Postfix is set to ask another program (a policy service, a filter or a map), and finds no such host: what "
        )
        because += "takes mail ends at once, each time. In a container the name has to be one that is known inside."
        return Finding(Belief.LIKELY, because, (said,), steps, act, weight=1.6)
    if not named and said.kind != "log":
        return None
    because = (
        f"The relay asks a program about every message{f' (`{named}`)' if named else ''}, and that one does not answer"
    )
    if said.signature in _OF_MILTERS and not any(each.code == 451 or each.enhanced == "4.7.1" for each in replies):
        because += ". By default the relay puts mail off then; it may also have been told to go on without."
        return Finding(Belief.POSSIBLE, because, (said,), steps, act, weight=1.5)
    return Finding(Belief.CONFIRMED, f"{because}: the relay puts mail off.", (said,), steps, act)


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "See which programs the relay asks, and where it expects them.",
            "postconf -n smtpd_recipient_restrictions smtpd_milters non_smtpd_milters content_filter",
            "bash",
        ),
        look(
            "See what listens on the machine, what failed to start, and how much memory is left.",
            "ss -lntxp; systemctl --failed; free -m",
            "bash",
        ),
        change(
            "Start the program, or bring the address that it listens at and the one in the relay's settings together. Its own "
            "log says why it ended; a socket in the file system has to be within reach of the relay's account and chroot.",
            "",
            shell="portal",
            changes="The relay gets its answers again, and what others hold for it is tried again by them.",
            undo="Write the former address back, or stop the program.",
            verify="No new warning in the relay's log while a message from outside comes in.",
        ),
    )


def _from_outside() -> tuple[Step, ...]:
    return (
        advise(
            "Nothing on the sending side mends it, and the message is tried again by itself. If it goes on for hours, give the "
            "postmaster of the recipient the reply and the time: a program that the relay asks does not answer."
        ),
    )
