"""Steps that several causes about the protocol and the format of messages offer."""

from __future__ import annotations

from typing import Final

from diagnostics.cause import change, look
from diagnostics.report import Step


def advise(say: str) -> Step:
    """Something that is done in an application or by its maker; there is no command for it."""
    return Step(say=say, shell="portal")


TELLING: Final = 3  # extensions: a shorter list is of a small server, or was cut off


def read_ehlo(host: str, what: str) -> Step:
    """See what the destination's EHLO reply offers, in the clear and behind STARTTLS."""
    return look(
        f"See what the destination offers after EHLO: {what}.",
        "printf 'EHLO test.example\\nQUIT\\n' | openssl s_client -starttls smtp -crlf -quiet -connect {host:token}:25",
        "bash",
        host=host,
    )


def export_message() -> Step:
    return change(
        "Keep one failing message as a file, to see its source.",
        "Suspend-Message -Identity {message}; "
        "Export-Message -Identity {message} | AssembleMessage -Path (Join-Path $env:TEMP 'failing.eml')",
        changes="The message waits in its queue until it is resumed; a copy of it, content included, is in the temporary folder.",
        undo="Resume-Message with the same identity; delete the file when it was read.",
        verify="failing.eml opens, and begins with the message's headers.",
        message="",
    )
