"""The kinds of values in the on-call file. What is wrong with one is said without the value."""

from __future__ import annotations

import ipaddress
from datetime import datetime, time, timedelta
from typing import Annotated, Final, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import re2
from pydantic import AfterValidator, BeforeValidator

from bot.oncall.hours import instant

_DURATION = re2.compile(r"(\d{1,5})(s|m|h|d)")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_Wall = TypeVar("_Wall", datetime, time)


def _duration(value: object) -> object:
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise ValueError('must be a duration such as "90s", "10m", "2h" or "1d"')
    return timedelta(**{_UNITS[found.group(2)]: int(found.group(1))})


def _zone(value: object) -> object:
    try:
        return ZoneInfo(value) if isinstance(value, str) else value
    except (KeyError, ValueError, OSError):  # unknown names, and names that are paths
        raise ValueError('must be an IANA time zone such as "Europe/Berlin"') from None


def _web_address(value: str) -> str:
    """https, but for this very machine: what is sent names a fault of somebody's mail servers."""
    parts = urlsplit(value)
    if not parts.hostname or parts.username or parts.fragment:
        raise ValueError("must be a web address")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname)):
        raise ValueError("must be an https:// address")
    return value.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _no_number(value: object) -> object:
    """`from = 8` would be read as eight seconds after midnight."""
    if isinstance(value, (int, float)):
        raise ValueError("must be written out, as in 08:00:00 or 2026-12-24T09:00:00")  # noqa: TRY004 - pydantic's kind
    return value


def naive(value: _Wall) -> _Wall:
    if value.tzinfo is not None:
        raise ValueError("must have no offset: the time zone says what it means")
    return value


def _some(value: timedelta) -> timedelta:
    if value < timedelta(seconds=1):
        raise ValueError('must be "1s" or longer')
    return value


def _like(pattern: str, what: str) -> AfterValidator:
    compiled = re2.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError(f"must be {what}")
        return value

    return AfterValidator(check)


def aware(value: datetime, zone: ZoneInfo) -> datetime:
    return value if value.tzinfo else instant(value, zone)


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Pause = Annotated[Duration, AfterValidator(_some)]
WallTime = Annotated[time, BeforeValidator(_no_number), AfterValidator(naive)]
Moment = Annotated[datetime, BeforeValidator(_no_number)]
Zone = Annotated[ZoneInfo, BeforeValidator(_zone)]
Url = Annotated[str, AfterValidator(_web_address)]
Name = Annotated[str, _like("[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", "a name of letters, digits, dots, dashes")]
Member = Annotated[str, _like("[UW][A-Z0-9]{2,20}", "a Slack member id such as U0PRIYANAI")]
Group = Annotated[str, _like("S[A-Z0-9]{2,20}", "the id of a Slack user group such as S0EXCHANGE")]
TeamId = Annotated[str, _like("T[A-Z0-9]{2,20}", "the id of a Slack workspace such as T0CONTOSO1")]
ChannelId = Annotated[str, _like("[CG][A-Z0-9]{2,20}", "the id of a Slack channel such as C0ONCALL01")]
PagerDutyId = Annotated[str, _like("[A-Z0-9]{4,32}", "an id of PagerDuty such as PXPGF42")]
