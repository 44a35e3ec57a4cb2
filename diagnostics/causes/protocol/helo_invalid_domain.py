"""The sending system greets with an invalid name (EHLO/HELO).

## What is happening
The first word of an SMTP session is the name of the client. Servers that check it refuse what is no host name
or address literal: an underscore, a port, a trailing dot, a bare address without brackets, an IPv4 address
written as IPv6, a single word. Others refuse a name that isn't the client's own. No recipient and no message is
at fault.

## What proves it
- Google's `421 4.7.0 Try again later, closing connection. (EHLO)` names the command that it refused, mostly for `localhost`
- `501 5.5.4 Invalid domain name`, or `need fully-qualified hostname`, as the answer to EHLO or HELO

## Not this when
- the name is a proper host name with matching DNS records: then the server judges reputation or PTR
- the refusal follows MAIL FROM or RCPT TO: then it is an address

## References
- https://www.rfc-editor.org/rfc/rfc5321
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/non-delivery-reports-in-exchange-online
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.certificate.names import is_server_name
from diagnostics.causes.connector.heard import heard
from diagnostics.causes.connector.turned_away import Client, own_client, turned_away
from diagnostics.causes.dns.lookups import of_name
from diagnostics.causes.protocol.steps import advise
from diagnostics.causes.reputation.lists import looked_up
from diagnostics.facts import Reply, Said, SendConnector, Session
from diagnostics.looked_facts import DnsAnswer
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.refusals import topics
from diagnostics.report import Step

_CERTAIN: Final = (
    "5.5.4 Invalid domain name",
    "need fully-qualified hostname",
    "Bad HELO",
    "Bad EHLO",
    "invalid HELO argument",
    "HELO/EHLO name",
    "EHLO/HELO name",
)
_NOUNS: Final = (
    "HELO",
    "EHLO",
    "announces itself",
    "server announcement",
    "valid FQDN",
    "fully qualified",
    "fully-qualified",
)
# The command is only named as the one that was answered, or as the one that should have come first.
_IN_PASSING = linear(
    r"(?i)(?:after|in reply to|reply to|response to) (?:the )?(?:helo|ehlo)|(?:helo|ehlo)(?:/(?:helo|ehlo))? (?:command )?first"
    r"|(?:no|duplicate|second|missing|expected|need) (?:helo|ehlo)"
    r"|\b(?:helo|ehlo)\b.{0,300}\b(?:250[ -]|STARTTLS\b)"  # a transcript in which it was answered
)
# Servers that give no reason and name the command at which they refused: Google, and clients that quote such a server.
_ANOTHERS: Final = "name does not match IP"  # it resolves to another address than the one that comes
_UNEXPLAINED: Final = "Try again later, closing connection"
_AT_GREETING = linear(r"\((?:EHLO|HELO)\)|(?i:in reply to (?:EHLO|HELO) command|after (?:EHLO|HELO)\b)")
_NAME = linear(
    r"(?i)\b(?:helo|ehlo)=?\s*<?([\[A-Za-z0-9_][^\s<>,;\"']{0,252})|<([^<>@\s]{1,253})>: Helo command rejected"
    r"|\b(?:(?:helo|ehlo) \(not|announces itself \(|server announcement \()\s?([^\s()]{1,253})\)"
)
_NOT_FOUND: Final = "Host not found"
# What stands behind the command where it doesn't quote the name.
_SENTENCE: Final = frozenset(
    ("argument", "arguments", "command", "does", "domain", "from", "greeting", "has", "hostname", "is", "lookup", "must", "name",
     "not", "requires", "string", "to", "with")
)  # fmt: skip
_UNTOLD = linear(r"(?i)\b(?:ehlo|helo) not accepted from server\W*$")  # PHPMailer, before the server's answer
_NEVER: Final = "without being connected"  # PHPMailer, of a command that it could not send
_SAME_NAME: Final = "with my own hostname"  # Postfix, of who answers it


@cause(
    id="protocol.helo.invalid-domain",
    act="sender",
    says=(
        *_CERTAIN,
        "Helo command rejected",
        "5.7.506",
        "501 5.5.4 Invalid Address",
        "Invalid HELO",
        "Invalid EHLO",
        "Host names have more than one DNS label",  # Haraka
        _UNEXPLAINED,
        _ANOTHERS,
        *_NOUNS,
    ),
)
def assess(
    said: Said,
    _connector: SendConnector | None,
    connectors: tuple[SendConnector, ...],
    replies: tuple[Reply, ...],
    sessions: tuple[Session, ...],
    answers: tuple[DnsAnswer, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    """The words speak of EHLO only; whose client it is tells where to set the name."""
    if "listed" in said.text.lower() or looked_up(said.text) or _UNTOLD.search(said.text) or _NEVER in said.text:
        return None  # the name is on a block list, or the client quotes an answer that never came: another matter
    if said.signature == _UNEXPLAINED:
        return _at_greeting(said)
    if said.signature == _ANOTHERS:
        if "certif" in said.text.lower():
            return None
        because = f"{said.by or 'The receiving server'} looked up the name of the greeting (EHLO), and it does not lead to the "
        because += (
            "address that connects: behind a cluster, NAT or balancer that is another one than the address of the name."
        )
        return Finding(Belief.POSSIBLE, because, (said,), _exchange_steps(""), weight=1.7)
    if said.signature in _NOUNS and ("helo" not in topics(said) or _IN_PASSING.search(said.text)):
        return None
    if _SAME_NAME in said.text:
        because = "The server at the other end bears the very name that this one greets with. If it is another machine, as the "
        because += "host of a container, one of the two needs a name of its own (myhostname, smtp_helo_name)."
        return Finding(Belief.POSSIBLE, because, (said,), _client_steps(), "on-prem", weight=1.1)
    client = turned_away(said, replies, sessions)
    if client and _NOT_FOUND in said.text and (doubt := _doubted(said, client, answers, settings)):
        return doubt
    what = heard(said, replies, sessions)
    name = what.greeting or _refused(said.text)
    greeting = f" `{name}`" if name and name.lower().partition("(")[0] not in _SENTENCE else ""
    who = what.who if what.incoming else said.by or "The receiving server"
    because = f"{who} refuses the name{greeting} with which {what.client} greets (EHLO/HELO): it is no host name that it accepts."
    ours = not what.incoming and (what.outgoing or said.kind in ("queue", "trace") or bool(connectors))
    connector = connectors[0].connector if connectors else what.connector
    fqdn = next((each.fqdn for each in connectors if each.fqdn), "")
    if fqdn:
        because += f" The Send connector {connector} greets as `{fqdn}`."
    belief = Belief.CONFIRMED if said.signature in _CERTAIN else Belief.LIKELY
    steps = _exchange_steps(connector) if ours else _client_steps()
    return Finding(belief, because, (said,), steps, "on-prem" if ours else "sender", weight=1.2)


@shown
def greetings(connectors: tuple[SendConnector, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """Whether a Send connector greets with the very name that was refused, or with one that nobody outside can look up."""
    refused = {name.lower() for each in replies if each.failing and (name := _refused(each.whole))}
    told = [each for each in connectors if each.fqdn and each.enabled is not False]
    same = next((each for each in told if each.fqdn.lower() in refused), None)
    if same:
        because = f"The Send connector `{same.connector}` greets as `{same.fqdn}`, the name that was refused."
        return Finding(Belief.LIKELY, because, (same,), _exchange_steps(same.connector))
    inner = next((each for each in told if is_server_name(each.fqdn)), None)
    if inner is None or refused:
        return None
    because = f"The Send connector `{inner.connector}` greets as `{inner.fqdn}`, which is no host name outside."
    return Finding(Belief.LIKELY, because, (inner,), _exchange_steps(inner.connector))


def _refused(text: str) -> str:
    found = _NAME.search(text[:2000])
    return next((str(each) for each in found.groups() if each), "") if found else ""


def _doubted(
    said: Said, client: Client, answers: tuple[DnsAnswer, ...], settings: tuple[Configured, ...]
) -> Finding | None:
    """The name that was not found is a provider's, or was looked up: then there is nothing to correct in it. And a client of
    one's own is asked for a name that is found only as long as it does not log on."""
    known = next((each for each in of_name(answers, client.greeting) if each.ok and each.addresses), None)
    own = own_client(client, settings)
    if not (known or client.provider) and own:
        because = (
            f"The server finds no host `{client.greeting}`; the client that greets so is {own}. Who logs on is mostly "
        )
        because += "let in with any name."
        return Finding(Belief.POSSIBLE, because, (said,), _client_steps(), "sender", weight=1.6)
    if not (known or client.provider):
        return None
    because = f"The server finds no host `{client.greeting}`, "
    because += "which a look-up finds" if known else "a provider's name that exists, unless the client borrowed it"
    because += ": it is the server's own DNS that fails."
    return Finding(Belief.POSSIBLE, because, (said, known), _client_steps(), "sender", weight=0.9)


