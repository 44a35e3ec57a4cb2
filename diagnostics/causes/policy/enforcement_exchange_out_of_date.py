"""Exchange Online throttles or blocks mail from this Exchange server because it is out of date.

## What is happening
Exchange Online looks at the version of Exchange servers that hand it mail over a connector of type OnPremises. One that
is unsupported, or lacks security updates for long, is reported, then throttled (`450 4.7.230`) for some minutes of each
hour, and at last blocked (`550 5.7.230`). It ends when the server is updated.

## What proves it
- the words themselves; the report "Out-of-date connecting on-premises Exchange servers" lists the server

## Not this when
- the queue to Exchange Online waits for another error
- the throttling speaks of the address or the tenant's volume (`quota-throttle.eop.ip-throttled`)

## References
- https://techcommunity.microsoft.com/t5/exchange-team-blog/throttling-and-blocking-email-from-persistently-vulnerable/ba-p/3815328
- https://techcommunity.microsoft.com/t5/exchange-team-blog/how-to-pause-throttling-and-blocking-of-out-of-date-on-premises/ba-p/4007169
- https://learn.microsoft.com/en-us/exchange/new-features/build-numbers-and-release-dates
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.network.queues import held_otherwise, to_microsoft
from diagnostics.facts import QueueState, Reply, Said
from diagnostics.mail_facts import Told
from diagnostics.patterns import linear
from diagnostics.report import Step
from diagnostics.text import short

_RATE: Final = linear(r"(?i)(throttled|blocked) for (\d{1,3} ?min(?:ute)?s?/h(?:ou)?r)")


@cause(
    id="policy.enforcement.exchange-out-of-date",
    act="on-prem",
    says=(
        "Connecting Exchange server version is out-of-date",
        "connection to Exchange Online throttled for",
        "connection to Exchange Online blocked for",
    ),
    against={
        "Server busy. Please try again later from": (
            "is a throttle of the sending address; an old version is refused with `4.7.230`"
        ),
    },
)
def assess(said: Said | Told) -> Finding | None:
    """One text, one meaning; it names the stage."""
    if isinstance(said, Told):
        return _told(said)
    rate = _RATE.search(said.text)
    how = f"{rate.group(1)} for {rate.group(2)}" if rate else "throttled or blocked"
    because = (
        f"Exchange Online holds the sending Exchange server for out of date: its connection is {how}, and that grows "
    )
    because += "until the server is updated or replaced."
    return Finding(Belief.CONFIRMED, because, (said,), _steps())


@shown
def queue(queues: tuple[QueueState, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """A server that is throttled has that as its queue's last error."""
    other = held_otherwise(
        queues, replies, to_microsoft, lambda each: "7.230" in each.enhanced or "out-of-date" in each.whole
    )
    because = f"The queue to Exchange Online waits for another error: `{short(other.text)}`." if other else ""
    return Finding(Belief.RULED_OUT, because, (other,)) if other else None


def _told(told: Told) -> Finding | None:
    """What a person tells, with nothing pasted, makes it possible at most."""
    if told.story != "pauses-that-grow":
        return None
    because = "What your server hands to Exchange Online pauses by the hour, and the pauses grow, as you tell it: that is how "
    because += "Exchange Online slows down a server that is out of date or unsupported."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(), weight=1.8)


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "See the build of every server, and compare it with the list of builds.",
            "Get-ExchangeServer | Format-Table Name,ServerRole,AdminDisplayVersion,Edition",
        ),
        look(
            "Exchange admin center, Reports, Mail flow, Out-of-date connecting on-premises Exchange servers: the servers, "
            "their stage and the date of the next one. The enforcement can be paused there for at most 90 days a year.",
            "",
            "portal",
        ),
        change(
            "Install the current cumulative and security update on that server, or move it to Exchange Server SE.",
            "",
            shell="portal",
            effect="service-restart",
            changes="The server's build. Its services stop during the installation; do it in a maintenance window and set the "
            "server into maintenance mode first.",
            undo="An update is not taken back; restore the server from its backup.",
            verify="The report no longer lists the server, and its queue to Exchange Online drains.",
        ),
    )
