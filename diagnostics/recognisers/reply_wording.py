"""Telling a pasted reply from talk about one: by what stands before a code, and how the words after it read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from msgspec import Struct

from diagnostics.codes.structure import COMPONENTS
from diagnostics.patterns import linear
from diagnostics.refusals import topics_of

_WINDOW: Final = 240  # characters looked at on either side of a code

# Phrases that only servers write, where no number is left: of failures that are tried again, and of final ones.
_TRIED_AGAIN: Final = "|".join(
    (
        r"DNS query failed with error \w+",
        r"DNS query failed\. The error was",
        r"TLS negotiation failed with error \w+",
        r"primary target IP address responded",
        r"error encountered while communicating with primary target",
        r"failed to connect\. winsock error code",
        r"\b(?:TimedOut|Connection(?:Refused|Reset|Aborted)|(?:Host|Network)Unreachable):0{4}27[0-9A-F]{2}\b",
        r"can(?:no|')t (?:connect to|establish session with) remote server \[Message=",
        r"connection dropped due to (?:socket ?error|connection ?reset|connection ?aborted|timed ?out)",
        r"message expired, can(?:no|')t connect to remote server",
        r"connect to [\w.-]+\[[0-9a-f.:]+\]:\d+: (?:connection|no route|network)",
        r"SSL_connect error to [\w.-]+\[[0-9a-f.:]+\](?::\d+)?: ",  # Postfix, where the line's beginning was cut off
        r"\bCannot start TLS: handshake failure",
        r"host or domain name not found\. name service error",
        r"sender's submission quota was exceeded",
        r"service not available, closing transmission channel",
        r"\btemporarily rejected (?:RCPT <|MAIL <|after DATA: )",
        r"maildrop: maildir over quota",
        # qmail, Gmail, Exim, Cisco, hMailServer
        r"\bconnected to [\w.:-]+ but (?:connection died|greeting failed|sender was rejected|my name was rejected)",
        r"\bI wasn't able to establish an SMTP connection",
        r"\bCNAME lookup failed temporarily",
        r"\bdid not accept our requests to connect",
        r"\bDNS (?:hard|soft) error looking up",
        r"\.\.\. Deferred: (?:connection|name server|no route|operation timed|host)",
        r"^\W*<[^ >]+@[^ >]+>: .*\(#4\.\d\.\d\)",
        r"\ball hosts for '[^' ]+' have been failing for a long time",
    )
)
_FINAL: Final = "|".join(
    (
        r"\bI couldn't find any host named",
        r"\ball relevant MX records point to non-existent hosts",
        r"\ban MX or SRV record indicated no SMTP service",
        r"\bno mail servers appear to exists? for",
        r"\bunable to route: (?:no mail hosts|dns) ",  # PowerMTA, Momentum
        r"\bexceeded its quota for total number of external recipients",  # Google Groups
        r"\bmail for \S+ loops back to myself",
        r"\btoo many \W{0,2}received\W{0,2} headers - suspected mail loop",  # Exim
        r"\bmail forwarding loop for \S+@\S+",  # Postfix
        r"\bmessage is looping: it already has my Delivered-To line",  # qmail
        r"\bretry time(?:out exceeded| not reached for any host)",  # Exim
        r"\bcannot update mailbox /\S+ for user \S+ (?:error writing|destination)",  # Postfix
        r"\bmaildir delivery failed: ",
        r"size of the message you are trying to send exceeds",  # Thunderbird
        r"\bquota exceeded while writing",  # procmail
        r"\bredirect action: not forwarding message to <",  # Dovecot's Sieve
        r"\brecipient's email address (?:is not|isn't) listed in the domain's directory",  # Exchange Online
        r"message size \d+ exceeds size limit \d+ of server [\w.-]+\[",
        r"^\W*<[^ >]+@[^ >]+>: .*\(#5\.\d\.\d\)",
        r"\b(?:helo command|sender address|recipient address|client host|end-of-data command) rejected: \w",  # Postfix
        r"\b(?:n[o']t|n’t) recognized as a valid sender\b",  # Exchange Online
        r"\bSMTPUTF8 is required, but was not offered\b",  # Postfix
        r"(?:^|[:>\"'`(]) {0,2}sender address is not allowed\W*$",  # IONOS
        r"(?:^|[:>\"'`(]) {0,2}relay(?:ing)? (?:access )?(?:denied|prohibited|not (?:allowed|permitted))\W*$",
        r"\bTLS i[st] not available or unauthenticated but required",  # maddy
        r"\bWASCL UserAction verdict is not None",  # Exchange Online's filter of what its own accounts send
        r"\bmessage wasn['’]?t delivered because of security policies\b",  # Exchange 2007 and 2010, of 5.7.1
        r"\bunrouteable address\s*$",
        r"\bunknown local-part \"",
        r"\bDNS error: domain name not found",
        r"(?:<[^<>\s]{1,320}>: )?\bRecipient address rejected: (?:User unknown|Domain not found)",  # Postfix
        r"\brejected (?:RCPT <|MAIL <|after DATA: |connection in \"connect\" ACL: )",
    )
)
PHRASES: Final = f"{_TRIED_AGAIN}|{_FINAL}"
_TOKEN = linear(rf"\b(?:{COMPONENTS}|Resolver)\.[A-Z][A-Za-z0-9]+(?:\.[A-Za-z0-9]+)*")
_NORMAL: Final = "RESOLVER.OOF."  # of two automatic replies, one for inside and one for outside, one is dropped
_ASKING = linear(
    r"(?i)\b(?:what(?:'s| is| does| do| are| means)|means?\b|meaning|difference between|vs\b|versus"
    r"|explain\w*|e\.g\.|such as"
    r"|indicates?|occurs? when|typically|usually|commonly|refers? to|used to (?:be|get|see|have|mean|say)|last (?:year|month"
    r"|quarter)|remember|wiki|runbooks?"
    r"|slides?|quiz|joke|documentation|docs?|articles?|blog|how many|never (?:seen|saw|had)|no longer"
    r"|was fixed|is fixed|solved)\b"
)
_LAUGHS = linear(
    r"(?i)\b(?:(?:ha|he|hi){2,}|lol|lmao|rofl|mdr|xd)\b|:(?:joy|rofl|laughing|smile|grin):|[😀😁😂😄😆😉🤣]"
)
_REPORTING = linear(
    r"(?i)\b(?:get|gets|getting|got|gives?|giving|gave|bounc\w*|return\w*|reject\w*|fails?|failed"
    r"|failing|errors?|says?|saying"
    r"|shows?|showing|see|seeing|receiv\w*|deferred|stuck|with|LastError|NDRs?|this|these|fehler\w*"
    r"|meldung|meldet|melden|bekomm\w*|erh[aä]lt\w*|kriegen|kommt|kommen|lautet|steht"
    r"|erreur|erreurs|re[cç]oi\w*|recevons|obtenons|obtient|affich\w+|errore|ricev\w*|otteniamo|appare|mensaje"
    r"|recib\w*|tenemos|obtenemos|aparece|devuelve|erro|receb\w*|temos|mensagem|krijg\w*|ontvang\w*|foutmelding|dosta[jć]\w*"
    r"|komunikat|błąd|får|felmeddelande\w*)\b[^.?!]*$"
)
_DELIMITED = linear(r"(?:^|[:>\"'`(\[{=|<;*#,]|->|\)|\bb')\s*$")
_SENTENCE_END = linear(r"\w[.!] $")  # a code of both numbers that stands alone after a sentence is what came with it
# Lower case only: a reply begins with a capital letter or with words of its own.
_NAMING = linear(
    r"^[\s\"')\]]*(?:[?.!,;]|(?:and|or|vs\.?|versus|is|are|was|were|means?|meaning|errors?(?:[\s.,!?]"
    r"|$)|NDRs?|ndrs?|DSNs?"
    r"|bounces?|codes?|issues?|problems?|tickets?|things?|incidents?|questions?|articles?|kb|KB|docs?"
    r"|pages?|slides?|side"
    r"|alerts?|alarms?|replies|responses|rejections?|messages|mails|emails|cases?|rows?|entries"
    r"|counts?|stats?|graphs?"
    r"|rules?|handling|handler|path|fix)(?:\W|$))"
)
# "with a 5.4.6 status code", "mit dem Fehlercode 5.1.1": a number that is called a code is no version.
_NOUN: Final = (
    r"(?:(?:status|error|ndr|dsn|smtp|bounce|response|reply|return|failure|enhanced|fehler)[ -]?codes?"
    r"|code (?:d.)?(?:erreur|.tat)|c.digo (?:de )?(?:error|erro|estado)|codice (?:di )?(?:errore|stato)|foutcode)"
)
_CALLED_BEFORE = linear(rf"(?i)\b{_NOUN}(?: of| is| was| von)?:?\s*['\"`(]?$")
_CALLED_AFTER = linear(rf"(?i)^['\"`)]?\s{_NOUN}\b")
# That it came back, as somebody tells who got it; who explains it says what one may get, or when.
_CAME = linear(
    r"(?i)\b(?:gets?|getting|got|receiv(?:e|es|ed|ing)|bounc(?:e|es|ed|ing)|return(?:s|ed|ing)|fail(?:s|ed|ing)|rejected|refused"
    r"|c[oa]mes? back|coming back|bekomm\w*|erh.lt\w*|erhiel\w*|zur.ck|re.oi\w*|re.us?|recevons|recib\w*|ricev\w*|krijg\w*"
    r"|ontvang\w*|receb\w*)\b[^.?!]*$"
)
_SUPPOSED = linear(
    r"(?i)\b(?:if|should|may|might|could|would|can|will|you|whenever|wenn|falls|kann|si|peut|puede|pu.)\b"
    r"[^.?!,;()]*$"
)
_CIRCUMSTANCE = linear(
    r"(?i)^\s*(?:when|since|for|from|to|on|in|with|at|if|after|before|until|during|by|as|today"
    r"|yesterday|again|but|so|then"
    r"|every|all|only|while|because)\b"
)
_COUNTED = linear(
    r"(?i)^\s*(?:users|mailboxes|messages|mails|e-?mails|recipients|servers|accounts|tickets"
    r"|(?:spam|virus|malware|phishing) (?:messages|mails|scanners?|filters?|licen[cs]es)"
    r"|(?:user|mail|account|login|password|authentication) (?:accounts|mailboxes|objects|licen[cs]es|profiles"
    r"|records|servers|users|contacts|items|attempts|tokens|managers|banners|pages|names|requests|sessions|failures|prompts"
    r"|codes|resets|entries|owners|holders)"
    r"|licen[cs]es|seats|people|items"
    r"|rows|euros?|dollars|eur|usd|kb|mb|gb|ms|k|m|min|minutes|hours|days|years|times|pages|devices"
    r"|clients|groups|rooms"
    r"|lines|files|bytes|requests|customers|contacts|domains|[a-z]+ (?:street|road|avenue))\b"
)
_VERSION = linear(
    r"(?i)(?:\bv|\bver\.?|versions?|release|build|updated?|upgraded?|kernel|firmware|php|openssl"
    r"|python|nginx|section|chapter"
    r"|rfc ?\d*|§|\bto|\bfrom|\bslot|\brack|\broom|\bstep|\bitem|\bpoint|\bport) *$"
)
_VOCABULARY = linear(
    r"(?i)\b(?:reject|denied|deny|refus|unavailable|not available|unknown|no such|not found"
    r"|n[o']t exist|unable|can ?not|can't"
    r"|could ?n[o']t|weren't sent|fail|timed? ?out|timeout|too many|exceed|quota|mailbox (?:full|busy|unavailable"
    r"|not)|full|spam|block|blacklist"
    r"|banned|invalid|unrecogni|unroute?able|syntax|authenticat|unauthenticated|not allowed"
    r"|not accept|not permitted|not author"
    r"|closing|insufficient|temporar|gr[ea]ylist|spf|dkim|dmarc|certificate|starttls|tls|relay"
    r"|bad sequence|prohibit|permission"
    r"|try again|later|expired|loop|hop count|too large|too big|limit|access|restrict|dropped|connect"
    r"|corrupt|violation|throttl"
    r"|suspend|disabled|unfortunately|undeliverable|not deliver|resources|unsolicited|policy|delayed|busy|mismatch"
    r"|untrusted|dns|spoof|inactiv|deactivated|does(?:n't| not) (?:exist|accept|like|recogni)"
    r"|frozen|closed|locked|archived|not (?:a )?valid|not (?:existing|owned|hosted|in )"
    r"|no one|no valid|no longer|malformed|missing|not recogni|must be|must equal|not match|not verified|not supported"
    r"|rcpthost|gateway|advertised"
    r"|inconnu|desconhecid|desconocid|sconosciut|unbekannt|existiert|échou|incorrect|fehlgeschlagen|falló|fallit|refus"
    r"|verweigert|rifiutat|rechazad"
    r"|malware|virus|infected|forbidden|reputation|attachment|executable|no space|ratelimit|dt:spm"
    r"|badmailfrom"
    r"|abgelehnt|\bvoll\b|zu viele|fehlgeschlagen|pleine|trop (?:de|volum)|rechaz|llen[oa]\b|pien[ao]\b|\bvol\b"
    r"|synchroni[sz]ation|unimplemented|unsupported|send hell?o|already specified|bare |lone |line ?feed"
    r"|smuggl|mime\b|headers?\b|malformed|missing|not supported|don't accept|match\b|smtplf|unresolv|resolv|reverse"
    r"|no ptr|no mx|ehlo|helo\b|utf-?8|non-ascii|encrypt"
    r"|\bno (?:such|route|mailbox|thank|access|third|recipient|relaying)|\bbad(?:rcpt|recipient| (?:dest|command|header|data))"
    r"|(?:\w{2,6}n.t|not) (?:handle|currently|want|connect)"
    r"|not (?:an? )?(?:\w+ )?(?:ok|registered|email|here)\b|\brcpt\b|get lost|go away|undeliverable|unroutable"
    r"|unreachable|unavaiable|zu gro(?:ß|ss)|volumineux|demasiado grande|troppo grande"
    r"|used up|storage|deferred|suspect|(?:mail)?loop|hops|smtp server|your isp|compliant|complaint"
    r"|polic(?:y|ies)|null ?mx|\bqq (?:trouble|write|read|out of|internal|crashed|waitpid))"  # qmail's queue
)
_REPLY_START = linear(
    r"^[\s:;,.\"'-]*(?:[A-Z<\[(#\d]|[a-z0-9-]+(?:\.[a-z0-9-]+)+[ \[(]|[^\x00-\x7f]|[\w.+-]{1,64}@[\w-]"
    r"|(?:\w{0,12}smtp\w{0,12}|user unknown|unknown|no such|mailbox|relay|user|account|malformed|verification"
    r"|authori[sz]ation|username|password|login|incorrect"
    r"|relaying|authenticat\w+|invalid"
    r"|sender|recipient|message|mail|connection|unable|service|temporar\w+|too many|access|denied"
    r"|reject\w*|blocked|spam|sorry"
    r"|requested|unroute?able|error|client|the|host|domain|policy|delivery|quota|over|permission|not"
    r"|address|command|synta(?:x|ctically)"
    r"|server|your|we|tls|dns|sent|bad|try|previous|cannot|must|permanent|protocol|administrative"
    r"|primary|helo|ehlo|spf|dkim|dmarc|virus|ratelimit|rate limit|mwinf\w+|user (?:\S+'s|over|is|has|account is)"
    r"|qq (?:trouble|write|read|out|internal|crashed|waitpid|timeout|temporary|permanent)"
    r"|missing (?:from|header|message|reverse|ptr|rdns|helo|mime|date)|header (?:syntax|from)|mime"
    r"|unimplemented|reverse|rdns|vdeliver\w*"
    r"|no (?:ptr|mx|reverse|rdns|such|mail ?-?box|account|user|one|valid|recipient|access|relaying)"
    r"|we (?:do|can|are|have)|see http|forged|you (?:are|have)|due to|suspected|inactive|unroutable|unresolvable|undeliverable"
    r"|dnsbl|rbl|open relay|ip (?:address|temporarily|frequency|blocked|blacklisted)|attachments?|files?|dangerous"
    r"|executable|maximum|message|not our"
    r"|(?:this|that) (?:message|mail|e-?mail|account|mailbox|address|user|recipient|sender|ip|server|host|system|domain|route))\b"
    r"|(?:[a-z0-9-]{1,63}\.){2,6}[a-z]{2,20} |https?://|[a-z]{2,20}[\d_][\w-]{0,40} |\*\.[a-z])"
)
# How a person's own sentence begins that stands below a number.
_PERSON = linear(
    r"(?i)^\W{0,3}(?:I|we|our|my|when|after|but|and|so|can|could|any|how|what|why|where|is|does|do|did|please (?:help|advise|let)"
    r"|thanks?|thx|hi|hello|hallo|has|have|here|wir|ich|unser\w*|nous|nos|je)\b"
)
# How a sentence goes on behind the number that it quotes: by a joint, as no server begins. With "we" and "because" servers do.
_JOINED = linear(
    r"(?i)^,?\s+(?:and|but|so|while|although|though|which|whereas|und|aber|obwohl|während|wobei"
    r"|mit (?:eine[mr]|der|dem)"
    r"|avec (?:une?|la|le)|et|mais|alors que|y|pero|aunque|con (?:una?|el|la)|ma|mentre|con un|maar|met een|en|mas|com uma?"
    r"|ale|och|men"
    r"|with (?:an?|the|our|no|some))\s"
)
_LABELLED = linear(
    r"(?i)^\s*(?:[a-z]{1,20}-[a-z-]{2,30}"
    r"|(?:[a-z]+ ){0,3}(?:servers?|subject|from|to|cc|date|sent|received|recipients?|mta|host|time|status|code"
    r"|id|version|queue))\s?:"
)
# What a web server answers; SMTP has no such numbers, or other words behind them.
_HTTP = linear(
    r"(?i)^(?:40[1-9]|41[0135]|418|429)\b"
    r"|^50[0-4] (?:internal server|bad gateway|gateway time|service (?:temporarily )?unavailable\W*$)"
)
_TRANSIENT = linear(f"(?i:{_TRIED_AGAIN})")


class Place(Struct, frozen=True):
    """A stretch of `line` that may begin a reply. `form` says what it consists of."""

    line: str
    start: int
    end: int
    form: Literal["pair", "enhanced", "basic", "token", "phrase"]

    @property
    def before(self) -> str:
        return self.line[max(0, self.start - _WINDOW) : self.start]

    @property
    def after(self) -> str:
        return self.line[self.end : self.end + _WINDOW]


def tokens(line: str) -> Iterator[Place]:
    """Exchange's own error tokens in `line`."""
    for found in _TOKEN.finditer(line):
        if not found.group(0).startswith(_NORMAL):
            yield Place(line, found.start(), found.end(), "token")


