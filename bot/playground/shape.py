"""Small checks on the shape of JSON, each of which notes a fault with the place it was found."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


class Faults:
    """Collects faults; every check returns nothing and adds what it finds to `found`."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, message: str, at: str) -> None:
        self.found.append(f"{message} [json-pointer:{at}]")

    def string(self, value: Any, at: str, most: int | None, *, empty: bool = False) -> None:
        if not isinstance(value, str):
            self.add("missing required field" if value is None else "must be a string", at)
        elif not value and not empty:
            self.add("must be more than 0 characters", at)
        elif most is not None and len(value) > most:
            self.add(f"must be less than {most + 1} characters", at)

    def text(self, value: Any, at: str, most: int, kinds: tuple[str, ...] = ("mrkdwn", "plain_text")) -> None:
        """A text object: https://docs.slack.dev/reference/block-kit/composition-objects/text-object"""
        if not isinstance(value, dict):
            self.add("missing required field" if value is None else "must be an object", at)
            return
        if value.get("type") not in kinds:
            self.add(f"`type` must be one of: {', '.join(kinds)}", f"{at}/type")
        self.string(value.get("text"), f"{at}/text", most)
        stray = set(value) - {"type", "text", "emoji", "verbatim"}
        for name in sorted(stray):
            self.add(f"no additional properties allowed: {name}", at)

    def items(self, value: Any, at: str, most: int | None) -> list[Any]:
        """A list with at least one item; the empty list when it is anything else."""
        if not isinstance(value, list):
            self.add("missing required field" if value is None else "must be an array", at)
            return []
        if not value:
            self.add("no fewer than 1 items allowed", at)
        if most is not None and len(value) > most:
            self.add(f"no more than {most} items allowed", at)
        return value
