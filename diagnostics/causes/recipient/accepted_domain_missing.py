"""The recipient's domain is not among the accepted domains of the organization that got the message.

## What is happening
A message for a domain reaches an Exchange organization that does not list it as its own. To Exchange the
message is then a relay request, which it refuses: `550 5.7.54 Unable to relay recipient in non-accepted
domain` on-premises, `550 5.4.1 Relay Access Denied` in Exchange Online. In a hybrid the same gap shows
otherwise: addresses of a domain that isn't verified in the tenant are dropped at synchronization, the mailbox
keeps only its onmicrosoft.com address, and mail to the real one circles until `5.4.14 Hop count exceeded`.

## What proves it
- events 16021 and 16024 of MSExchangeTransport: an accepted domain is not valid in the directory, and is passed over
- the domain's MX leads here, and `Get-AcceptedDomain` doesn't list it

## Not this when
- the domain is listed; then a missing relay permission refused a sender of ours
- the domain is `<tenant>.mail.onmicrosoft.com`: the gateway handed it back (`connector.gateway.route-missing`)
- the MX should lead elsewhere: then DNS is wrong, not the accepted domains

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-550-5-4-1-in-exchange-online
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/non-delivery-reports-in-exchange-online
- https://technet.microsoft.com/en-us/library/ff984646(v=exchg.141)
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.connector import relay
from diagnostics.causes.connector.attribution import outward
from diagnostics.causes.dns.exchangers import exchangers, organization
from diagnostics.causes.dns.lookups import public_resolver, same
from diagnostics.causes.dns.mx_loopback import OTHERS as LOOPBACK
from diagnostics.causes.recipient import looks
from diagnostics.causes.recipient.lookup import (
    NOT_HERE,
    accepted,
    address,
    by_microsoft,
    domain,
    holders,
    is_microsoft,
    named,
    proxies,
    same_organization,
    told_own,
)
from diagnostics.causes.recipient.own_server import runs_own
from diagnostics.causes.recipient.steps import EXO, accepted_domains, advise
from diagnostics.facts import Reply, Said
from diagnostics.looked_facts import DnsAnswer
from diagnostics.mail_facts import Configured, Told
from diagnostics.patterns import linear
from diagnostics.report import Act, Step
from diagnostics.seen import by_own_log

# HCW8009, HCW8016 and HCW8017: the Hybrid Configuration Wizard names the domain, and the side that lacks it.
_WIZARDS: Final = ("is not an Accepted Domain in your", "isn't an accepted domain")
# Up to 2013, and of other servers: whose domain it was is not told.
_RELAYING: Final = "Unable to relay"
# Said to RCPT by firewalls and proxies in front of a server, of a domain that nobody entered there.
_NO_SUCH_DOMAIN: Final = ("550 Domain invalid", "550 Invalid domain", *NOT_HERE)
_NEW_DOMAIN: Final = "nothing-for-the-new-domain"  # stories
_STRIPPED: Final = "only-onmicrosoft-addresses"  # a story
_PASSED_OVER: Final = ("MSExchangeTransport 16024", "MSExchangeTransport 16021")
_SKIPPED = linear(r"(?i)skipping record for ['\"]?([a-z0-9*-]{1,63}(?:\.[a-z0-9-]{1,63})+)")
_BANNER = linear(r"\b220[ -]([A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+) ")
_NAMED = linear(r"(?i)domain ['\"]?([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+)['\"]?,? is(?: not|n't) an accepted domain")


@cause(
    id="recipient.accepted-domain.missing",
    act="on-prem",
    says=(
        "Unable to relay recipient in non-accepted domain",
        _RELAYING,
        "Relay Access Denied",
        "5.4.14 Hop count exceeded",
        "SMTPSEND.DNS.MxLoopback",
        *LOOPBACK,
        *_NO_SUCH_DOMAIN,
        *_WIZARDS,
        *_PASSED_OVER,
        *relay.FOREIGN,
    ),
)
def assess(
    said: Said | Told,
    _domains: Configured | None,
    objects: tuple[Configured, ...],
    replies: tuple[Reply, ...],
    answers: tuple[DnsAnswer, ...],
) -> Finding | None:
    """The list of accepted domains decides; without it relaying and DNS are as good explanations."""
    if isinstance(said, Told):
        return _of_story(said, replies)
    if said.signature in _PASSED_OVER:
        return _passed_over(said)
    if said.signature in relay.FOREIGN and "relay access denied" not in said.text.lower():
        name = domain(address(said, replies))
        return _own_refused(said, name, objects) if relay.foreign(said) and not by_own_log(said) else None
    return _said(said, objects, replies, answers)


def _said(
    said: Said, objects: tuple[Configured, ...], replies: tuple[Reply, ...], answers: tuple[DnsAnswer, ...]
) -> Finding | None:
    """By the words of the refusal, or of the hybrid wizard."""
    if said.signature in _WIZARDS:
        return _wizard(said)
    if "hop count" in said.text.lower():
        return _circling(said, objects)
    if said.signature in (*LOOPBACK, *_NO_SUCH_DOMAIN):
        return _not_entered(said, replies, objects)
    online = by_microsoft(said)
    if "relay access denied" in said.text.lower() and not (online or "5.4.1" in said.text):
        return _refused_and_circling(said, replies, objects)
    name = domain(address(said, replies))
    own = told_own(name, objects)
    if own and said.signature == _RELAYING and not accepted(name, objects):
        because = f"`{name}` is a domain of your own, and the server takes it for a foreign one: it is missing from the accepted "
        because += "domains there, or not in effect yet."
        return Finding(Belief.LIKELY, because, (said, own), _steps(name, online), weight=1.6)
    if said.signature == _RELAYING and "non-accepted" not in said.text:
        return _own_refused(said, name, objects)
    if said.signature == "SMTPSEND.DNS.MxLoopback":
        return _pointed_at(said, name, answers)
    listed = [each for each in objects if each.kind == "accepted-domain"]
    mine = accepted(name, listed)
    if mine:
        return Finding(Belief.RULED_OUT, f"{mine.name} is an accepted domain.", (mine,))
    exo = online or "relay access denied" in said.text.lower()
    act: Act = "exchange-online" if exo else "on-prem"
    if name.endswith(".mail.onmicrosoft.com") and not exo:
        because = (
            f"`{name}` is a routing domain: if this server accepted it, the mail would circle with what handed it back."
        )
        return Finding(Belief.POSSIBLE, because, (said, *listed[:1]), _steps(name, exo), act, weight=0.5)
    owner = next(iter(holders(address(said, replies), objects)), None)
    if owner and not listed:
        because = f"{owner.name or 'A recipient here'} owns {named(address(said, replies))}, yet the server takes its domain for "
        because += "a foreign one: it is missing from the accepted domains."
        return Finding(Belief.LIKELY, because, (said, owner), _steps(name, exo), act, weight=1.5)
    # With 5.7.64 a sender was not recognised, whatever the domain of the recipient.
    if listed and name and "5.7.64" not in said.text:
        because = (
            f"`{name}` is not among the {len(listed)} accepted domains that were sent, so its mail counts as relaying."
        )
        return Finding(Belief.LIKELY, because, (said, listed[0]), _steps(name, exo), act, weight=1.5)
    return _unlisted(said, name, objects, exo)


@shown
def listed_domains(objects: tuple[Configured, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """The whole list against the domains that were refused. One that is none of ours is rightly missing."""
    listed = [each for each in objects if each.kind == "accepted-domain"]
    names = tuple(dict.fromkeys(domain(each) for each in looks.refused(replies)))
    online = any(is_microsoft(each.by) or "hop count" in each.whole.lower() for each in replies if each.failing)
    if not listed or not names or (online and not looks.of_tenant(listed)):
        return None
    lacking = next((name for name in names if not accepted(name, listed)), "")
    if not lacking:
        first = accepted(names[0], listed)
        return Finding(Belief.RULED_OUT, f"{names[0]} is among the accepted domains.", (first,))
    if not looks.whole(listed) or not _ours(lacking, objects, replies):
        return None
    because = f"`{lacking}` is a domain of your own, and not among the {len(listed)} accepted domains that were sent."
    return Finding(Belief.CONFIRMED, because, (listed[0],), _steps(lacking, online))


def _ours(name: str, objects: tuple[Configured, ...], replies: tuple[Reply, ...]) -> bool:
    """Whether the reader's organization has the domain: a sentence says so, somebody here has such an address, or a server
    that refused bears its name."""
    known = told_own(name, objects) is not None or any(holders(each, objects) for each in looks.refused(replies))
    return known or any(same_organization(each.by, name) for each in replies if each.failing)


def _passed_over(said: Said) -> Finding:
    """Transport's own event about its list of accepted domains."""
    found = _SKIPPED.search(said.text)
    name = str(found.group(1)) if found else ""
    named_so = f" `{name}`" if name else ""
    because = f"Transport can't use the accepted domain{named_so}, whose entry in the directory is not valid, and "
    because += "goes on without it: mail to it counts as mail for strangers, and is refused as relaying."
    return Finding(Belief.LIKELY, because, (said,), _steps(name, online=False), "on-prem", weight=1.3)


