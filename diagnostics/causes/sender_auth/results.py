"""How a receiver judged the sender: the final results, alignment, and what shows a detour of the message."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from diagnostics.cause import change, look
from diagnostics.causes.network.reach import kind_of
from diagnostics.causes.recipient.lookup import is_microsoft
from diagnostics.facts import Fact, Reply, Said
from diagnostics.mail_facts import Addressed, Authentication, Configured, Headers, Traced, Tracked
from diagnostics.patterns import linear
from diagnostics.report import Step

PASSED: Final = frozenset({"pass", "softpass", "bestguesspass"})
SPF_FAILED: Final = frozenset({"fail", "softfail", "hardfail"})
ENFORCED: Final = frozenset({"oreject", "reject", "quarantine", "oquarantine", "pct.reject", "pct.quarantine"})
# Networks that texts put in the place of any other (RFC 5737): there nearness tells nothing.
_MASKS: Final = ("192.0.2", "198.51.100", "203.0.113")
# What providers sign with until the domain has a key of its own.
DEFAULT_SIGNERS: Final = (".gappssmtp.com", ".onmicrosoft.com")
# In brackets, as most receivers write it, or as the property that RFC 8601 has for it.
_DKIM_WORDS: Final = linear(r"(?i)\bdkim=\s*(\w{1,20})\s*(?:\(([^()]{1,120})\)|reason=\s*\"([^\"]{1,120})\")")
_NO_KEY: Final = linear(
    r"(?i)\bno (?:public )?key\b|\bkey (?:was )?not found|\bkey:? (?:is )?(?:not available|unavailable|missing)"
    r"|pub(?:lic )?key(?: is |[_ ])?(?:missing|unavailable)|key retrieval failed"
)
_DOMAIN: Final = linear(
    r"(?i)(?:sending domain|unauthenticated email from|domain of|send (?:mail )?from|spf check for|mail from domain|;id="
    r"|\bspf \[|\bdmarc policy (?:of|for|published (?:by|for))(?: domain)?(?: of)?)\s*"
    r"[\[<('\"]?(?:[^\s@<>\[\]]{1,64}@)?([a-z0-9][a-z0-9.-]{1,252}\.[a-z0-9-]{2,63})"
)
_FAILING: Final = linear(r"(?i)([a-z0-9][a-z0-9.-]{1,252}\.[a-z]{2,63}) (?:does not|did not|doesn't|fails to) pass")
# "rejected per DMARC policy of contoso.com", "DMARC check failed for domain contoso.com"
_OF_POLICY: Final = linear(
    r"(?i)\bdmarc (?:policy|check|validation|verification|fail\w*)(?: (?:failed|failure|of|for|from|the|sending|domain))+"
    r" [<('\"]?([a-z0-9][a-z0-9.-]{1,252}\.[a-z]{2,63})"
)
_ADDRESS: Final = linear(r"(?:^|[^\w.])((?:\d{1,3}\.){3}\d{1,3})(?:$|[^\w.]|\.(?:\s|$))")
_ADDRESSES: Final = linear(r"(?:^|[^\w.])((?:\d{1,3}\.){3}\d{1,3})\b")  # all of them, side by side, too
_SEAL: Final = linear(r"(?i)\barc-[a-z-]{4,30}: ?i=\s?(\d{1,2})\b")  # a field, or one run on to another
_REWRITTEN: Final = linear(r"(?i)\bSRS[01][=+-]|\+SRS=")
_SENT_ON: Final = ("x-forwarded-to", "x-forwarded-for", "x-ms-exchange-inbox-rules-loop")
_SECOND_LEVEL: Final = 3  # "co", "com", "org" before a country code: a registry's label, no name


def refused(results: Authentication) -> bool:
    """Whether these results decided the message's fate, and against it.

    A passed DMARC or composite verdict outweighs whatever failed on the way to it; copies of other receivers' results
    decide nothing.
    """
    if results.whose != "final" or results.compauth in PASSED or results.dmarc in PASSED:
        return False
    undecided = results.dmarc in ("", "none")  # no policy is no verdict
    return "fail" in (results.compauth, results.dmarc) or not (results.compauth or not undecided)


def signature_lost(results: Authentication) -> bool:
    """Whether the From domain's own signature failed on a message that passed all the same, by SPF alone: the next forward
    breaks it."""
    return (
        results.whose == "final"
        and results.spf == "pass"
        and results.dkim in ("fail", "neutral", "permerror", "hardfail")
        and not refused(results)
        and aligned(results.header_d, results.header_from or results.mail_from)
    )


def bulk_rules(text: str) -> bool:
    """Whether a reply quotes what a provider asks of all senders: then SPF, DKIM and DMARC are listed there as results."""
    low = text.lower()
    return any(words in low for words in ("requires all", "either spf or dkim", "authentication level"))


# Refusals because nothing makes the message authentic: SPF or DKIM, either would have been enough.
NEITHER_PASSES: Final = (
    "does not pass DMARC verification",
    "Unauthenticated email from",
    "domain's DMARC policy",
    "sender is unauthenticated",
    "either SPF or DKIM",
    "Unauthenticated mail not allowed",
)
_PASSES: Final = {
    "SPF": linear(r"(?i)\bspf(?: \[[^\[\]]{1,253}\] with ip: \[[^\[\]]{1,45}\])?\s{0,3}[=:]\s{0,3}pass"),
    "DKIM": linear(r"(?i)\bdkim\s{0,3}[=:]\s{0,3}pass"),
}


def half_of(said: Said, way: Fact | None, half: str) -> str:
    """Why SPF or DKIM (`half`) may be what is missing, at a receiver that says no more than that neither passes; "" where it is
    said to pass, or where the message was sent on, which breaks both."""
    if way is not None or rewritten(said.text) or _PASSES[half].search(said.text):
        return ""
    domain = domain_in(said.text)
    return f"The receiver found nothing that makes mail of {named(domain, 'the sender')} authentic"


def record_settles(text: str) -> bool:
    """Whether a refusal is about SPF, not only about what DMARC makes of it: then the domain's record tells more than headers."""
    low = text.lower()
    return "spf" in low and "align" not in low and ("dmarc" not in low or bool(address_in(text)))


