"""Encryption at rest: what people pasted is stored sealed with keys that the database holds only in wrapped form.

Master keys (of the settings, never in the database) wrap data keys (rows); data keys seal texts, each to its place. So a new
master key costs a few rows, and a value that is moved to another row does not open there.

A sealed text: the byte 1, the number of its data key (4 bytes, big-endian), a nonce (12), AES-256-GCM. Before there were
data keys it was a Fernet token of a master key; such a one still opens, and is sealed anew by `columns.seal_anew`.
"""

from __future__ import annotations

import base64
import hmac
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_VERSION: Final = b"\x01"
_HEADER: Final = 5  # bytes: the version, and the number of the data key
_NONCE: Final = 12
_KEY: Final = 32

KEY_FILE = "secret.key"


class WrongKeyError(Exception):
    """No key at hand reads this."""


class Masters:
    """The master keys, 32 bytes in URL-safe base64 each, joined by commas or line ends. Raises ValueError for others."""

    def __init__(self, keys: str) -> None:
        texts = [text.strip() for text in keys.replace("\n", ",").split(",") if text.strip()]
        self._fernet = MultiFernet([Fernet(text) for text in texts])  # refuses an empty list, too
        secrets = [base64.urlsafe_b64decode(text) for text in texts]
        self._wraps = {
            _derived(secret, b"mailflow name of a key", 6).hex(): AESGCM(_wrapper(secret)) for secret in secrets
        }

    @property
    def names(self) -> tuple[str, ...]:
        """What the keys are called: of twelve characters each, which say nothing of the key."""
        return tuple(self._wraps)

    def wrap(self, name: str, key: bytes, number: int) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + self._wraps[name].encrypt(nonce, key, _place_of(number))

    def unwrap(self, wrapped: Mapping[str, bytes], number: int) -> bytes | None:
        """A data key of which there are copies `wrapped` by the masters of these names; None when none of ours is among them."""
        for name in self._wraps.keys() & wrapped.keys():
            try:
                return self._wraps[name].decrypt(wrapped[name][:_NONCE], wrapped[name][_NONCE:], _place_of(number))
            except InvalidTag:
                continue
        return None

    def open_old(self, sealed: bytes) -> bytes:
        """What was sealed before there were data keys. Raises WrongKeyError."""
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken:
            raise WrongKeyError from None


@dataclass(frozen=True, slots=True)
class Keys:
    """The data keys at hand, by number. `writes` is the one that seals; None where it can't be opened by our masters.

    `marks` is the key of hashes, for things that are looked up but not read: it stays for good.
    """

    opened: Mapping[int, bytes]
    writes: int | None
    marks: bytes


class Seal:
    """Seals and opens texts. `load` reads the data keys: another process may have made a new one."""

    def __init__(self, masters: Masters, keys: Keys, load: Callable[[], Awaitable[Keys]]) -> None:
        self.masters = masters
        self._keys = keys
        self._load = load

    @property
    def writes(self) -> bytes:
        """What begins every text that is sealed with the key in use. Raises WrongKeyError."""
        if self._keys.writes is None:
            raise WrongKeyError("a newer data key is wrapped for other master keys only")
        return _VERSION + self._keys.writes.to_bytes(_HEADER - 1, "big")

    def close(self, text: str, place: bytes) -> bytes:
        """`place` (see columns.Column.at) has to be the same when it is opened. Raises WrongKeyError."""
        header, nonce = self.writes, os.urandom(_NONCE)
        cipher = AESGCM(self._keys.opened[_number(header)])
        return header + nonce + cipher.encrypt(nonce, text.encode("utf-8", "surrogatepass"), place)

    async def open(self, sealed: bytes, place: bytes) -> str:
        """Raises WrongKeyError, also for what was sealed for another place."""
        return (await self._opened(sealed, place)).decode("utf-8", "surrogatepass")

    async def _opened(self, sealed: bytes, place: bytes) -> bytes:
        if sealed[:1] != _VERSION:
            return self.masters.open_old(sealed)
        number = _number(sealed)
        if number not in self._keys.opened:
            await self.refresh()
        try:
            cipher = AESGCM(self._keys.opened[number])
            return cipher.decrypt(sealed[_HEADER : _HEADER + _NONCE], sealed[_HEADER + _NONCE :], place)
        except (KeyError, InvalidTag, ValueError):
            raise WrongKeyError from None

    async def refresh(self) -> None:
        """Learns of data keys that other processes made."""
        self._keys = await self._load()

    def mark(self, *words: str) -> bytes:
        """What stands for these words where they must not be read: 32 bytes, the same each time, with our key only."""
        return hmac.digest(self._keys.marks, b"".join(_prefixed(word.encode()) for word in words), "sha256")


def new_key() -> bytes:
    return AESGCM.generate_key(_KEY * 8)


def stored_key(home: Path) -> str:
    """The key in `home/secret.key`, generated when there is none. Only its owner may read the file."""
    path = home / KEY_FILE
    home.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        draft = home / f".{KEY_FILE}.{os.getpid()}"
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(Fernet.generate_key())
        try:
            os.link(draft, path)  # a second process that starts at this moment finds one whole key, never two
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(encoding="ascii").strip()


def bound_to(words: Iterable[object]) -> bytes:
    """Words as associated data: no two lists of words give the same."""
    return b"".join(_prefixed(str(word).encode()) for word in words)


def _prefixed(word: bytes) -> bytes:
    return len(word).to_bytes(4, "big") + word


def _number(sealed: bytes) -> int:
    return int.from_bytes(sealed[1:_HEADER], "big")


def _place_of(number: int) -> bytes:
    return bound_to(("data_key", number))


def _wrapper(secret: bytes) -> bytes:
    """Of a key that was a Fernet key before, another one: no key does two things."""
    return _derived(secret, b"mailflow wraps data keys", _KEY)


def _derived(secret: bytes, purpose: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt=None, info=purpose).derive(secret)
