"""The manual: one Markdown page a cause, and an index, written from the causes themselves."""

from __future__ import annotations

from pathlib import Path

from diagnostics.cause import Cause, catalogue


def pages() -> dict[str, str]:
    """File name → Markdown text, for every cause and the index."""
    found = {f"{each.id}.md": _page(each) for each in catalogue().values()}
    found["README.md"] = _index()
    return found


def write_manual(folder: Path) -> int:
    """Write the manual into `folder`, which then holds exactly it. Returns the number of causes."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = pages()
    for stale in set(folder.glob("*.md")) - {folder / name for name in wanted}:
        stale.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")
    return len(wanted) - 1


def _page(each: Cause) -> str:
    title, _, rest = each.manual.partition("\n")
    acts = "" if each.benign else f"Who must act: {each.act}\n"
    return f"# {title.rstrip('.')}\n\n`{each.id}`\n\n{acts}{rest.rstrip()}\n"


def _index() -> str:
    lines = [
        "# Causes",
        "",
        "Written by `mailflow causes --markdown docs/causes`; change the causes, not these pages.",
        "",
    ]
    family = ""
    for each in catalogue().values():
        if each.family != family:
            family = each.family
            lines += ["", f"## {family}", ""]
        lines.append(f"- [{each.title}]({each.id}.md) `{each.id}`")
    return "\n".join(lines) + "\n"
