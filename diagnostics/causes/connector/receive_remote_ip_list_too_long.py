"""The Receive connector's list of addresses is full.

## What is happening
`RemoteIPRanges` is one attribute of one directory object, which holds about 1,200 to 1,300 values. When single
addresses were added for years, the next one is refused: `The administrative limit for this request was exceeded`. The
new client then is in no list and falls to another connector.

## What proves it
- the error comes from Set-ReceiveConnector or New-ReceiveConnector, on RemoteIPRanges
- `(Get-ReceiveConnector …).RemoteIPRanges.Count` is above about 1,200

## Not this when
- the connector holds far fewer entries, or another cmdlet printed the error: then another attribute is full

## References
- https://learn.microsoft.com/en-us/exchange/troubleshoot/mailflow/connector-remote-ip-address-limit-exceeded
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.connector.settings import RECEIVE, of_kind
from diagnostics.facts import Said
from diagnostics.looked_facts import Counted
from diagnostics.mail_facts import CommandError, Configured
from diagnostics.report import Step
from diagnostics.text import is_cut

_FULL: Final = 1_200
_SPARE: Final = 800
_WORDS = ("administrative limit for this request was exceeded", "adminlimitexceeded", "admin_limit_exceeded")


@cause(
    id="connector.receive.remote-ip-list-too-long",
    act="on-prem",
    says=(
        "The administrative limit for this request was exceeded",
        "AdminLimitExceededException",
        "ADMIN_LIMIT_EXCEEDED",
    ),
)
def assess(error: CommandError | Said) -> Finding | None:
    """The cmdlet tells which attribute is full."""
    if isinstance(error, Said):
        if error.kind != "stray":
            return None
        because = "A directory attribute is full; of connectors it is RemoteIPRanges, at about 1,200 entries."
        return Finding(Belief.POSSIBLE, because, (error,), _steps(), weight=1.5)
    if not any(words in f"{error.text} {error.code}".lower() for words in _WORDS):
        return None
    where = f" on {error.host}" if error.host else ""
    if error.cmdlet.lower().endswith("-receiveconnector"):
        because = f"{error.cmdlet}{where} was refused by the directory: RemoteIPRanges takes no further entry."
        return Finding(Belief.LIKELY, because, (error,), _steps())
    if error.cmdlet:
        return None
    because = "A directory attribute is full; of connectors it is RemoteIPRanges, at about 1,200 entries."
    return Finding(Belief.POSSIBLE, because, (error,), _steps(), weight=1.5)


@shown
def ranges(known: tuple[Counted | Configured, ...]) -> Finding | None:
    """How many ranges each connector holds, counted or printed. A list that was cut off tells nothing."""
    counted = [each for each in known if isinstance(each, Counted) and _of_receive(each)]
    numbers = [(each.name, each.count) for each in counted]
    full = next((each for each in counted if each.count >= _FULL), None)
    if full:
        because = f"`{full.name or 'The connector'}` holds {full.count} addresses and ranges; about 1,200 is the end."
        return Finding(Belief.CONFIRMED, because, (full,), _steps(full.name))
    printed = of_kind(RECEIVE, (each for each in known if isinstance(each, Configured)))
    if not counted and any(is_cut(each.get("RemoteIPRanges")) for each in printed):
        return None
    numbers += [(each.name, len(each.items("RemoteIPRanges"))) for each in printed if each.told("RemoteIPRanges")]
    if not numbers or max(count for _, count in numbers) > _SPARE:
        return None
    name, count = max(numbers, key=lambda each: each[1])
    because = (
        f"The longest list of addresses, that of `{name or 'the connector'}`, has {count} entries: far from the end."
    )
    return Finding(Belief.RULED_OUT, because, (*counted[:1], *printed[:1]))


def _of_receive(counted: Counted) -> bool:
    """Whether it is a Receive connector's: where no command says so, by the server in front of its name."""
    return counted.what == "RemoteIPRanges" or (not counted.what and "\\" in counted.name)


def _steps(connector: str = "") -> tuple[Step, ...]:
    return (
        look(
            "Count the entries of every connector; about 1,200 is the end.",
            'Get-ReceiveConnector | ForEach-Object {{ "$($_.Identity): $($_.RemoteIPRanges.Count)" }}',
        ),
        change(
            "Merge single addresses into ranges.",
            "Set-ReceiveConnector {receive_connector} -RemoteIPRanges {range}",
            changes="Replaces the whole list: name all ranges, as 'A','B'. Everybody in a range gets what the connector "
            "allows, so a range should hold known servers only.",
            undo="Save the list before, with (Get-ReceiveConnector …).RemoteIPRanges, and set it again.",
            verify="The count of the first step is far below 1,200, and the new client can be added.",
            receive_connector=connector,
            range="",
        ),
        change(
            "If they can't be merged, make a second connector with the same settings for the further addresses.",
            "New-ReceiveConnector -Name {connector_name} -Server {server} -TransportRole FrontendTransport -Custom "
            "-Bindings '0.0.0.0:25' -RemoteIPRanges {client_address} -PermissionGroups AnonymousUsers",
            changes="Sessions from that address meet the new connector, which so far only takes mail for own domains.",
            undo="Remove-ReceiveConnector with that name.",
            verify="The receive log names it for the client.",
            connector_name="",
            server="",
            client_address="",
        ),
    )
