"""A Twilio REST API over HTTP, as strict as the real one's documentation, which fails, delays and loses on command; and its signatures."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from twilio.request_validator import RequestValidator

from tests.doubles.serving import Answer, Provider, serving, wait

ACCOUNT = "AC" + "0" * 31 + "1"
AUTH = "double-auth-for-tests"
NUMBER = "+861065000001"
_E164 = re.compile(r"(whatsapp:)?\+[1-9]\d{6,14}")


@dataclass
class TwilioApi(Provider):
    """``sent`` are the messages that were taken, as Twilio shows them."""

    sent: list[dict[str, Any]] = field(default_factory=list)
    opted_out: set[str] = field(default_factory=set)
    media: dict[str, Answer] = field(default_factory=dict)
    """What is behind the MediaUrls, by path; only for the account's own credentials."""

    @property
    def texts(self) -> list[str]:
        """What residents were told."""
        return [message["body"] for message in self.sent]

    def respond(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer | None:
        """Answer one call."""
        expected = "Basic " + base64.b64encode(f"{ACCOUNT}:{AUTH}".encode()).decode()
        if headers.get("authorization") != expected:
            return _error(401, 20003, "Authenticate")
        if self.down:
            self.refused += 1
            return _error(503, 20503, "Service unavailable")
        address = urlsplit(path)
        if address.path in self.media:
            status, extra, data = self.media[address.path]
            return status, {"Content-Type": "application/octet-stream", **extra}, data
        if address.path != f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json":
            return _error(404, 20404, "The requested resource was not found")
        if method == "GET":
            to = parse_qs(address.query).get("To", [""])[0]
            found = [message for message in self.sent if message["to"] == to]
            return 200, {}, {"messages": found[::-1], "page": 0, "page_size": 50, "uri": path, "next_page_uri": None}
        trouble = self.next_trouble()
        wait(trouble.delay)
        if trouble.retry_after is not None:
            status, extra, answer = _error(429, 20429, "Too Many Requests")
            return status, {**extra, "Retry-After": str(trouble.retry_after)}, answer
        if trouble.status != 200:
            return _error(trouble.status, 20500, "Internal Server Error")
        answer_to = self._create(dict(parse_qsl(body.decode(), keep_blank_values=True)))
        return None if trouble.lose else answer_to

    def _create(self, given: dict[str, str]) -> Answer:
        to, text = given.get("To", ""), given.get("Body", "")
        if not to:
            return _error(400, 21604, "A 'To' phone number is required.")
        if not _E164.fullmatch(to):
            return _error(400, 21211, "Invalid 'To' Phone Number")
        if not (given.get("From") or given.get("MessagingServiceSid")):
            return _error(400, 21603, "A 'From' phone number is required.")
        if given.get("From") and to.startswith("whatsapp:") != given["From"].startswith("whatsapp:"):
            return _error(400, 63007, "Twilio could not find a Channel with the specified From address")
        if not text.strip():
            return _error(400, 21602, "Message body is required.")
        if len(text) > 1600:
            return _error(400, 21617, "The concatenated message body exceeds the 1600 character limit")
        if to in self.opted_out:
            return _error(400, 21610, "Attempt to send to unsubscribed recipient")
        with self.lock:
            sid = f"SM{len(self.sent) + 1:032d}"
            message = {
                "sid": sid,
                "to": to,
                "from": given.get("From"),
                "messaging_service_sid": given.get("MessagingServiceSid"),
                "body": text,
                "status": "queued",
                "direction": "outbound-api",
                "status_callback": given.get("StatusCallback"),
                "account_sid": ACCOUNT,
                "num_media": "0",
            }
            self.sent.append(message)
        return 201, {}, message


@contextmanager
def twilio_api() -> Iterator[TwilioApi]:
    """Run one on a free port."""
    api = TwilioApi()
    with serving(api, api.respond):
        yield api


def signature(url: str, fields: dict[str, str]) -> str:
    """Return what Twilio would put into ``X-Twilio-Signature``."""
    return str(RequestValidator(AUTH).compute_signature(url, fields))


def _error(status: int, code: int, message: str) -> Answer:
    info = f"https://www.twilio.com/docs/errors/{code}"
    return status, {}, {"code": code, "message": message, "more_info": info, "status": status}
