"""Settings out of files: `.env`, and a folder that has a file for each secret, as containers and systemd hand them over."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

_LARGEST_SECRET = 65_536  # characters


def of_dotenv(dotenv: Path) -> tuple[dict[str, str], list[str]]:
    """The values in a file of settings, and a sentence when it can't be read."""
    try:
        given = dotenv_values(dotenv, encoding="utf-8")
    except UnicodeDecodeError:
        return {}, [f"{dotenv.name} is not read, because it is not UTF-8: save it as UTF-8."]
    return {key: value for key, value in given.items() if value is not None}, []


def of_folder(folder: str | None, known: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The values in a folder of secrets by name of the setting, and a sentence for each file that can't be used."""
    if not folder:
        return {}, []
    values: dict[str, str] = {}
    wrong: list[str] = []
    try:  # Kubernetes keeps folders of its own beside the links to the values; their names begin with a dot
        files = sorted(path for path in Path(folder).iterdir() if not path.name.startswith("."))
    except OSError as error:
        return {}, [f"MAILFLOW_SECRETS_DIR: the folder cannot be read ({error.strerror})."]
    for path in files:
        if path.name not in known:
            wrong.append(f"{path.name} in MAILFLOW_SECRETS_DIR is not a setting of this version.")
            continue
        try:
            with path.open(encoding="utf-8") as file:
                values[path.name] = file.read(_LARGEST_SECRET).strip()
        except (OSError, UnicodeDecodeError) as error:
            wrong.append(f"{path.name} in MAILFLOW_SECRETS_DIR cannot be read ({type(error).__name__}).")
    return values, wrong
