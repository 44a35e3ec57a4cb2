"""Whole sentences in which applications, libraries and devices say that a mail was not sent, without a word of the server's.

One table for what they have in common: no connection, no answer in time, a logon that failed, a session that ended. No name of
an exception stands beside such a sentence, so its wording or its place has to tell that it was printed and not told.
The wordings are known from the products (MailKit, Jakarta Mail, Symfony Mailer, nodemailer, Blat, sendEmail, printers' panels);
none was compared with a manual.
"""

from __future__ import annotations

from typing import Final, Literal

from diagnostics.patterns import linear
from diagnostics.recognisers import system_words
from diagnostics.recognisers.event_quotes import explains
from diagnostics.recognisers.reply_wording import asks_about
from diagnostics.recognisers.told_past import over
from diagnostics.recognisers.told_settings import supposes

_SERVER: Final = (
    r"(?:the |your |an? )?(?:outgoing |remote |configured )?(?:e-?mail |mail |smtp )(?:\(?smtp\)? )?"
    r"(?:server|host|gateway|relay)"
)
_UNABLE: Final = r"(?:could(?: not|n.t)|can(?: ?not|.t)|unable to|failed to|failure to|error while trying to)"
# What people say in the same words: read only where a program's words begin.
_PLAIN: Final = (
    rf"{_UNABLE} (?:connect|establish a connection|open (?:a )?connection) (?:to|with) (?:{_SERVER}|SMTP|your outgoing)\b"
    r"|\b(?:SMTP|e-?mail|mail) (?:server|gateway|host) (?:is |was )?(?:not (?:available|responding|reachable|found)"
    r"|unreachable|(?:temporarily )?unavailable|cannot be found|could not be (?:found|contacted|reached))"
    r"\s{0,2}(?:$|[.,;!\"'()\]|])"
    r"|\bno connection to (?:the )?mail ?server\b|\bmail server connection failed\b|\bserver connection error\b"
    r"|\bunable to connect to the remote server\b|\bcan.t connect to server\b|\bcouldn.t connect to host\b"
    r"|\bconnection to the outgoing server failed\b|\bcannot connect with the destination\b"
)
_PLAIN_TIMED_OUT: Final = (
    r"\bconnection to (?:the )?(?:e-?mail|mail|smtp|outgoing) ?server (?:has )?timed out\b"
    r"|\bthe operation has timed out\b|\btimed out connecting to\b"
)
_PRINTED: Final = (
    r"\bconnection could not be established with host\b|\bcouldn.t connect to host, port: "
    r"|\bcouldn.t open connection to server\b|\bfailure sending mail\b|\bthe transport failed to connect to the server\b"
    r"|\bSMTP server connection error\b|\bfailed attempting to ping the SMTP server\b"
    r"|\bMailSendException: Mail server connection failed\b|\bsmtp connect failed\b|\bssmtp: Cannot open \S+:\d"
    r"|\bconnection with the destination has failed\b|\bthe server \S+ cannot be contacted on port \d"
    r"|\bserver could not be contacted on the default ports|\bcannot connect to mail host \S"
    r"|\bconnection attempt to \S+ failed: |\blettre: connection error: |\bsocket error # ?100\d\d\b"
    r"|\bconnection test failed! Here is what we got instead|\bno response received\. Check server address\b"
    r"|\bsend error (?:code )?(?:1101|2101)\b|\b016-764\b"  # Kyocera, Xerox
)
_PRINTED_TIMED_OUT: Final = (
    r"\bSMTPConnectTimeoutError\b|\[Connection timed out #\d|: connect: timeout\b|\bkind: TimedOut\b"
    r"|\btime-?out error occurred when communicating with the SMTP server\b"
    r"|\btimeout was reached: connection timed out\b|\bdial tcp: i/o timeout|\bSMTP server: connection timed out\b"
    r"|\bconnection to (?:the server )?[\"'“”][\w.:-]+[\"'“”](?: on port \d+)? timed out\b"
    r"|\bsend error (?:code )?210[23]\b|\b(?:canon|imagerunner|ir-?adv|scan)\b.*?#801\b"
)
# The session opened, or nothing tells that it did not: what went wrong is in the words of a cause (`says`).
_LOGON: Final = (
    r"\bAuthenticationException: Authentication failed\b|\bAuthentication failed\. Please check your SMTP\b"
    r"|\bfailed to authenticate on SMTP server with username\b|\bauthentication failed \(method \w"
    r"|\bmissing credentials for \"?(?:PLAIN|LOGIN)\b|\bSMTP-AUTH: Authentication to \S"
    r"|\buser ?name or password for .{0,2}SMTP.{0,2} is incorrect\b|\bemail server requires authentication\b"
    r"|\bSMTP (?:server )?authentication (?:has )?(?:failed|failure|error)\b"
    r"|\bauthentication with the destination has failed\b|\b(?:failed|unable) to log ?in to the (?:mail|SMTP) server\b"
    r"|\bsend error (?:code )?1102\b|\b016-507\b|\bSMTP Server returned error: |(?:: |\(67\) )Login denied\b"
    r"|\bcurl: \(67\) Access denied\b"
    r"|\btransport error code was 0x80040217\b|\bdoes not seem to support encrypted passwords\b"
)
_ENDED: Final = (
    r"\bexpected response code \S+ but got (?:an )?empty (?:response|code)\b|\bcould not read response: \[EOF\]"
    r"|\b(?:MessagingException|gomail: could not send email \d+): (?:\[EOF\]|EOF|short response)"
    r"|\bresponse error: incomplete response\b|\bEOFError: end of file reached\b"
    r"|\bprocess \S+ -bs\W{1,2} has been closed unexpectedly\b|\bwas lost in the middle of the transaction\b"
    r"|\btimeout (?:waiting for server response|while reading from \S)|\bServer closed the connection unexpectedly\b"
)
_ENCRYPTING: Final = (
    r"\battempting to establish an SSL or TLS connection\b|\bunable to connect with (?:STARTTLS|TLS encryption)\b"
    r"|\bTLS (?:setup|startup) failed\b|\bserver does not support secure connections\b|\bAn SSL exception occurred\b"
    r"|\busing STARTTLS since it does(?: not|n.t) advertise\b"
)
_REFUSED: Final = (
    r"\brejected one or more recipient addresses\b|\brecipient addresses was rejected by the server\b"
    r"|\bSMTP server did not accept the recipient\b|\brecipients failed: \S|\bSendFailedException: Invalid Addresses\b"
    r"|\brecipient \S+ was rejected by the server because it does not allow relaying\b"
    r"|\bthe following From address failed: |\bserver rejected the sender address\b"
    r"|\bsender address was rejected by the server\b|: data not accepted\b|\bblocked by mail server\b"
    r"|\blookup \S+(?: on \S+)?: no such host\b"
)
_NOTHING_TOLD: Final = (
    r"\bcould not instantiate mail function\b|\bcannot send message using the server\b"
    r"|\b(?:failed to|unable to|could not|cannot) send\b.*?\bcheck (?:your|the) SMTP (?:server )?settings\b"
    r"|\b(?:failed to|unable to|could not|cannot) send\b.*?\bcheck the settings of your SMTP\b"
    r"|\boutgoing e-?mail settings for the server are configured correctly\b|\bmail delivery failed via SMTP server\b"
    r"|\byour host may have disabled the mail\(\) function\b|\bmay not be correctly configured to send e-?mails\b"
)
_DISTINCT: Final = "|".join((_PRINTED, _PRINTED_TIMED_OUT, _LOGON, _ENDED, _ENCRYPTING, _REFUSED, _NOTHING_TOLD))
SENTENCES: Final = f"(?:{_PLAIN}|{_PLAIN_TIMED_OUT}|{_DISTINCT})"
_SENTENCE = linear(f"(?i){SENTENCES}")
_TELLING = linear(f"(?i)(?:{_DISTINCT})")
_NO_CONNECTION = linear(f"(?i)(?:{_PLAIN}|{_PRINTED})")
_NO_ANSWER = linear(f"(?i)(?:{_PLAIN_TIMED_OUT}|{_PRINTED_TIMED_OUT})")
_OF_MAIL = linear(r"(?i)smtp|mail|curl: \(67\)|recipient|from address|\b(?:lettre|swaks|CDO)\b")
# An error of a database or of a web service has the same words.
_OF_OTHERS = linear(r"(?i)\b(?:database|ldap|web ?site|https?://|vpn|rdp|ftp|share)\b")
# At a line's start, behind a label, a device's number or an opening quote, or as somebody tells what is shown.
_BEGINS = linear(
    r"(?i)(?:^|[:;>=|\]()\"'`“„«»*•!-]|[.!] )\s{0,8}(?:#?[0-9A-F]{2,4}(?:-[0-9]{3})?:? |error |please )?"
    r"(?:(?:the|your|one of the) )?$"
    r"|\b(?:says?|shows?|gets?|getting|got|reports?|returns?|error|message|with|fails?|failed|exception|throws?|warns?"
    r"|fehler\w*|meldung|meldet|bekomm\w*|erh[aä]lt\w*|erreur|re[cç]oi\w*|recevons|affich\w+|errore|ricev\w*|mensaje|recib\w*"
    r"|erro|receb\w*|mensagem|krijg\w*|ontvang\w*|foutmelding|dosta[jć]\w*|komunikat|błąd|får|felmeddelande\w*)"
    r"\b[^.;?!]{0,40}$"
)
_SUPPOSED = linear(
    r"(?i)\b(?:alerts? (?:on|for)|monitor\w* (?:for|on)|(?:watch|look)(?:es|ing)? for|fixed|catch\w*|handle[sd]?"
    r"|ignore[sd]?|if|when(?:ever)?|in case|should|would|may|might|can|test(?:ed|ing)? (?:that|whether))\b[^.;:]{0,60}$"
)
_FROM_A_BOOK = linear(r"(?i)\b(?:manuals?|handbook|runbook|release notes)\b")
# Where the words are only the name of something, or of what may come.
_NAMED = linear(
    r"(?i)^[\"'`”“.)]{0,3} (?:is|are) (?:one of|an?|what|when)\b"
    r"|^[\"'`”“.)]{0,3} (?:counters?|count|graphs?|metrics?|alarms?|alerts?|rules?|messages?|texts?|codes?"
    r"|\d+ times|errors are)\b"
)