def _wizard(said: Said) -> Finding | None:
    """The wizard has looked, and names the domain."""
    found = _NAMED.search(said.text)
    if not found:
        return None
    online = "on-premises" not in said.text.lower()
    where = "in the tenant" if online else "on-premises"
    because = f"The Hybrid Configuration Wizard looked for `{found.group(1)}` and found that it is no accepted domain {where}."
    act: Act = "exchange-online" if online else "on-prem"
    return Finding(Belief.LIKELY, because, (said,), _steps(found.group(1), online), act, weight=1.5)


def _refused_and_circling(said: Said, replies: tuple[Reply, ...], objects: tuple[Configured, ...]) -> Finding | None:
    """One domain to both: whoever writes from outside is refused, and what is written inside goes round."""
    loop = next((each for each in replies if "hop count exceeded" in each.whole.lower()), None)
    if loop is None and "5.7.64" in said.text:
        return None  # of a sender that no connector recognised, whatever the domain
    ours = runs_own(said, objects)
    if loop is None and ours:
        name = domain(address(said, replies))
        because = f"Your own server takes {named(name, 'the domain')} for a foreign one: it is missing among those that it has "
        because += "mailboxes or aliases for, or its table of them is not read (a database that was not reached)."
        return Finding(Belief.POSSIBLE, because, (said, ours), _of_other_make(), "on-prem", weight=1.8)
    if loop is None:
        name = domain(address(said, replies))
        because = f"If {said.by or 'the server that refused'} should receive {named(name, 'the domain')}, it is missing among "
        because += "the domains that the server takes mail for."
        act: Act = "on-prem" if by_own_log(said) else "recipient-side"
        return Finding(Belief.POSSIBLE, because, (said,), _steps(name, online=False), act, weight=0.75)
    because = "Mail from outside is refused as relaying, and mail from inside circles: the organization does not take the domain "
    because += "for its own (not added, not verified, or not yet known everywhere), and hands its mail back to itself."
    return Finding(Belief.POSSIBLE, because, (said, loop), _steps("", online=True), "exchange-online", weight=2.1)


