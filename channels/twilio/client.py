"""Twilio's API as we use it, from the outbox's threads."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import requests
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from dispatch.core.settings import Settings
from dispatch.outbox.delivering import Refused, RetryLater

T = TypeVar("T")

OPTED_OUT = 21610
"""Twilio's code: the number has opted out."""

_TIMEOUT = 15.0
_LONGEST_WAIT = 3600.0
_LATER = (401, 403, 404, 408, 409, 429)  # wrong settings are put right, and nothing is lost meanwhile

# Twilio's client would log the numbers it writes to.
logging.getLogger("twilio.http_client").setLevel(logging.WARNING)


class NotConfiguredError(Exception):
    """This system has no Twilio account."""


class RefusedByTwilio(Refused):
    """Refused, with Twilio's error code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"Twilio 拒收：错误 {code}")
        self.code = code


class _Http(TwilioHttpClient):  # type: ignore[misc]  # twilio is untyped
    """Hears how long to wait, which Twilio's client drops."""

    def request(self, *args: Any, **kwargs: Any) -> Response:
        response = super().request(*args, **kwargs)
        if response.status_code == 429:
            given = str((response.headers or {}).get("Retry-After", ""))
            raise RetryLater(min(float(given), _LONGEST_WAIT) if given.isdecimal() else None, "Twilio 要求稍后再发")
        return response


_clients: dict[tuple[str, str, str], Client] = {}
_making = threading.Lock()


def client(settings: Settings) -> Client:
    """Return this system's client, the same one every time. Raises NotConfiguredError."""
    if settings.twilio_account_sid is None or settings.twilio_auth_token is None:
        raise NotConfiguredError
    key = (settings.twilio_account_sid, settings.twilio_auth_token.get_secret_value(), settings.twilio_api_url.rstrip("/"))
    with _making:
        if key not in _clients:
            made = Client(key[0], key[1], http_client=_Http(timeout=_TIMEOUT))
            made.api.base_url = key[2]
            _clients[key] = made
        return _clients[key]


def call(work: Callable[[], T]) -> T:
    """Run one call to Twilio.

    Raises:
        RetryLater, RefusedByTwilio: as the outbox understands them; reasons name the code, never the number.
    """
    try:
        return work()
    except TwilioRestException as error:
        if error.status >= 500 or error.status in _LATER:
            raise RetryLater(None, f"Twilio 答复 {error.status}") from None
        raise RefusedByTwilio(error.code or error.status) from None
    except requests.RequestException as error:
        raise RetryLater(None, f"Twilio 没有应答：{type(error).__name__}") from None
