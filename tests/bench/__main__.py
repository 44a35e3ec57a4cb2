"""`make bench`: every figure that the documentation quotes, from this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from tests.bench import answer, checking, cold, diagnosing, looking, storm


def _show(title: str, figures: Mapping[str, float]) -> None:
    print(f"\n{title}")
    for name, value in figures.items():
        print(f"  {name:45} {value:10.3f}")


if __name__ == "__main__":
    _show("In process", diagnosing.main())
    _show("One mail server on loopback: ours in process, the others as commands", checking.main())
    _show("A domain in the lab", looking.main())
    _show("Whole commands, cold", cold.main())
    _show("Paste to posted answer: wire, database and jobs included", asyncio.run(answer.main()))
    _show("A bad day: a minute of pastes, pages among them, Slack's limits on", asyncio.run(storm.main()))
