"""A refusal that Slack expresses as `{"ok": false, "error": …}`."""

from __future__ import annotations


class SlackError(Exception):
    """`code` is Slack's own error name; `messages` goes into `response_metadata.messages`."""

    def __init__(self, code: str, messages: tuple[str, ...] = ()) -> None:
        super().__init__(code)
        self.code = code
        self.messages = messages
