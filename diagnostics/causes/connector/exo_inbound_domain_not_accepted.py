"""Neither the sender's domain nor the certificate's is an accepted domain of the tenant.

## What is happening
To relay through Exchange Online, either the domain in MAIL FROM or the domain of the certificate that our server shows
must be a verified accepted domain of the tenant. Here neither is: `550 5.7.64 Relay Access Denied ATTR36`. When only
reports (empty sender), forwarded mail and foreign senders fail, while own senders pass, it is the certificate's domain.

## What proves it
- ATTR36 in the refusal
- `Get-AcceptedDomain` in the tenant lacks the certificate's domain

## Not this when
- the sender's domain is an accepted domain of the tenant
- there is no ATTR36: then the connector doesn't recognise the server (`connector.exo-inbound.certificate-name-mismatch`)

## References
- https://learn.microsoft.com/en-us/exchange/troubleshoot/hybrid-configuration-wizard-errors/relay-access-denied-attr36-ndr
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/office-365-notice
"""

from __future__ import annotations

from collections.abc import Iterable

from diagnostics.cause import Belief, Finding, cause, change, shown
from diagnostics.causes.certificate.names import all_names
from diagnostics.causes.connector import attribution, steps
from diagnostics.causes.connector.heard import heard
from diagnostics.causes.connector.settings import of_kind
from diagnostics.causes.recipient.lookup import accepted
from diagnostics.causes.recipient.steps import EXO, accepted_domains
from diagnostics.facts import Certificate, Reply, Said, Session
from diagnostics.looked_facts import OwnName, Stray
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.report import Step

_SENDER = linear(
    r"(?i)\b(?:from|as|with|sender\w{0,3}|address\w{0,2}|mit|von|als|absender\w{0,2}|avec|de|comme|con|como|da|met)\b"
    r"[ :=<\"'`]{1,4}"
    r"[\w.+-]{0,64}@([A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8})"
)


@cause(
    id="connector.exo-inbound.domain-not-accepted",
    act="exchange-online",
    says=("ATTR36", attribution.REFUSED),
    against={
        "Address domain different from previous accepted address": (
            "compares the recipients of one message; the sender's domain is not its subject"
        ),
    },
)
def assess(
    said: Said,
    _domains: Configured | None,
    objects: tuple[Configured, ...],
    replies: tuple[Reply, ...],
    sessions: tuple[Session, ...],
) -> Finding | None:
    """The token names the rule; the certificate and the list of domains show which name is missing."""
    what = heard(said, replies, sessions)
    if said.signature == attribution.REFUSED and not attribution.domain_refused(what):
        return _unnamed(said, attribution.outward(objects))
    certificate = attribution.shown(what, sessions)
    because = "The tenant has neither the sender's domain nor that of the server's certificate as an accepted domain"
    missing = _missing(certificate, objects) if certificate else ""
    if missing and certificate:
        domains = of_kind("accepted-domain", objects)
        because = f"The server's certificate is for {missing}, whose domain is not among the tenant's accepted domains."
        return Finding(Belief.CONFIRMED, because, (said, certificate, *domains[:1]), _steps())
    if certificate:
        because += f" (the certificate is for {', '.join(all_names(certificate)[:3])})"
    return Finding(Belief.LIKELY, f"{because}.", (said, certificate), _steps())


@shown
def domains(
    objects: tuple[Configured, ...],
    refusals: tuple[Reply | Stray, ...],
    sessions: tuple[Session, ...],
    own: tuple[OwnName, ...],
) -> Finding | None:
    """The tenant's accepted domains, beside those of the sender and of the server's certificate."""
    known = of_kind("accepted-domain", objects)
    if not any(_is_initial(each) for each in known):
        return None  # of the servers on-premises, or a part of the list
    senders = [str(each) for fact in refusals for each in _SENDER.findall(fact.source.quote)]
    senders += [each.mail_from.rpartition("@")[2] for each in sessions if each.direction == "send" and each.mail_from]
    certificate = attribution.latest(sessions)
    names = [*(all_names(certificate) if certificate else ()), *(each.name for each in own)]
    held = next((each for each in senders if accepted(each, objects)), "") or next(
        (each for each in names if _held(each, objects)), ""
    )
    if held:
        because = f"The tenant has the domain of {held} among its accepted domains, which is enough for it to relay."
        return Finding(Belief.RULED_OUT, because, tuple(known[:1]))
    if not (senders or names):
        return None
    because = f"None of the tenant's accepted domains is that of {', '.join([*senders, *names][:3])}."
    return Finding(Belief.CONFIRMED if senders and names else Belief.LIKELY, because, tuple(known[:1]), _steps())


def _is_initial(entry: Configured) -> bool:
    """Whether it is the domain that every tenant has, and that no server on-premises takes mail for."""
    name = (entry.get("DomainName") or entry.name).lower()
    return name.endswith(".onmicrosoft.com") and not name.endswith(".mail.onmicrosoft.com")


def _held(name: str, objects: Iterable[Configured]) -> bool:
    known, plain = tuple(objects), name.removeprefix("*.")
    return bool(accepted(plain, known) or accepted(plain.partition(".")[2], known))


def _unnamed(said: Said, outward: Configured | None) -> Finding | None:
    """The refusal names no rule. Of a server that the tenant knows by its certificate it relays own senders alone."""
    if outward is None:
        return None
    because = "The mail is for somebody outside, as you say: where the tenant has neither the sender's domain nor the "
    because += "certificate's as an accepted domain, it does not relay even for a server that its connector knows."
    return Finding(Belief.POSSIBLE, because, (said, outward), _steps(), weight=1.0)


def _missing(certificate: Certificate, objects: Iterable[Configured]) -> str:
    """The certificate's first name, where the pasted accepted domains hold none of its names."""
    known = tuple(objects)
    names = [each.removeprefix("*.") for each in all_names(certificate)]
    if not names or not of_kind("accepted-domain", known):
        return ""
    return "" if any(_held(each, known) for each in names) else names[0]


def _steps() -> tuple[Step, ...]:
    return (
        accepted_domains(EXO),
        steps.list_inbound_connectors(),
        change(
            "Add the certificate's domain to the tenant and verify it: Microsoft 365 admin center, Settings, Domains.",
            "",
            shell="portal",
            changes="The domain becomes an accepted domain of the tenant, so its certificate counts for relaying.",
            undo="Remove the domain again.",
            verify="Get-AcceptedDomain lists it, and after some hours the messages pass.",
        ),
        change(
            "If it isn't our domain (a hoster's certificate): use one with a name in an accepted domain on the Send "
            "connector, and expect that name.",
            "Set-InboundConnector {inbound_connector} -TlsSenderCertificateName {name_on_certificate}",
            shell=EXO,
            changes="By which certificate name the tenant recognises its own server.",
            undo="Set-InboundConnector with the TlsSenderCertificateName that the second step printed.",
            verify="The next message with an empty or foreign sender is accepted.",
            inbound_connector="",
            name_on_certificate="",
        ),
    )