# Beside words that people use as well: what is mended, and what is only written. "Still" takes it back.
_SETTLED = linear(
    r"(?i)\b(?:renewed|replaced|fixed|solved|works? (?:again|now)|fine (?:again|now)|erneuert|ersetzt|behoben|gelöst|läuft wieder"
    r"|geht wieder|renouvelé|remplacé|résolu|réglé|renovado|solucionado|resuelto|rinnovato|risolto|vernieuwd|opgelost)\b"
    r"|\b(?:translat\w{1,6}|pull request|übersetz\w{1,6}|traduc\w{1,6}|wording)\b"
)
_CLAUSE = linear(  # a clause in which somebody passes on what a system said
    r"(?i)(?:[,(] ?|\b(?:because|since|that|as|dass|weil|da|denn|que|car|porque|perché|che|ya que|he|she|it|er|sie|es|il|elle"
    r"|(?:laut|according to|selon|según|secondo) \S{1,40}(?: ist| is)?) )(?:the |der |die |das |le |la |el |il |o )?$"
)
_STILL = linear(
    r"(?i)\b(?:still|nevertheless|even though|although|trotzdem|noch|toujours|encore|todavía|sigue|ancora|nog)\b"
)


def displayed(line: str, *, mail: bool) -> bool:
    """Whether a program's sentence of a failed send stands in `line` as one that was printed.

    `mail` is whether the text around speaks of mail: where it does not, the line itself has to.
    """
    telling = _TELLING.search(line) or system_words.printed(line)
    plain = None if telling else system_words.plain(line)
    found = telling or _SENTENCE.search(line) or plain
    if found is None or not (mail or _OF_MAIL.search(line)):
        return False
    before, after = line[: found.start()], line[found.end() :]
    told = f"{before} {after}"  # what stands around: Windows' own sentences ask and explain
    if asks_about(told) or explains(told) or _OF_OTHERS.search(told):
        return False
    if (
        _NAMED.search(after)
        or _FROM_A_BOOK.search(before)
        or supposes(before)
        or _SUPPOSED.search(before)
        or over(before, after)
    ):
        return False
    if telling:
        return True
    settled = _SETTLED.search(told) and not _STILL.search(told)
    passed_on = plain is not None and _CLAUSE.search(before)
    return bool(passed_on or _BEGINS.search(before)) and not settled


def says_so(text: str) -> bool:
    """Whether `text` holds one of these sentences."""
    return bool(_SENTENCE.search(text)) or system_words.told(text)


def kind_of_failure(text: str) -> Literal["timeout", "unknown", ""]:
    """Why a client had no connection, in its own sentence: no answer in time, or a reason that it keeps; "" for anything else."""
    if _NO_ANSWER.search(text):
        return "timeout"
    return "unknown" if _NO_CONNECTION.search(text) else ""
