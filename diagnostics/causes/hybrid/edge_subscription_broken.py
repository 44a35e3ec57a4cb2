"""The Edge subscription is broken: the Edge server and the organization no longer trust or reach each other.

## What is happening
Mailbox servers and the Edge server know each other from the subscription file: direct trust in each other's default SMTP
certificate, and EdgeSync that copies connectors and recipients. It breaks when that certificate is replaced, when a
Mailbox server is added or rebuilt (it is no part of an older subscription), when EdgeSync is blocked (port 50636), or
when the Edge directory refuses a value, such as a certificate name of more than 256 characters on a Send connector.

## What proves it
- `Test-EdgeSynchronization` says something else than Normal
- event 1036 (inbound direct trust failed), 2018 (outbound), or warnings and errors of MSExchange EdgeSync
- mail for `edgesync - …` connectors waits on a server that was added later

## Not this when
- SyncStatus is Normal and the queue to the Edge server drains

## References
- https://learn.microsoft.com/en-us/exchange/architecture/edge-transport-servers/edge-subscriptions
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/cannot-receive-mail-with-new-certificate
"""

from __future__ import annotations

from collections.abc import Iterable

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.facts import QueueState, Reply, Said, WindowsEvent
from diagnostics.mail_facts import Configured, Told
from diagnostics.report import Step

_REFUSED = "a value in the request is invalid"
_UNTRUSTED = ("MSExchangeTransport 1036", "MSExchangeTransport 2018", "MSExchange EdgeSync 10104")
_CONFLICT = (1018, 1019)
_OVERALL, _RECIPIENT = "SyncStatus", "RecipientStatus"


@cause(
    id="hybrid.edge.subscription-broken",
    act="on-prem",
    says=(
        *_UNTRUSTED,
        "direct trust authentication failed for certificate",
        "MSExchange EdgeSync",
        "EdgeSync can't find the replication credential",
        "EdgeSync couldn't find the replication credential",
        "couldn't match certificate when contacting",
        "The EdgeSync credential",
        "A value in the request is invalid. [ExDirectoryException]",
    ),
)
def assess(
    anchor: Said | Configured | QueueState | Reply | Told,
    objects: tuple[Configured, ...],
    events: tuple[WindowsEvent, ...],
) -> Finding | None:
    """EdgeSync's own test outweighs events, and those a queue that only leads to the Edge server."""
    if isinstance(anchor, Told):
        return _told(anchor)
    tests = [each for each in objects if each.kind == "edge-sync"]
    failed = next((each for each in tests if each.failing), None)
    if isinstance(anchor, Configured):
        return _from_test(anchor, events)
    if tests and not failed:
        because = f"EdgeSync of {tests[0].name or 'the Edge server'} is Normal."
        return Finding(Belief.RULED_OUT, because, (tests[0],))
    if isinstance(anchor, Said):
        return _from_words(anchor, failed, events)
    return _from_queue(anchor)


def _told(told: Told) -> Finding | None:
    """What a person tells, with nothing pasted, makes it possible at most."""
    if told.story != "edge-sync-ended":
        return None
    because = "EdgeSync no longer works since something changed that the subscription rests on, as you tell it: "
    because += "certificate, name or password of one side. Subscribing the Edge server again renews them."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(), "on-prem", weight=1.8)


def _from_test(test: Configured, events: Iterable[WindowsEvent]) -> Finding | None:
    if test.kind != "edge-sync" or not test.failing:
        return None
    detail = (test.get("FailureDetail") or test.get("FailureDetails")).rstrip(". ")
    state = test.get("SyncStatus") or test.get("Result") or "a failure"
    because = f"EdgeSync of {test.name or 'the Edge server'} reports {state}"
    because += f": {detail[:200]}." if detail else "."
    event = next((each for each in events if "edgesync" in each.provider.lower() or each.event == 1036), None)
    too_long = _REFUSED in detail.lower()
    if _about_a_recipient(test):
        return Finding(Belief.POSSIBLE, because, (test, event), _steps(too_long=too_long), weight=1.5)
    return Finding(Belief.LIKELY, because, (test, event), _steps(too_long=too_long), weight=1.2)


def _about_a_recipient(test: Configured) -> bool:
    """Whether the test was asked about a recipient that was refused, and finds nothing else that is not copied."""
    other = [
        value.lower() for name, value in test.values if name.endswith("Status") and name not in (_OVERALL, _RECIPIENT)
    ]
    return test.get(_RECIPIENT).lower() not in ("", "skipped") and not any("not" in each for each in other)


