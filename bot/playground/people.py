"""Who and what is in the workspace: people, channels and user groups, with identifiers shaped like Slack's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

APP = "A0MAILFLOW"
BOT_USER = "U0MAILFLOW"
BOT = "B0MAILFLOW"
ALERT_USER = "U0ALERTBOT"
ALERT_BOT = "B0ALERTBOT"
SLACKBOT = "USLACKBOT"


@dataclass(frozen=True, slots=True)
class Team:
    """A workspace, as Slack calls it in its payloads."""

    id: str
    name: str
    domain: str


CONTOSO = Team("T0CONTOSO1", "Contoso", "contoso")
NORTHWIND = Team("T0NORTHWIN", "Northwind Traders", "northwindtraders")


@dataclass(frozen=True, slots=True)
class Person:
    """A member. `bot_id` is empty for people; `tz` is an IANA zone name and `tz_offset` its seconds from UTC. `partner` is the
    workspace of somebody of another organisation, whom one meets in shared channels only."""

    id: str
    name: str
    real_name: str
    bot_id: str = ""
    is_admin: bool = False
    tz: str = "Europe/London"
    tz_offset: int = 0
    partner: Team | None = None

    def to_slack(self, team: Team) -> dict[str, Any]:
        """The user object of `users.info`, as a workspace sees it."""
        home = self.partner or team
        profile = {"real_name": self.real_name, "display_name": self.name, "team": home.id}
        if not self.bot_id and not self.partner:
            profile["email"] = f"{self.name}@contoso.com"
        return {
            "id": self.id,
            "team_id": home.id,
            "name": self.name,
            "real_name": self.real_name,
            "deleted": False,
            "is_bot": bool(self.bot_id),
            "is_admin": self.is_admin,
            "is_app_user": False,
            "tz": self.tz,
            "tz_offset": self.tz_offset,
            "profile": profile,
        }


@dataclass(frozen=True, slots=True)
class Channel:
    """A public channel, or, when `user` is set, that person's direct messages with the bot. `shared`: with partners."""

    id: str
    name: str
    user: str = ""
    shared: bool = False

    @property
    def is_im(self) -> bool:
        return bool(self.user)

    def to_slack(self) -> dict[str, Any]:
        """The conversation object of `conversations.info`."""
        if self.is_im:
            return {
                "id": self.id,
                "is_im": True,
                "is_channel": False,
                "user": self.user,
                "is_archived": False,
            }
        return {
            "id": self.id,
            "name": self.name,
            "name_normalized": self.name,
            "is_channel": True,
            "is_group": False,
            "is_im": False,
            "is_private": False,
            "is_archived": False,
            "is_shared": self.shared,
            "is_ext_shared": self.shared,
            "is_member": True,
            "num_members": len(PEOPLE),
            "context_team_id": CONTOSO.id,
        }


@dataclass(frozen=True, slots=True)
class UserGroup:
    id: str
    handle: str
    name: str
    users: tuple[str, ...]

    def to_slack(self) -> dict[str, Any]:
        """The user group object of `usergroups.list`."""
        return {
            "id": self.id,
            "team_id": CONTOSO.id,
            "is_usergroup": True,
            "handle": self.handle,
            "name": self.name,
            "date_delete": 0,
            "users": list(self.users),
            "user_count": len(self.users),
        }


PEOPLE = (
    Person("U0ALEXRIVE", "alex", "Alex Rivera", is_admin=True),
    Person("U0SAMOKAFO", "sam", "Sam Okafor"),
    Person("U0PRIYANAI", "priya", "Priya Nair", tz="Asia/Kolkata", tz_offset=19800),
    Person("U0JONASWEB", "jonas", "Jonas Weber", tz="Europe/Berlin", tz_offset=3600),
    Person("U0LENAHART", "lena", "Lena Hart (Northwind)", partner=NORTHWIND),
    Person(ALERT_USER, "monitoring", "Mail Monitoring", bot_id=ALERT_BOT),
    Person(BOT_USER, "mailflow", "Mailflow", bot_id=BOT),
)
CHANNELS = (
    Channel("C0EXCHANGE", "exchange"),
    Channel("C0ONCALL01", "on-call"),
    Channel("C0PARTNERS", "partners", shared=True),
    *(Channel(f"D{person.id[1:]}", "", person.id) for person in PEOPLE if not person.bot_id and not person.partner),
)
USER_GROUPS = (UserGroup("S0EXCHANGE", "exchange-oncall", "Exchange on-call", ("U0PRIYANAI", "U0JONASWEB")),)
