"""The frame of a new cause: its module and its Markdown case, in a form that fails until it is filled."""

from __future__ import annotations

import re
from pathlib import Path

_ID = re.compile(r"[a-z][a-z0-9-]*\.[a-z0-9][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)?")

# What has to be filled in stands in angle brackets; a test fails while any of it is left.
MODULE = '''"""<One plain sentence that names the fault, not the fix>.

## What is happening
<Two or three sentences: the mechanism, as you would tell a colleague.>

## What proves it
- <the line that proves it>

## Not this when
- <what refutes it, and which cause it is then>

## References
- https://<where this is documented>
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, look
from diagnostics.facts import Said


@cause(id="{id}", act="on-prem", says=("<the words that only this cause says>",))
def assess(said: Said) -> Finding | None:
    """Replace `Said` by the facts that this cause needs; add `T | None` for what would settle it."""
    return Finding(Belief.POSSIBLE, f"`{{said.text}}` says so.", (said,), steps=(look("<what to look at first>", ""),))
'''

CASE = """# <What happened, in a line>

<Who saw what, and how it was settled.>

```paste
<the pasted text, with names and addresses replaced>
```

```expect
likely {id}
```
"""

NEAR = """# <The same words, another cause>

near: {id}

```paste
<a text that looks alike, with the evidence that tells it apart>
```

```expect
verdict: failure
```
"""


class BadIdError(ValueError):
    """Not an id of the form family.object or family.object.detail."""


def frame(id_: str, root: Path) -> tuple[Path, ...]:
    """Write the files of cause `id_` below the checkout `root`. Raises BadIdError or FileExistsError."""
    if not _ID.fullmatch(id_):
        raise BadIdError(
            f"`{id_}` is no cause id: write family.object.detail in lower case, such as tls.certificate.expired"
        )
    family, _, rest = id_.partition(".")
    name = re.sub(r"[.-]", "_", rest)
    slug = rest.replace(".", "-")
    package = root / "diagnostics" / "causes" / family.replace("-", "_")
    cases = root / "tests" / "cases" / family
    files = {
        package / f"{name}.py": MODULE.format(id=id_),
        cases / f"{slug}.md": CASE.format(id=id_),
        cases / f"not-{slug}.md": NEAR.format(id=id_),
    }
    for path in files:
        if path.exists():
            raise FileExistsError(f"{path} is there already")
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (package / "__init__.py").touch()
    return tuple(files)
