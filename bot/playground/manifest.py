"""What an app manifest tells Slack about the app that is installed here."""

from __future__ import annotations

from dataclasses import dataclass, field

EVENTS = frozenset(
    {
        "app_home_opened",
        "app_mention",
        "app_uninstalled",
        "message.channels",
        "message.groups",
        "message.im",
        "tokens_revoked",
    }
)


@dataclass(frozen=True, slots=True)
class Manifest:
    """The installed app: its slash commands, shortcuts (callback id to title), subscribed events, and the scopes that were
    granted; none are told of where there are none."""

    name: str = "Mailflow"
    commands: tuple[str, ...] = ("/mailflow",)
    message_shortcuts: dict[str, str] = field(default_factory=lambda: {"diagnose_message": "Diagnose mail flow"})
    global_shortcuts: dict[str, str] = field(default_factory=lambda: {"diagnose_form": "Diagnose mail flow"})
    events: frozenset[str] = EVENTS
    scopes: tuple[str, ...] = ()