def name_of(domain: str) -> str:
    """The domain of a domain or mail address, in lower case."""
    return domain.rpartition("@")[2].strip("<>[]. ").lower()


def aligned(one: str, other: str) -> bool:
    """Whether two names belong to one organizational domain (relaxed alignment, RFC 7489), told without a suffix list."""
    a, b = name_of(one), name_of(other)
    if not a or not b or "none" in (a, b):
        return False
    if a == b or a.endswith("." + b) or b.endswith("." + a):
        return True
    first, second = a.split(".")[-2:], b.split(".")[-2:]
    return first == second and len(first) == 2 and len(first[0]) > _SECOND_LEVEL


def signed_by_another(results: Authentication) -> bool:
    """Services that send in somebody's name put an envelope of their own on it, so that bounces come to them; forwarders don't.
    The name by which a tenant's mail is signed before its domain has a key is the sender's provider's."""
    signer, sender = name_of(results.header_d), name_of(results.mail_from)
    ours = results.dkim == "pass" and signer not in ("", "none") and not signer.endswith(DEFAULT_SIGNERS)
    return (
        ours
        and results.spf in {*SPF_FAILED, "none"}
        and aligned(sender, results.header_from)
        and not aligned(signer, sender)
    )


def domain_in(text: str) -> str:
    """The domain that a refusal names as the unauthenticated one; "" when it names none."""
    found = _DOMAIN.search(text) or _FAILING.search(text) or _OF_POLICY.search(text)
    return str(found.group(1)).rstrip(".").lower() if found else ""


def named(domain: str, otherwise: str) -> str:
    """The domain as it is quoted in a sentence, or the words that stand for it."""
    return f"`{domain}`" if domain else otherwise


def receivers_own(said: Said, replies: Iterable[Reply]) -> str:
    """The address that was judged, where it lies in one network (/24) with the server that was delivered to: a filter's that
    hands on what it took, so it is none of the sender's; "" otherwise."""
    judged = address_in(said.text)
    to = next((each.ip for each in replies if each.source == said.source and each.ip), "")
    net = to.rpartition(".")[0]
    near = judged and judged != to and judged.rpartition(".")[0] == net and net not in _MASKS
    return judged if near and kind_of(judged) not in ("internal", "exchange-online") else ""