def asks_about(line: str) -> bool:
    """Whether the line is a question about what something means."""
    return line.rstrip().endswith("?") and bool(_ASKING.search(line))


def names_token(text: str) -> bool:
    return any(tokens(text))


def phrase_class(text: str) -> int:
    """4 for a failure that is tried again, 5 for one that is final, where the words alone tell."""
    return 4 if _TRANSIENT.search(text) else 5


def reads_as_reply(place: Place) -> bool:
    """Whether somebody pasted this, rather than spoke of it."""
    delimited, asking = bool(_DELIMITED.search(place.before)), _is_asked(place)
    if place.form == "phrase":
        return not asking
    if place.form == "token":
        told = delimited and not place.after.strip()
        return not asking and (place.after.startswith(";") or told or bool(_REPORTING.search(place.before)))
    if place.form == "basic":
        return _basic_reads(place) and not asking
    if place.form == "enhanced":
        return _enhanced_reads(place, delimited) and not asking
    return _pair_reads(place, delimited, asking)


def of_a_person(line: str) -> bool:
    """Whether `line` begins as a person's own sentence does, and no server's."""
    return bool(_PERSON.search(line))


def person_goes_on(place: Place) -> bool:
    """Whether behind the number the sentence goes on that quotes it: then the words of the reply were left out."""
    return place.form in ("pair", "basic") and bool(_JOINED.search(place.after))


