"""One escalation through time, without Slack and without a database."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.oncall.events import Arm, Disarm, Effect, Event, Fired, Page, State, Sync, Tell, Timer
from bot.oncall.machine import advance
from bot.oncall.policy import Policy
from tests.oncall.policies import NOON, policy

MINUTE = timedelta(minutes=1)
POLICY = policy()
ALEX = "U0ALEXRIVE"


class Run:
    """One escalation through time: timers fire when they are due, oldest first."""

    def __init__(self, rules: Policy = POLICY, now: datetime = NOON) -> None:
        self.policy, self.now, self.state = rules, now, State()
        self.timers: dict[Timer, datetime] = {}
        self.pages: list[tuple[datetime, str]] = []
        self.told: list[Tell] = []
        self.synced: list[Sync] = []

    def do(self, event: Event) -> tuple[Effect, ...]:
        self.state, effects = advance(self.policy, self.state, event, self.now)
        for effect in effects:
            if isinstance(effect, Arm):
                self.timers[effect.timer] = effect.due
            elif isinstance(effect, Disarm):
                self.timers.pop(effect.timer, None)
            elif isinstance(effect, Page):
                self.pages.append((self.now, effect.target))
            elif isinstance(effect, Tell):
                self.told.append(effect)
            elif isinstance(effect, Sync):
                self.synced.append(effect)
        return effects

    def wait(self, time: timedelta) -> None:
        until = self.now + time
        while self.timers and min(self.timers.values()) <= until:
            timer = min(self.timers, key=lambda name: self.timers[name])
            self.now = max(self.now, self.timers.pop(timer))
            self.do(Fired(timer))
        self.now = until

    def paged(self) -> list[tuple[int, str]]:
        """Minutes since the start, and target."""
        return [(round((at - NOON) / MINUTE), target) for at, target in self.pages]

    def said(self) -> list[str]:
        return [tell.what for tell in self.told]