def address_in(text: str) -> str:
    """The first IPv4 address in a refusal."""
    found = _ADDRESS.search(text)
    return str(found.group(1)) if found else ""


def judged_inside(text: str) -> str:
    """The address that a refusal names, where it names none of the Internet: SPF was judged for a hop inside."""
    kinds = {str(each): kind_of(each) for each in _ADDRESSES.findall(text)}
    return next(iter(kinds), "") if set(kinds.values()) == {"internal"} else ""


def dkim_words(results: Authentication, headers: Iterable[Headers]) -> str:
    """What the header says of a result after `dkim=`: body hash did not verify, no key for signature …"""
    for each in headers:
        for name, value in each.values:
            if not name.endswith("authentication-results") or each.source.paste != results.source.paste:
                continue
            for found in _DKIM_WORDS.finditer(value):
                if found.group(1).lower() == results.dkim:  # of several signatures, the one that was chosen
                    return str(found.group(2) or found.group(3)).lower()
    return ""


def no_key(words: str) -> bool:
    """Whether it is said that DNS has no key for a signature."""
    return bool(_NO_KEY.search(words))


def detour(
    headers: Iterable[Headers],
    settings: Iterable[Configured],
    entries: Iterable[Tracked],
    traces: Iterable[Traced],
    addressed: Iterable[Addressed] = (),
) -> Fact | None:
    """What shows that the message was forwarded or went through a list; None when nothing does."""
    for each in headers:
        if rewritten(each.get("return-path")) or each.told("list-id") or each.told("resent-from"):
            return each
        if "forward" in each.get("auto-submitted").lower() or any(each.told(name) for name in _SENT_ON):
            return each
    forwarding = next((s for s in settings if s.get("ForwardingSmtpAddress") or s.get("ForwardingAddress")), None)
    redirected = next((e for e in entries if e.event.upper() == "REDIRECT"), None)
    rule = next((each for each in addressed if each.redirected), None)
    moved = redirected or next((t for t in traces if t.event.lower() == "redirect"), None)
    return forwarding or moved or rule or told_forward(settings)


def way_of(
    said: Said,
    headers: Iterable[Headers],
    settings: Iterable[Configured],
    entries: Iterable[Tracked],
    traces: Iterable[Traced],
    addressed: Iterable[Addressed],
) -> Fact | None:
    """The detour of a message that was refused. A server that sends on mail of its own domain belongs into that domain's record:
    that is none, whatever else is told."""
    domain, handed_on = domain_in(said.text), [each for each in addressed if each.redirected]
    others = [each for each in handed_on if not own_hands(each, domain)]
    if handed_on and not others:
        return None
    return detour(headers, settings, entries, traces, others) or handed_over(said, domain, settings)


def handed_over(said: Said, domain: str, settings: Iterable[Configured]) -> Configured | None:
    """The hop on which the message came to Exchange Online from a server outside, where it was refused by yet another system: it
    was sent on. A server of the sender's own name may be one that relays through Exchange Online."""
    came = next((each for each in settings if each.kind == "came-in"), None)
    if came is None or not domain or aligned(came.name, domain):
        return None
    return came if said.by and not is_microsoft(said.by) else None


def own_hands(on: Addressed, domain: str) -> bool:
    """Whether the domain that a refusal names is that of who sent the message on: of the alias, or of the server."""
    return any(aligned(domain, each) for each in (*on.recipients, on.by))


def rewritten(text: str) -> bool:
    """Whether a forwarder wrote the envelope sender (the Sender Rewriting Scheme; Exchange Online has a form of its own)."""
    return bool(_REWRITTEN.search(text))


def told_forward(settings: Iterable[Configured]) -> Configured | None:
    """Where the person says that the message was forwarded or came from a list."""
    return next((each for each in settings if each.kind == "forward"), None)


