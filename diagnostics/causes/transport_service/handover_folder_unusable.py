"""A folder that Exchange hands messages over in is missing, full or closed to it.

## What is happening
Transport takes messages as files from its Pickup and Replay directories, and a Foreign connector writes them as files into its
Drop directory, from where a fax or SMS gateway fetches them. The service works there as Network Service. When a folder was moved,
lies on a share that is gone, or lost the right of that account, what goes this way waits; all other mail flows.

## What proves it
- events 8004 to 8009 (Drop directory of a Foreign connector), 9002, 9004, 9006 and 9007 (Pickup and Replay): they name the folder

## Not this when
- the drive is full (`transport-service.backpressure.disk`)
- a file in Pickup was renamed to .bad: that file is no valid message (`protocol.header.from-invalid`)

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/pickup-directory-and-replay-directory
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-foreignconnector
- https://technet.microsoft.com/en-us/library/ff985077(v=exchg.141)
- https://technet.microsoft.com/en-us/library/ff985622(v=exchg.141)
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.transport_service.services import POWERSHELL
from diagnostics.facts import Said, WindowsEvent
from diagnostics.patterns import linear
from diagnostics.report import Step

_DROP: Final = {
    8004: "an error of the disk came when it was written to",
    8005: "it holds as much as it may, so what fetches the files from there has stopped",
    8007: "its path is too long for Windows",
    8008: "it does not exist",
    8009: "the service may not write to it",
}
_PICKUP: Final = {
    9002: "the service may not read it",
    9004: "a file in it can't be deleted after it was sent, and may be sent again",
    9006: "it could not be made",
    9007: "the service may not rename the files in it",
}
_PATH = linear(r"((?:[A-Za-z]:\\|\\\\)[^\"'<>|?*\r\n]{1,240}?)(?:['\"<>|]|[.:,;]?(?:\s|$))")
_WHOLE = linear(
    r"(?i)directory ['\"]?((?:[A-Za-z]:\\|\\\\)[^\"'<>|?*\r\n]{1,240}?)['\"]?(?: does not| doesn't|,| \.|[.] |$| or use)"
)
_CONNECTOR = linear(r"(?i)(?:on|foreign|non-SMTP) connector ['\"]?([^'\".\r\n]{1,100}?)['\"]?(?:\.| failed)")


@cause(
    id="transport-service.handover-folder.unusable",
    act="on-prem",
    says=(
        *(f"MSExchangeTransport {number}" for number in (*_DROP, *_PICKUP)),
        "Pickup will not function until the directory is created",
    ),
)
def assess(said: Said, events: tuple[WindowsEvent, ...]) -> Finding | None:
    """The event names the fault and the folder."""
    event = next((each for each in events if each.source == said.source), None)
    if event is None:
        return None
    fault = _DROP.get(event.event) or _PICKUP.get(event.event)
    folder = _folder(event.text)
    named = f"`{folder}`" if folder else "a folder"
    if event.event in _DROP:
        found = _CONNECTOR.search(event.text)
        connector = found.group(1) if found else ""
        whose = f"the Foreign connector `{connector}`" if connector else "a Foreign connector"
        because = f"The Drop directory of {whose}, {named}, can't be used: {fault}. Mail for that connector waits."
        return Finding(Belief.CONFIRMED, because, (event,), _drop_steps(connector, folder))
    because = f"The Pickup or Replay directory, {named}, can't be used: {fault or 'it could not be made'}."
    return Finding(Belief.CONFIRMED, because, (event,), _pickup_steps(folder))


def _folder(text: str) -> str:
    """The folder that the event names; a path can have blanks in it, so the words around it tell where it ends."""
    found = _WHOLE.search(text) or _PATH.search(text)
    return str(found.group(1)).strip() if found else ""


def _drop_steps(connector: str, folder: str) -> tuple[Step, ...]:
    return (
        look(
            "See which folder the connector names, and below which root the server looks for it.",
            "Get-ForeignConnector {connector} | Format-List Name,DropDirectory,DropDirectoryQuota,SourceTransportServers; "
            "Get-TransportService | Format-List Name,RootDropDirectoryPath",
            connector=connector,
        ),
        _rights(folder),
        change(
            "Make the folder, give Network Service the right to change it, or name another one; where it is full, start what "
            "fetches the files.",
            "Set-ForeignConnector {connector} -DropDirectory {folder}",
            changes="The connector writes its messages into that folder from now on.",
            undo="Set-ForeignConnector with the DropDirectory that the first step printed.",
            verify="No new event 8004 to 8009, and the queue of the connector drains.",
            connector=connector,
            folder=folder,
        ),
    )


def _pickup_steps(folder: str) -> tuple[Step, ...]:
    return (
        look(
            "See which folders the server uses.",
            "Get-TransportService | Format-List Name,PickupDirectoryPath,ReplayDirectoryPath",
        ),
        _rights(folder),
        change(
            "Give Network Service the right to read, write and delete there, or name a folder where it has it.",
            "Set-TransportService {server} -PickupDirectoryPath {folder}",
            changes="Transport takes files from that folder. What lies in the old one has to be moved by hand.",
            undo="Set-TransportService with the path that the first step printed.",
            verify="A message that is put there as a file is taken within seconds.",
            server="",
            folder="",
        ),
    )


def _rights(folder: str) -> Step:
    return look(
        "See who has which right there: NETWORK SERVICE needs to read, write and delete.",
        "$folder = Get-Item {folder}; icacls $folder.FullName",
        POWERSHELL,
        folder=folder,
    )
