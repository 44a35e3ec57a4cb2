"""The sample incidents of the page: Markdown files, a `# title`, a line about it, then one `## heading` per message."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Sample:
    """An incident to play: `parts` are (heading, text of the message) in order, the first one starts the thread."""

    id: str
    title: str
    about: str
    parts: tuple[tuple[str, str], ...]

    def to_json(self) -> dict[str, object]:
        parts = [{"heading": heading, "text": text} for heading, text in self.parts]
        return {"id": self.id, "title": self.title, "about": self.about, "parts": parts}


def load_samples() -> list[Sample]:
    """Every sample, in the order of the file names."""
    folder = files("bot.playground") / "samples"
    found = sorted((item for item in folder.iterdir() if item.name.endswith(".md")), key=lambda item: item.name)
    return [parse_sample(item.name.removesuffix(".md"), item.read_text("utf-8")) for item in found]


def parse_sample(name: str, text: str) -> Sample:
    """Raises ValueError when the title or the parts are missing."""
    head, *rest = text.split("\n## ")
    title, _, about = head.partition("\n")
    if not title.startswith("# ") or not rest:
        raise ValueError(f"sample {name} needs a '# title' line and at least one '## part'")
    parts = tuple((part.partition("\n")[0].strip(), part.partition("\n")[2].strip()) for part in rest)
    return Sample(name, title[2:].strip(), about.strip(), parts)
