"""Encryption and look-up of contact details (Art. 29(4): 不得泄露个人隐私)."""

from __future__ import annotations

import hashlib
import hmac

from cryptography.fernet import Fernet, MultiFernet

from dispatch.core.keys import Keys


class FieldCipher:
    """Encrypts single fields and makes keyed hashes by which they can be found again."""

    def __init__(self, keys: Keys) -> None:
        # The first key encrypts, all decrypt: rotation puts a new one in front.
        self._fernet = MultiFernet([Fernet(key) for key in keys.field.split(",")])
        self._lookup = keys.lookup.encode()

    def encrypt(self, value: str | None) -> str | None:
        """Return ``value`` encrypted, or None for nothing."""
        return self._fernet.encrypt(value.encode()).decode() if value else None

    def decrypt(self, value: str | None) -> str | None:
        """Return what ``encrypt`` was given. Raises ``cryptography.fernet.InvalidToken`` under a foreign key."""
        return self._fernet.decrypt(value.encode()).decode() if value else None

    def lookup(self, value: str) -> str:
        """Return the keyed SHA-256 of ``value`` as 64 hex digits: equal values meet, nobody can guess back."""
        return hmac.new(self._lookup, value.encode(), hashlib.sha256).hexdigest()
