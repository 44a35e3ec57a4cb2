"""One target under Atheris: `python -m tests.fuzz.guided TARGET CORPUS [options of libFuzzer]`."""

from __future__ import annotations

import logging
import sys

import atheris

with atheris.instrument_imports(
    include=["diagnostics", "handlers", "bot.oncall", "bot.settings"], enable_loader_override=False
):
    from tests.fuzz.targets import TARGETS

logging.disable()
name = sys.argv.pop(1)
atheris.Setup(sys.argv, TARGETS[name].run)
atheris.Fuzz()