def reads_on(line: str) -> bool:
    """Whether `line`, which stands below the numbers of a reply, reads as its words: no person's, and no other field."""
    if of_a_person(line) or _LABELLED.search(line):
        return False
    words = f" {line.strip()}"
    return bool(_REPLY_START.search(words)) and bool(_VOCABULARY.search(words[:120]) or topics_of(words[:_WINDOW]))


def _is_asked(place: Place) -> bool:
    """Whether the sentence asks about the code or explains it. A reply at the start of its line is no such sentence."""
    sentence = place.before
    for mark in (". ", "? ", "! ", ": ", "; ", ' "'):
        sentence = sentence.rpartition(mark)[2]
    if not sentence.strip(" \"'`*([{<#-") or sentence.lower().endswith("smtp;"):  # RFC 3464 puts the type in front
        return False
    rest = place.after
    for mark in (". ", "? ", "! ", ": ", "http"):
        rest = rest.partition(mark)[0]
    if _LAUGHS.search(place.line[:1000]) and not _REPORTING.search(place.before):
        return True
    return bool(_ASKING.search(sentence) or _ASKING.search(rest[:80]))


def _pair_reads(place: Place, delimited: bool, asking: bool) -> bool:
    reporting = bool(_REPORTING.search(place.before))
    if not place.after.strip(" .\"'`)]"):
        return (delimited or reporting or bool(_SENTENCE_END.search(place.before))) and not asking
    if _NAMING.search(place.after):
        return reporting and not asking
    if _CIRCUMSTANCE.search(place.after):
        return (delimited or reporting) and not asking
    return not asking


