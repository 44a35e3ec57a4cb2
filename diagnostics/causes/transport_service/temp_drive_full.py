r"""The drive with the server's temporary folder is full, so messages with attachments are not submitted.

## What is happening
Mailbox Transport Submission writes larger attachments to the temporary folder of the machine. When that drive
is full, submission fails with an I/O exception and is tried again in silence: the sender sees the message in
Sent Items, in Outlook on the web in Drafts, and nobody gets it. Small messages pass.

## What proves it
- `431 4.3.1 STOREDRV.Submit.Exception:StorageTransientException.IOException`, or `STOREDRV; disk is full`
- the folder TransportRoles\data\Temp below Exchange's own holds dozens of gigabytes in UnifiedContent
- SUBMITDEFER entries in message tracking, and no space on the drive of the machine's TMP

## Not this when
- there is room on the drive of TMP and TEMP, and on all others
- new sessions are refused with `452 4.3.1 Insufficient system resources` (`transport-service.backpressure.disk`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/mailflow/failed-to-process-message-due-to-transient-exception
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.transport_service.services import POWERSHELL, restart
from diagnostics.facts import Said
from diagnostics.mail_facts import Configured, Told
from diagnostics.report import Step

_SWOLLEN = 20  # gigabytes
_ROOM = 2**28  # bytes: less than the attachments of a few messages at once
_NO_SPACE = "There is not enough space on the disk"


@cause(
    id="transport-service.temp-drive.full",
    act="on-prem",
    says=("StorageTransientException.IOException", "4.3.1 STOREDRV; disk is full", "STOREDRV; disk is full", _NO_SPACE),
)
def assess(said: Said | Configured | Told, objects: tuple[Configured, ...]) -> Finding | None:
    """The store driver's words are the fault itself; the bare words of Windows can speak of any drive."""
    if isinstance(said, Told):
        return _told(said)
    if isinstance(said, Configured):
        return _stays(said, objects) if said.kind == "told-attachments-stay" else _of_folder(said)
    low = said.text.lower()
    submission = "storedrv" in low or "submi" in low or "ioexception" in low
    if said.signature != _NO_SPACE:
        because = "Submission can't write its temporary files: the drive of the server's TMP folder is full."
        return Finding(Belief.CONFIRMED, because, (said,), _steps())
    if submission:
        because = "Submission found no space on a disk; it writes attachments to the server's TMP folder."
        return Finding(Belief.LIKELY, because, (said,), _steps(), weight=1.2)
    because = "A disk of the server is full; whether it is the one with the TMP folder is not told."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.2)


@shown
def drives(objects: tuple[Configured, ...]) -> Finding | None:
    """The drives of the machine's temporary folders, in the list of volumes."""
    folders = [each for each in objects if each.kind == "temporary-folder"]
    volumes = [each for each in objects if each.kind == "volume" and each.told("Left") and int(each.get("Whole"))]
    full = [each for each in volumes if int(each.get("Left")) < _ROOM]
    for folder in folders:
        drive = next((each for each in full if each.name == folder.name[:1].upper()), None)
        if drive:
            because = f"The machine's temporary folder is {folder.name}, and drive {drive.get('Told')}: submission can't write "
            because += "larger attachments there."
            return Finding(Belief.CONFIRMED, because, (folder, drive), _steps())
    theirs = [each for each in volumes if any(each.name == folder.name[:1].upper() for folder in folders)]
    if not theirs or full or any(each.failing for each in volumes):
        return None
    because = f"There is room on every drive, and where the temporary folder {folders[0].name} lies ({theirs[0].get('Told')})."
    return Finding(Belief.RULED_OUT, because, (folders[0], *theirs))


def _told(told: Told) -> Finding | None:
    """What a person tells, with nothing pasted, makes it possible at most."""
    if told.story != "temporary-folder-eats-the-drive":
        return None
    because = "The folder in which antimalware unpacks messages fills the drive, as you tell it: once it is full, "
    because += "submission can write no temporary files, and mail stops."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(), "on-prem", weight=1.8)


def _stays(told: Configured, objects: tuple[Configured, ...]) -> Finding:
    """Messages with attachments wait and small ones go: only the larger ones are written to the temporary folder."""
    tight = next((each for each in objects if each.kind == "volume" and each.failing), None)
    because = "Small messages go and those with attachments wait, without an error: submission writes larger attachments to the "
    because += "machine's temporary folder first, "
    because += f"and drive {tight.name}: is short of space." if tight else "and waits where that drive is full."
    return Finding(Belief.POSSIBLE, because, (told, tight), _steps(), weight=1.9 if tight else 1.5)


def _of_folder(folder: Configured) -> Finding | None:
    """Transport's temporary folder is empty but for the messages of the moment: dozens of gigabytes were never deleted."""
    size = int(folder.get("Gigabytes", "0")) if folder.kind == "folder" else 0
    if size < _SWOLLEN:
        return None
    because = f"{folder.name} holds {size} GB, where Exchange keeps what it scans for minutes only: nothing cleans it, "
    because += "and it fills the drive. The clean-up looks below C:\\Program Files, wherever Exchange is installed."
    return Finding(Belief.LIKELY, because, (folder,), (*_clean(), *_steps()), weight=1.3)


def _clean() -> tuple[Step, ...]:
    return (
        look(
            "See how much of it is older than a day, and which path the clean-up looks at (Antimalware.xml, "
            "CleanupFolderResponderFolderPaths).",
            "Get-ChildItem (Join-Path $env:ExchangeInstallPath 'TransportRoles\\data\\Temp\\UnifiedContent') -Recurse -File | "
            "Where-Object {{ $_.LastWriteTime -lt (Get-Date).AddDays(-1) }} | Measure-Object Length -Sum; "
            "Select-String -Path (Join-Path $env:ExchangeInstallPath 'Bin\\Monitoring\\Config\\Antimalware.xml') "
            "-Pattern CleanupFolderResponderFolderPaths",
            POWERSHELL,
        ),
        change(
            "Delete what is older than a day, and write this server's own path into Antimalware.xml, then restart "
            "the health manager. "
            "An update of Exchange writes the file anew.",
            "",
            shell="portal",
            changes="Frees the drive; the monitoring cleans the right folder from then on.",
            undo="Put the former Antimalware.xml back.",
            verify="The folder stays small over the next days.",
        ),
    )


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "See where the machine keeps temporary files, and how much space each drive has.",
            "[Environment]::GetEnvironmentVariable('TMP','Machine'); [Environment]::GetEnvironmentVariable('TEMP','Machine'); "
            "Get-Volume | Format-Table DriveLetter,SizeRemaining,Size",
            POWERSHELL,
        ),
        look(
            "See which messages wait for it.",
            "Get-MessageTrackingLog -EventId SUBMITDEFER -Source STOREDRIVER -Start (Get-Date).AddDays(-1) -ResultSize 50 | "
            "Format-List Timestamp,Source,EventId,Sender,SourceContext,EventData",
        ),
        change(
            "Free space on that drive; or, if it stays too small, move the machine's temporary folder.",
            "[Environment]::SetEnvironmentVariable('TMP', {folder}, 'Machine')",
            shell=POWERSHELL,
            changes="All services of the machine write temporary files to the new folder after their restart.",
            undo="Set the former path, which the first step printed.",
            verify="The first command prints the new folder.",
            folder="",
        ),
        restart(
            "Restart submission, so that it reads the new path and tries the waiting messages.",
            "Message tracking shows SUBMIT in place of SUBMITDEFER for a message with an attachment.",
            "MSExchangeSubmission",
        ),
    )