def told_gateway(results: Authentication, settings: Sequence[Configured]) -> Configured | None:
    """Where the person says that the address which was judged is a gateway of their own: by its name, or as an address of
    theirs while a filter stands in front."""
    told = [
        each
        for each in settings
        if each.kind in ("gateway", "own-address") and results.sender_ip and each.name == results.sender_ip
    ]
    front = any(each.kind == "gateway-in-front" for each in settings)
    return next((each for each in told if each.kind == "gateway" or front), None)


def elsewhere(results: Authentication, others: Iterable[Authentication]) -> Authentication | None:
    """Results of an earlier receiver of the same message, by which the same sender was authentic."""
    for each in others:
        if each.whose == "final" or each.source.paste != results.source.paste:
            continue
        same = aligned(each.header_from or each.mail_from, results.header_from or results.mail_from)
        if same and (each.dmarc in PASSED or each.spf == "pass" or each.dkim == "pass"):
            return each
    return None


def another_sender(results: Authentication, others: Iterable[Authentication]) -> Authentication | None:
    """Where mail of an unrelated domain failed SPF for the very address that was judged here: a server that passes on what
    others write, and in nobody's record."""
    mine = results.mail_from or results.header_from
    if kind_of(results.sender_ip) != "public" or not mine:
        return None
    for each in others:
        theirs = each.mail_from or each.header_from
        last = each.whose == "final" or each.instance == results.instance > 0  # the newest seals of two messages
        unlisted = each.spf in SPF_FAILED and each.sender_ip == results.sender_ip
        if last and unlisted and theirs and not aligned(theirs, mine):
            return each
    return None


def sealed(results: Authentication, headers: Iterable[Headers]) -> int:
    """How many servers before the last one sealed the message (ARC), without the seal that Microsoft's service puts on what its
    own customers send."""
    seals: set[int] = set()
    senders = 0
    for each in headers:
        for name, value in each.values if each.source.paste == results.source.paste else ():
            numbers = _SEAL.findall(f"{name}: {value}")
            seals.update(int(number) for number in numbers)
            senders |= "1" in numbers and "microsoft.com" in value.lower()
    return max(max(seals, default=0) - 1 - senders, 0)


def read_spf(domain: str) -> Step:
    return look(
        "Read the domain's SPF record: there must be exactly one.",
        "Resolve-DnsName {domain} -Type TXT | Where-Object {{$_.Strings -match 'v=spf1'}} | Format-List Strings",
        "powershell",
        domain=name_of(domain),
    )


def read_dmarc(domain: str) -> Step:
    return look(
        "Read the domain's DMARC policy.",
        "Resolve-DnsName {name} -Type TXT | Format-List Strings",
        "powershell",
        name=f"_dmarc.{name_of(domain) or '<domain>'}",
    )


def publish_spf(ip: str) -> Step:
    entry = f"ip4:{ip}" if ip and ":" not in ip else "ip6:… or ip4:… of the source"
    return change(
        "If the source is the domain's own: add it to the one SPF record of the domain (no second record).",
        "",
        shell="dns-record",
        changes=f"In the TXT record that begins with v=spf1, before its last term: {entry}, or the include: that the service "
        "names (Exchange Online: include:spf.protection.outlook.com). At most ten look-ups in all.",
        undo="Publish the old record again.",
        verify="A new message shows spf=pass for that source.",
    )


def sign(domain: str) -> Step:
    return change(
        "Sign with DKIM for the From domain. From Exchange Online: publish the two CNAME records that "
        "Get-DkimSigningConfig names, then switch signing on. Another service: its own DKIM set-up for the domain.",
        "Set-DkimSigningConfig -Identity {domain} -Enabled $true",
        shell="exchange-online-powershell",
        changes="All mail of the domain that leaves Exchange Online is signed with d= of the domain.",
        undo="The same command with -Enabled $false.",
        verify="A new message shows dkim=pass with header.d of the From domain.",
        domain=name_of(domain),
    )


def signing_state(domain: str) -> Step:
    return look(
        "For mail from Exchange Online: see whether the domain is signed, and the CNAME records it needs.",
        "Get-DkimSigningConfig -Identity {domain} | Format-List Domain,Enabled,Status,Selector1CNAME,Selector2CNAME",
        "exchange-online-powershell",
        domain=name_of(domain),
    )