def _of_other_make() -> tuple[Step, ...]:
    return (
        look(
            "See which domains the server takes mail for.",
            "postconf mydestination virtual_mailbox_domains virtual_alias_domains relay_domains",
            "bash",
        ),
    )


def _not_entered(said: Said, replies: tuple[Reply, ...], objects: tuple[Configured, ...]) -> Finding | None:
    """The server that a domain's MX leads to does not know that it is responsible for it."""
    name = domain(address(said, replies))
    listed = accepted(name, objects)
    if listed:
        return Finding(Belief.RULED_OUT, f"{listed.name} is an accepted domain.", (listed,))
    who = said.by or "The server"
    because = (
        f"{who} is where mail for {named(name, 'the domain')} is sent, and does not know that it has to take it: the "
    )
    because += "domain may not be entered there."
    told = (
        said.signature in NOT_HERE and said.kind != "client"
    )  # an application is set to one host, whatever the MX says
    weight = 1.7 if told else 1.1 if said.signature in LOOPBACK else 0.9
    return Finding(Belief.POSSIBLE, because, (said,), _steps(name, online=False), weight=weight)


def _own_refused(said: Said, name: str, objects: tuple[Configured, ...]) -> Finding | None:
    """A server that bears the name of the recipient's organization, and takes its domain for a foreign one."""
    banner = _BANNER.search(said.text)
    by = said.by or (str(banner.group(1)) if banner else "")
    if accepted(name, objects):
        return None
    if not same_organization(by, name):
        return _reported(said, name)
    because = (
        f"{by} bears the name of the recipient's own organization, and would have to relay to `{name}`: it takes that "
    )
    because += "domain for a foreign one."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(name, online=False), weight=1.95)


def _reported(said: Said, name: str) -> Finding | None:
    """A report on a message that some server tried to deliver, not an application's error: the next server is mostly the one that
    the domain's MX names."""
    if said.kind not in ("ndr", "dsn") or not name or said.signature != _RELAYING:
        return None
    because = (
        f"The server that mail for `{name}` was handed to would have to relay it. If it is the domain's own (MX), "
    )
    because += (
        "it lacks the domain among those that it accepts; if it is a smart host, it does not let the sender relay."
    )
    return Finding(Belief.POSSIBLE, because, (said,), _steps(name, online=False), weight=1.6)


