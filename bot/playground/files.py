"""Files that people and the bot upload, and the shape in which Slack describes them."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

# Slack's own names of file types, where they differ from the extension: https://docs.slack.dev/reference/objects/file-object
FILE_TYPES = {
    "log": "text",
    "txt": "text",
    "eml": "email",
    "ps1": "powershell",
    "md": "markdown",
    "evtx": "binary",
}
TEXT_EXTENSIONS = frozenset({"csv", "eml", "json", "log", "md", "ps1", "txt", "xml"})
PREVIEW_LINES = 5
_PREVIEWED = 64 * 1024  # bytes


@dataclass(slots=True)
class StoredFile:
    """A file's bytes and who owns it. `base_url` is where the workspace listens; `created` is in Unix seconds.

    A file that the bot announced has no `content` until `expected` bytes arrive at its upload address.
    """

    id: str
    name: str
    user: str
    base_url: str
    created: int
    team: str
    title: str = ""
    alt: str = ""
    mode: str = "hosted"
    expected: int = 0
    upload_secret: str = ""
    content: bytes | None = None
    shared_in: list[str] = field(default_factory=list)

    @property
    def extension(self) -> str:
        return self.name.rpartition(".")[2].lower() if "." in self.name else ""

    @property
    def mimetype(self) -> str:
        if self.mode == "snippet" or self.extension in TEXT_EXTENSIONS:
            return "text/plain"
        return mimetypes.guess_type(self.name)[0] or "application/octet-stream"

    @property
    def is_text(self) -> bool:
        return self.mimetype.startswith("text/")

    def to_slack(self) -> dict[str, Any]:
        """The file object of events and of `files.info`."""
        path = f"{self.base_url}/files-pri/{self.team}-{self.id}"
        name = quote(self.name)
        content = self.content or b""
        described: dict[str, Any] = {
            "id": self.id,
            "created": self.created,
            "timestamp": self.created,
            "name": self.name,
            "title": self.title or self.name,
            "mimetype": self.mimetype,
            "filetype": FILE_TYPES.get(self.extension, self.extension or "text"),
            "user": self.user,
            "user_team": self.team,
            "mode": self.mode,
            "size": len(content),
            "is_external": False,
            "is_public": True,
            "file_access": "visible",
            "url_private": f"{path}/{name}",
            "url_private_download": f"{path}/download/{name}",
            "channels": list(self.shared_in),
        }
        if self.alt:
            described["alt_txt"] = self.alt
        if self.is_text:
            lines = content[:_PREVIEWED].decode("utf-8", "replace").splitlines()
            count = len(lines) if len(content) <= _PREVIEWED else content.count(b"\n")
            described["preview"] = "\n".join(lines[:PREVIEW_LINES])
            described["lines"] = count
            described["lines_more"] = max(0, count - PREVIEW_LINES)
        return described
