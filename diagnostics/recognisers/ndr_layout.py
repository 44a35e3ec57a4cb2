"""The lines of a bounce around its replies: headlines, labelled servers, recipients, copied headers.

The words are those of Exchange in ten languages and of other mail systems; a dot stands where an accent
may have been lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, Literal

import re2

from diagnostics.patterns import linear, together
from diagnostics.recognisers.ndr_frames import ADDRESS

Lines = list[tuple[int, str]]

_HOST: Final = r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+"
# What the reports of mail systems other than Exchange begin with. They go to whoever sent the message, about a server elsewhere.
OF_OTHERS: Final = "|".join(
    (
        # "Sorry, we were unable to deliver your message to the following address.", and the same with the address in it
        (
            r"^\W*(?:(?:sorry|error|notice|warning|reason)\W+)?(?:(?:i|we) (?:was|were|am|are) )?unable to deliver "
            rf"(?:your |the |this )?(?:e-?mail )?message to:? (?:the following (?:recipient|address|e-?mail)|<?{ADDRESS})"
        ),
        r"^\W*(?:your )?del[ie]very to the following (?:recipient|address)\S* (?:\w{2,4} )?(?:been )?(?:failed|delayed|aborted)",
        (
            r"^\W*(?:an|there was an?) (?:temporary )?(?:error|problem) (?:(?:has )?occurred )?(?:while )?"
            r"(?:(?:try|attempt)ing to deliver|delivering) (?:the|a|your) (?:e-?)?(?:mail|message) (?:to|for)\b"
        ),
        r"^\W*the following recipients? returned (?:permanent|temporary) errors?",
        rf"^\W*the following message to <{ADDRESS}> was undeliverable",
        r"^\W*an e-?mail (?:message )?(?:that )?you (?:attempted to send|addressed) to (?:the following|e-?mail) address",
        r"^\W*this is a delivery failure notification message\b",
        r"^\W*(?:this is )?an automatically generated delivery status notification\W*$",
        r"^\W*an automatically generated message from \S+\W*$",
        r"^\W*the following recipients? have not yet received your message|^\W*failed addresses follow:?\s?-{3,}\W*$",
        r"^\W*your (?:mail )?message to the following (?:recipient|address)\S* (?:could|can) ?not be delivered",
        r"^\W*your message can ?not be delivered to the following (?:recipient|address)",
        r"^\W*your message has been (?:enqueued and )?undeliverable\b|^\W*this is the mailer-daemon\b",
        r"^\W*a message is delayed for more than .{1,30} for the following\b",
        r"^\s*was not delivered to\s?:\s*$|^\W*failure reasons\s+-+\s*$",  # Domino, and Notes before it
        r"^\W*i am sending you this message to inform you on the delivery status",
        r"^\W*was blocked by our spam firewall\b|\bthe e-?mail you sent (?:[^.]{1,60} )?has not been delivered\b",
        rf"^\W*your message to <?{ADDRESS}>? was automatically rejected\b",
        r"^\s*could not be delivered because of\W*$|^\W*the following recipients were affected\W*$",
        rf"^\s*undeliverable to <?{ADDRESS}>?\s*$|^\W*a transcript of the attempts to send the message follows",
        # Google Groups, in forty languages
        r"\bthe group you tried to contact \(|https://groups\.google\.com/support/",
        r"以下の(?:メール)?アドレスへの送信に失敗しました",
    )
)
# What a bounce begins with. Each is a whole phrase: a chat that says "undeliverable" is no bounce.
OPENING: Final = "|".join(
    (
        r"delivery has failed to these recipients",
        r"^\s*your message to .+(?:couldn't|could not|wasn't|hasn't|can't) be",
        r"^\s*your message to .+(?:was|has been) rejected by (?:a|the) moderator|^\s*the message wasn't approved by a moderator",
        r"^\s*ihre nachricht an .+(?:vom moderator|moderatoren)|^\s*votre message . .+mod.{1,2}rateur",
        r"^\s*(?:su|el) mensaje (?:a|para) .+moderador|^\s*il messaggio .+moderator",
        r"^\s*your message (?:wasn't|was not|couldn't be|could not be) delivered",
        r"^\s*votre message . \S+@\S+ n.a (?:pas |.t. )|^\s*ihre nachricht an \S+@\S+ (?:konnte|wurde) nicht",
        r"^\s*(?:no se (?:pudo|ha podido) entregar )?su mensaje (?:a|para) \S+@\S+(?: no (?:se|pudo|ha)|\.?\s*$)",
        r"^\s*(?:impossibile recapitare )?il (?:tuo |suo )?messaggio (?:a|per|destinato a) \S+@\S+(?: non|\.?\s*$)",
        r"^\s*uw bericht aan \S+@\S+ (?:kan|kon|is|werd) niet|^\s*(?:a )?sua mensagem para \S+@\S+ n.{1,2}o",
        r"\bwasn't delivered to (?:anyone|\S+@\S+ because)",
        r"your message did(?:n't| not) reach (?:(?:some or all|all or some) of )?the",
        r"ihre nachricht hat einige oder alle empf.{1,2}nger nicht erreicht",
        r"did not reach the following recipient",
        r"this is the mail system at host",
        r"this is the qmail-send program",
        r"could not be delivered to one or more",
        r"had (?:permanent fatal|transient non-fatal) errors",
        r"rejected your message to the following",
        r"^\s*the e-mail account does not exist at th",
        r"fehler bei der nachrichtenzustellung",
        r"remise .*ces destinataires",
        r"error de entrega a estos|no se pudo entregar el mensaje",
        r"recapito non .{0,10}riuscito",
        r"niet worden bezorgd bij",
        r"falha na entrega a|n.{1,2}o foi poss.{1,2}vel entregar a",
        r"dostarczenie .*nie powiod.o si|nie mo.na dostarczy. (?:wiadomo|tej)",
        r"det gick inte att leverera|leverans(?:en)? .*misslyckades",
        r"配信できませんでした|无法传递|無法傳遞",
        r"\bthe following address(?:es|\(es\))? had (?:(?:permanent|transient|fatal|delivery) ){1,3}(?:errors|problems)\W*$",
        r"^\s*the original message was received (?:at|on) |\bcontained one or more recipient addresses that were\b",
        r"\bi'm sorry to have to (?:tell|inform) you that your message (?:could not|cannot|was not able to) be\b",
        OF_OTHERS,
    )
)
GENERATING: Final = "|".join(
    (
        r"generating server",
        r"generierender server",
        r"serveur de g.{1,2}n.{1,2}ration",
        r"servidor (?:de generaci.{1,2}n|generador)",
        r"server di generazione",
        r"bronserver",
        r"servidor de (?:origem|gera.{2,4}o)",
        r"serwer generuj.{1,2}cy",
        r"(?:genererande|genererar) server",
        r"生成サーバー|生成服务器",
    )
)
OTHER: Final = "|".join(
    (
        r"^\s*(?:subject:\s*)?(?:undeliverable|delivery delayed|unzustellbar|non recapitabile)\s?:",
        r"^\s*(?:subject:\s*)?(?:non remis|no se puede entregar|onbestelbaar|n.{1,2}o entregue)\s?:",
        r"^\s*(?:subject:\s*)?(?:niedostarczon\S+|配信不能|olevererbart)\s?:",
        r"^\s*(?:subject:\s*)?(?:undelivered mail returned|returned mail:)",
        r"diagnostic information for admin|diagnoseinformationen f.{1,2}r admin|informations de diagnostic",
        r"informaci.{1,2}n de diagn.{1,2}stico|informazioni d\S+ diagnostica|diagnostische gegevens voor",
        r"informa.{2,4}es de diagn.{1,2}stico|informacje diagnostyczne|diagnostikinformation|管理者向けの診断情報",
        r"^\s*dsn (?:\S{3,20} (?:by|von|par|por|da|door|av|przez)|を?生成\S{0,8})\s?[:：]",
        r"more info for email admins|original message details",
        r"^\s*d.{1,2}tails (?:du message d.origine|der (?:urspr.{1,2}nglichen|original-?)\s?nachricht)|how to fix it\s*$",
        r"^\s*d.{1,2}tails van (?:het )?oorspronkelijk",
        r"^\s*(?:detalles del mensaje original|dettagli (?:del )?messaggio originale|detalhes da mensagem original)",
        r"^\s*(?:message rejected by|remote server|receiving server)\s*:|transcript of session follows",
    )
)
_OPENING = linear(f"(?i)(?:{OPENING})")
_OF_OTHERS = linear(f"(?i)(?:{OF_OTHERS})")
_SERVER = linear(
    rf"^\s*([^\s:@'\"<>0-9][^:@'\"<>]+?)\s?:\s*(?:({_HOST})\.?|([^:()]+?))\s*(?:\(([0-9A-Fa-f.:]+)\))?\s*$"
)
_KNOWN_SERVER = linear(
    rf"(?i){GENERATING}|receiving server|dsn (?:\S{{3,20}} (?:by|von|par|por|da|door|av|przez)|を?生成\S{{0,8}})$|remote server"
    r"|message rejected by|empfangender server"
    r"|serveur de r.{1,2}ception|servidor de recepci|server ricevente|ontvangende server"
)
_TALKING_TO = linear(rf"while talking to ({_HOST})\.?:")
_ADDRESS = linear(rf"^\s*(?:{ADDRESS}|(?:[^<>()]+\s)?[(<]({ADDRESS})[)>]|'?({ADDRESS})'? on (?:\w{{2,4}}, )?\d.*)\s*$")
# Who wrote the message and what names it, among its details.
_OF_MESSAGE = linear(
    r"(?i)^\s*(?:message-?id|references|in-reply-to|from|sender|reply-to|return-path|mail from|von|de|da|van|od)\s?:"
)
# The same in a list, and with what became of it behind: "-- bob@…", "<bob@…> (unrecoverable error)", "bob@…; Action: delayed".
# SendGrid puts an account and a number before it.
_LISTED = linear(
    rf"^\s*(?:(?:--|[*•-])\s+<?({ADDRESS})>?|\"?({ADDRESS})\"?:|({ADDRESS})(?:; Action: \w+| \[[^\[\]]+\]| \.\.\. .+)"
    rf"|(?:[\w.+-]+:\d+:)?<({ADDRESS})>(?:\s*[:(\[].*|\.\.\. .*|\s+delivery (?:failed|delayed)\b.*))\s*$"
)
# Sendmail has the address it speaks of in front: "<anna@contoso.com>... Domain of sender address … does not exist".
_SENDER_NAMED = linear(r"(?i)>\.\.\. .*\bsender\b")
# The name that Exchange's own directory has for a recipient, printed where no display name is left: "/O=…/CN=… on 2/11/2004".
_DIRECTORY_NAME = linear(
    r"(?i)^\s*['\"<]?(/o=[^/]{1,64}/(?:[^/@<>'\"]{1,80}/){1,6}cn=[^/@<>'\"]{1,64}?)['\">]?(?: on \d.*)?\s*$"
)
# The same name within an X.400 address, as whatever was migrated from another system or site is known to the transfer agent.
_IN_X400 = linear(r"(?i);\s*dda:(?:msexchange|ex)=(/o=[^/;]{1,64}/(?:[^/;@<>'\"]{1,80}/){1,6}cn=[^/;@<>'\"]{1,64})")
_RECIPIENT_LABEL: Final = r"(?:recipient|empf.{1,2}nger|destin|ontvanger|odbiorc|adresat|受信者|mottagar)"
_LABELLED = linear(
    rf"(?i)^\s*(?:[^:@]*{_RECIPIENT_LABEL}[^:@]*:|addressed to:|your message to:|delivery failed:|undeliverable to|"
    rf"\W*(?:unable|failed) to deliver (?:your |the |this )?message to:?)\s*<?({ADDRESS})>?\s*$"
)
# To whom the returned message was written, among its details: where a rule sent it on, another one than failed.
_ADDRESSEE = linear(
    r"(?i)^\s*(?:recipient address|empf.{1,2}ngeradresse|adresse du destinataire|direcci.{1,2}n del destinatario"
    r"|indirizzo (?:del )?destinatario|adres van (?:de )?(?:geadresseerde|ontvanger)|endere.{1,2}o do destinat.{1,2}rio"
    r"|adres (?:adresata|odbiorcy)|mottagaradress|受信者の(?:メール ?)?アドレス)"
    rf"\s?[:：]\s*({ADDRESS})\s*$"
)
_IN_HEADLINE = linear(
    rf"(?i)(?:\b(?:to|reach|an|a|per|aan|para|do|till)|\sà|\berrors:)\s+<?({ADDRESS})(?:[>\s]|$)|^\s*({ADDRESS}) (?:への|宛)"
)
_HEADER = linear(r"^[A-Za-z][A-Za-z0-9-]{1,60}:(?:\s|$)")
_HEADER_START = linear(
    r"(?i)^(?:Received|Return-Path|Message-ID|MIME-Version|X-[\w-]+|DKIM-Signature|ARC-[\w-]+|Authentication-Results[\w-]*"
    r"|From|To|Resent-[\w-]+|Date|Content-Type|Thread-[\w-]+|References|In-Reply-To|Accept-Language|Sender|Delivered-To|Received-SPF|Subject)\s?:"
)
_PROMPT = linear(r"^\s{0,3}(?:[$#] |PS [A-Z]:\\[^>]{0,80}> ?|\[PS\][^>]{0,80}> ?|[A-Z]:\\[^>]{0,80}> ?)[A-Za-z]")
_SUBJECT = linear(r"(?i)^\s*(?:subject|betreff|objet|asunto|oggetto|onderwerp|assunto|temat|件名|.mne)\s?:\s*(\S.*)$")
_PREFIX = linear(
    r"(?i)^(?:undeliverable|delivery delayed|unzustellbar|non remis|no se puede entregar|non recapitabile|onbestelbaar"
    r"|n.o entregue|niedostarczon\S+|配信不能|olevererbart)\s?:\s*"
)
_MESSAGE_ID = linear(r"(?i)^\s*message-?\s?id\s?:\s*(<[^<>\s]{3,300}>)?\s*$")
_ID = linear(r"^\s+(<[^<>\s]{3,300}>)")
_TABLE: Final = r"^\s*(?:message hops\b|HOP\s+TIME)"


@lru_cache(maxsize=1)
def _marks() -> re2.Set:
    return together(f"(?i)(?:{each})" for each in (OPENING, rf"^\s*(?:{GENERATING})\s*:", OTHER, _TABLE))


def mark(line: str) -> Literal["opening", "other", ""]:
    """What a line that only a bounce has is: "opening" where one begins (headline, generating server), or "other"."""
    found = _marks().Match(line)
    if not found:
        return ""
    return "opening" if min(found) < 2 else "other"


def server(line: str) -> tuple[str, str, str] | None:
    """(label, host, address) of a line that names a server. The label may be in a language unknown here."""
    if ":" not in line or len(line) > 400:
        return None
    talking = _TALKING_TO.search(line)
    if talking:
        return "remote server", talking.group(1), ""
    found = _SERVER.search(line)
    if not found:
        return None
    label, host, words, ip = found.groups()
    label = label.strip()
    known = _KNOWN_SERVER.search(label)
    if host and not known and (" " not in label or not any(c.isalpha() for c in host)):
        return None
    return (label, host or words, ip or "") if known or host else None


def address(line: str) -> str:
    """The recipient on a line of its own, or labelled as one; "" when there is none."""
    if len(line) > 900:
        return ""
    if "@" not in line:
        internal = _DIRECTORY_NAME.search(line) or _IN_X400.search(line) if "/cn=" in line.lower() else None
        return str(internal.group(1)) if internal else ""
    if _OF_MESSAGE.search(line):
        return ""
    found = _ADDRESS.search(line) or _LISTED.search(line) or _LABELLED.search(line)
    if found and _SENDER_NAMED.search(line):
        return ""
    if not found:
        text = line.strip()
        half = len(text) // 2
        # An undone mail link leaves the address twice: "bob@fabrikam.combob@fabrikam.com".
        return text[:half] if " " not in text and text.count("@") == 2 and text[:half] == text[half:] else ""
    return next((str(group) for group in found.groups() if group), line.strip())


def addressee(line: str) -> str:
    """The recipient among the details of the returned message ("Recipient Address: …"), "" for any other line."""
    found = _ADDRESSEE.search(line) if "@" in line and len(line) < 900 else None
    return str(found.group(1)) if found else ""


def in_headline(line: str) -> str:
    """The recipient named in a headline ("Your message to bob@fabrikam.com couldn't be delivered.")."""
    if "@" not in line:
        return ""
    found = _IN_HEADLINE.search(line) if _OPENING.search(line) else None
    return str(found.group(1) or found.group(2)).rstrip(".") if found else ""


def of_others(line: str) -> bool:
    """Whether a report by a mail system other than Exchange begins with this line."""
    return bool(_OF_OTHERS.search(line))


def headers_after(lines: Lines, after: int) -> Iterator[tuple[int, str]]:
    """The lines of copied message headers below line `after` (0-based), with the label over them. They are history."""
    inside = False
    label: tuple[int, str] | None = None
    for index, line in lines:
        if index <= after:
            continue
        if _PROMPT.search(line):
            return  # what a person ran and pasted next, and headers of other messages below it
        if _HEADER_START.search(line) or (inside and (_HEADER.search(line) or line[:1] in " \t")):
            if label is not None:
                yield label
            inside, label = True, None
            yield index, line
        elif line.strip():
            if inside:
                inside = bool(line[:1].islower() and len(line) < 120)
            label = (index, line) if line.rstrip().endswith(":") and len(line) < 80 else None


def subject(line: str) -> str:
    """The original message's subject, without the bounce's own prefix."""
    found = _SUBJECT.search(line) if ":" in line else None
    return str(_PREFIX.sub("", found.group(1).strip())) if found else ""


def message_id(line: str, following: str) -> str:
    """The Message-ID in a header line, or folded onto the `following` one."""
    found = _MESSAGE_ID.search(line) if "d:" in line.lower() else None
    if not found:
        return ""
    folded = _ID.search(following)
    return str(found.group(1) or (folded.group(1) if folded else ""))