def _from_words(said: Said, failed: Configured | None, events: tuple[WindowsEvent, ...]) -> Finding | None:
    low = said.text.lower()
    if any(each.source == said.source and each.level.lower().startswith("info") for each in events):
        return None
    if any(each.event in _CONFLICT for each in events) and "edgesync 1" not in low:
        because = (
            "Direct trust failed beside a conflict for port 25, where the wrong service answers the other servers."
        )
        return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=0.8)
    if _REFUSED in low:
        because = "The Edge directory refuses a value that EdgeSync copies; subscribing again would not help."
        return Finding(Belief.LIKELY, because, (said, failed), _steps(too_long=True))
    if said.signature in _UNTRUSTED or "direct trust" in low or "certificate" in low:
        because = "The Edge server and the organization know another certificate of each other than the one in use."
        return Finding(Belief.LIKELY, because, (said, failed), _steps(), weight=1.0)
    because = f"EdgeSync reports a failure: `{said.text[:160]}`."
    return Finding(Belief.LIKELY if failed else Belief.POSSIBLE, because, (said, failed), _steps(), weight=1.6)


def _from_queue(anchor: QueueState | Reply) -> Finding | None:
    """A connector that EdgeSync made is called `edgesync - <site> to internet`."""
    if isinstance(anchor, QueueState):
        waiting = anchor.status.lower() == "retry" and "edgesync" in anchor.next_hop.lower()
        named, waits = anchor.next_hop, waiting
    else:
        named = anchor.source.quote if anchor.failing else ""
        waits = "edgesync - " in named.lower()
    if not waits:
        return None
    because = (
        "Mail waits at a connector that the Edge subscription made. A server that was added or rebuilt after subscribing "
        "is no part of it and tries to go out by itself; so does one whose subscription is broken."
    )
    return Finding(Belief.POSSIBLE, because, (anchor,), _steps(), weight=1.9)


def _steps(*, too_long: bool = False) -> tuple[Step, ...]:
    if too_long:
        return (_test(), *_shorten())
    return (
        _test(),
        look(
            "On every Mailbox server, see which certificate is the default one for SMTP; it must be older than the subscription.",
            "Get-ExchangeCertificate | Format-List Thumbprint,Subject,Services,NotBefore,NotAfter",
        ),
        change(
            "Start a full synchronization.",
            "Start-EdgeSynchronization -ForceFullSync",
            changes="Connectors, domains and recipients are copied to the Edge server anew.",
            undo="None needed: it writes what the organization holds.",
            verify="Test-EdgeSynchronization says Normal.",
        ),
        change(
            "After a change of certificate or servers, subscribe again: on the Edge server, write a new subscription file.",
            "New-EdgeSubscription -FileName 'C:\\Edge.xml'",
            changes="The Edge server forgets the former subscription; its own connectors are replaced by the organization's.",
            undo="None: the former file is no longer valid. Finish with the next step within 24 hours.",
            verify="C:\\Edge.xml exists; copy it to a Mailbox server.",
        ),
        change(
            "On a Mailbox server of that site, import the file.",
            "New-EdgeSubscription -FileData ([System.IO.File]::ReadAllBytes('C:\\Edge.xml')) -Site {site}",
            changes="All Mailbox servers of the site take part in the subscription, those added later included.",
            undo="Remove-EdgeSubscription with the name of the Edge server.",
            verify="After Start-EdgeSynchronization, Test-EdgeSynchronization says Normal and the queue drains.",
            site="",
        ),
    )


def _test() -> Step:
    return look(
        "Ask EdgeSync for its state.",
        "Test-EdgeSynchronization -FullCompareMode | Format-List Name,SyncStatus,LastSynchronizedUtc,FailureDetail",
    )


def _shorten() -> tuple[Step, ...]:
    return (
        look(
            "Find certificate names longer than 256 characters on Send connectors.",
            'Get-SendConnector | ForEach-Object {{ "$($_.Name): $(([string]$_.TlsCertificateName).Length)" }}',
        ),
        change(
            "On a connector whose name is too long, let Fqdn choose the certificate, or use one with shorter names.",
            "Set-SendConnector {connector} -TlsCertificateName $null",
            changes="The connector shows the certificate that carries its Fqdn.",
            undo="Set-SendConnector with the TlsCertificateName that Get-SendConnector showed before.",
            verify="Test-EdgeSynchronization says Normal.",
            connector="",
        ),
    )