def _enhanced_reads(place: Place, delimited: bool) -> bool:
    """An enhanced code alone is a version number as often: it needs a token or reply wording right behind it."""
    if _VERSION.search(place.before):
        return False
    if _called_a_code(place):
        return True
    token = _TOKEN.search(place.after[:60])
    if token and not place.after[: token.start()].strip(" :;-"):
        return True
    if _NAMING.search(place.after) or _CIRCUMSTANCE.search(place.after) or _COUNTED.search(place.after):
        return False
    worded = bool(_REPLY_START.search(place.after)) and bool(_VOCABULARY.search(place.after[:120]))
    return worded and (delimited or bool(_REPORTING.search(place.before)))


def _called_a_code(place: Place) -> bool:
    """Whether a person says that mail came back with it, and calls it a status or error code."""
    called = _CALLED_BEFORE.search(place.before) or _CALLED_AFTER.search(place.after)
    asked = place.after.partition(". ")[0].rstrip().endswith("?")
    return bool(called and _CAME.search(place.before)) and not (asked or _SUPPOSED.search(place.before))


def _basic_reads(place: Place) -> bool:
    """Three digits alone are anything: they must stand where a reply begins, and read on as one."""
    if _HTTP.search(place.line[place.start : place.end + 24]):
        return False
    before = place.before.rstrip()
    begins = not before.strip(" \"'`*([{<#>-") or before.endswith((":", '"', "'", "->", "<<<", "<,", "(", "[S]"))
    if place.before.endswith(":") and place.after.startswith(":"):  # a group of an IPv6 address
        return False
    begins = begins or before.lower().endswith("smtp;") or bool(_ERROR_WORD.search(before))
    if not begins or place.after[:1] not in (" ", "-", ":", ";"):
        return False
    if _COUNTED.search(place.after[1:]) or _NAMING.search(place.after[1:]):
        return False
    if not _REPLY_START.search(place.after):
        return False
    return bool(_VOCABULARY.search(place.after[:120])) or bool(topics_of(place.line[place.start : place.end + _WINDOW]))


_ERROR_WORD = linear(
    r"(?i)\b(?:smtp|error|error code|status|reply|response|fehler|erreur|errore|fout|erro)\s*[:#]?\s*$"
)
