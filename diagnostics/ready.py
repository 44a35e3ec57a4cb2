"""Make all that is kept beside the bytecode, as installing makes the bytecode: `python -m diagnostics.ready`.

Then the first answer doesn't wait for it; and where PYTHONDONTWRITEBYTECODE is set afterwards, no answer does.
"""

from __future__ import annotations

from pathlib import Path

from diagnostics.cause import catalogue
from diagnostics.kept import table
from diagnostics.recognisers import readers


def make_ready() -> None:
    """Read every index and table once."""
    catalogue()
    readers()
    for path in Path(__file__).parent.rglob("*.toml"):
        table(path)


if __name__ == "__main__":
    make_ready()
