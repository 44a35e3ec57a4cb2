"""`python -m bot` is the `mailflow` command."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from bot.cli import main


def command() -> NoReturn:
    """The `mailflow` command as a process of its own.

    `diagnose` ends at once: to take apart all that it loaded takes longer than to judge a paste, and it leaves nothing behind.
    """
    try:
        main()
    except SystemExit as ended:
        if sys.argv[1:2] == ["diagnose"] and isinstance(ended.code, int):
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(ended.code)
        raise
    sys.exit()


if __name__ == "__main__":
    command()