def _at_greeting(said: Said) -> Finding | None:
    """Refused before anything but the client's name was said; its address may be the reason as well."""
    if not _AT_GREETING.search(f"{said.text}\n{said.source.quote}"):
        return None
    because = f"{said.by or 'The server'} ended the session at the client's greeting (EHLO/HELO), when it knew no more than its "
    because += "name and address: an application that greets as `localhost`, or with an address, is turned away so."
    return Finding(Belief.POSSIBLE, because, (said,), _client_steps(), weight=1.8)


def _client_steps() -> tuple[Step, ...]:
    return (
        advise(
            "In the application or device that sends: set its own host name (also called local domain, local_hostname, EHLO "
            "or HELO name, FQDN) to a plain host name with a dot, such as app.contoso.com: no port, no underscore, no "
            "trailing dot. Where it can only send an address, the form is [192.0.2.10]."
        ),
        look(
            "If it has no such setting it takes the machine's name: look at that.",
            "[System.Net.Dns]::GetHostEntry($env:COMPUTERNAME).HostName",
            "powershell",
        ),
    )


def _exchange_steps(connector: str) -> tuple[Step, ...]:
    return (
        look("See with which name each Send connector greets.", "Get-SendConnector | Format-Table Name,Fqdn"),
        change(
            "Set a public host name that resolves to the address the mail leaves from.",
            "Set-SendConnector {connector} -Fqdn {host_name}",
            changes="The connector greets with that name; if TLS needs a certificate of that name, it must exist.",
            undo="Set-SendConnector with the former -Fqdn.",
            verify="The next session in the protocol log shows EHLO with the new name, answered with 250.",
            connector=connector,
            host_name="",
        ),
    )