def _unlisted(said: Said, name: str, objects: tuple[Configured, ...], exo: bool) -> Finding:
    """No list of accepted domains was sent: the name of the server that refused is all there is to go by."""
    act: Act = "exchange-online" if exo else "on-prem"
    if outward(objects) and not name:
        because = "If the recipient's domain is yours after all: it may be missing from the accepted domains."
        return Finding(Belief.POSSIBLE, because, (said, outward(objects)), _steps(name, exo), act, weight=0.5)
    if same_organization(said.by, name) and "5.7.64" not in said.text and not exo:
        because = f"{said.by} bears the name of the recipient's own organization, and takes `{name}` for a foreign domain: it is "
        because += "missing from the accepted domains, or what handed the mail in was not trusted."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(name, exo), act, weight=1.2)
    because = (
        f"{named(name, 'The recipient’s domain')} may be missing from the accepted domains of the "
        "organization that refused it."
    )
    return Finding(Belief.POSSIBLE, because, (said,), _steps(name, exo), act, weight=1.1 if exo else 0.97)


def _pointed_at(said: Said, name: str, answers: tuple[DnsAnswer, ...]) -> Finding | None:
    """Its MX record leads to the server that does not know it: is the domain ours at all?"""
    known = [each for each in exchangers(answers) if same(each.domain, name)]
    outside = next((each for each in known if public_resolver(each.answer.server)), None)
    if outside and any(organization(each.host) != organization(outside.host) for each in known):
        because = f"For the world, the MX of {outside.domain} is {outside.host}: another organization's, rightly not accepted."
        return Finding(Belief.RULED_OUT, because, (outside.answer, said))
    because = (
        f"The MX of {named(name, 'the domain')} leads to this server, which does not accept it; is the domain yours?"
    )
    return Finding(Belief.POSSIBLE, because, (said,), _steps(name, online=False), weight=1.2)


def _of_story(told: Told, replies: tuple[Reply, ...]) -> Finding | None:
    if told.story == _NEW_DOMAIN:
        because = (
            "A domain that was just added takes mail once it is verified and known all over Exchange Online, which may "
        )
        because += "take hours: until then it counts as somebody else's."
        return Finding(Belief.POSSIBLE, because, (told,), _steps("", online=True), "exchange-online", weight=1.6)
    return _stripped(told, replies) if told.story == _STRIPPED else None


def _stripped(story: Told, replies: tuple[Reply, ...]) -> Finding:
    """Addresses that synchronization left out, as somebody tells who saw what the tenant made of them."""
    back = next((each for each in replies if each.failing), None)
    because = "The users have only onmicrosoft.com addresses in the tenant, as you tell: those of a domain that is not verified "
    because += "there are dropped when they are synchronized, and mail to them finds nobody, or circles."
    return Finding(Belief.POSSIBLE, because, (story, back), _steps("", online=True), "exchange-online", weight=1.6)


def _circling(said: Said, objects: tuple[Configured, ...]) -> Finding:
    """A hybrid mailbox left with onmicrosoft.com addresses alone, behind a loop."""
    stripped = [o for o in objects if proxies(o) and all(p.endswith(".onmicrosoft.com") for p in proxies(o))]
    steps = _steps("", online=True)
    if not stripped:
        because = "If only users of one domain are concerned, that domain may be missing in the tenant, and mail to it circles."
        return Finding(Belief.POSSIBLE, because, (said,), steps, "exchange-online", weight=0.6)
    because = f"{stripped[0].name} has only onmicrosoft.com addresses in the tenant: those of its real domain were "
    because += "dropped, which happens when that domain is not verified there, and mail to them circles."
    return Finding(Belief.LIKELY, because, (said, stripped[0]), steps, "exchange-online", weight=1.5)


def _steps(name: str, online: bool) -> tuple[Step, ...]:
    mx = look(
        "See where the domain's mail is sent at all.",
        "Resolve-DnsName {domain} -Type MX | Format-Table Name,Preference,NameExchange",
        "powershell",
        domain=name,
    )
    if online:
        add = advise(
            "If the domain is yours and missing: add and verify it in the Microsoft 365 admin center "
            "(Settings, Domains), then let synchronization run once more."
        )
        return (accepted_domains(EXO), mx, add)
    return (
        accepted_domains(),
        mx,
        change(
            "If the domain is yours and its mailboxes live here, add it.",
            "New-AcceptedDomain -Name {domain} -DomainName {domain} -DomainType Authoritative",
            changes=(
                "The organization accepts mail for the domain, and refuses recipients in it that it does not know."
            ),
            undo="Remove-AcceptedDomain with the same name.",
            verify="Get-AcceptedDomain lists it, and the next message from outside is accepted.",
            domain=name,
        ),
    )
