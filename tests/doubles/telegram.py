"""A Telegram Bot API over HTTP, as strict as the real one's documentation, which fails, delays, loses and repeats on command."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson

from tests.doubles.serving import Answer, Provider, serving, wait

TOKEN = "100200300:double-token-for-tests-only"
SECRET = "double_secret"
_SECRET_FORM = re.compile(r"[A-Za-z0-9_-]{1,256}")


class _BadRequestError(Exception):
    pass


@dataclass
class TelegramApi(Provider):
    """``sent`` are the messages that residents got; ``updates`` are fetched by polling."""

    sent: list[dict[str, Any]] = field(default_factory=list)
    pressed: list[str] = field(default_factory=list)
    webhook: dict[str, str] = field(default_factory=dict)
    updates: list[dict[str, Any]] = field(default_factory=list)
    blocked: set[str] = field(default_factory=set)
    """Chats that have stopped the bot."""
    files: dict[str, bytes] = field(default_factory=dict)
    """By file id."""

    @property
    def texts(self) -> list[str]:
        """What residents were told, in the order in which they got it."""
        return [message["text"] for message in self.sent]

    def respond(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer | None:
        """Answer one call."""
        if path.startswith("/file/bot"):
            return self._file(unquote(path.removeprefix("/file/bot")))
        token, _, name = unquote(path.removeprefix("/bot").partition("?")[0]).partition("/")
        if token != TOKEN:
            return _error(401, "Unauthorized")
        if self.down:
            self.refused += 1
            return _error(503, "Service Unavailable")
        work = getattr(self, f"_do_{name.lower()}", None)
        if work is None:
            return _error(404, "Not Found")
        trouble = self.next_trouble() if name == "sendMessage" else None
        if trouble:
            wait(trouble.delay)
            if trouble.retry_after is not None:
                return _error(429, f"Too Many Requests: retry after {trouble.retry_after}", {"retry_after": trouble.retry_after})
            if trouble.status != 200:
                return _error(trouble.status, "Internal Server Error")
        is_json = "application/json" in headers.get("content-type", "")
        given = orjson.loads(body) if is_json else dict(parse_qsl(body.decode(), keep_blank_values=True))
        try:
            result = work(given)
        except PermissionError:
            return _error(403, "Forbidden: bot was blocked by the user")
        except _BadRequestError as error:
            return _error(400, f"Bad Request: {error}")
        return None if trouble and trouble.lose else (200, {}, {"ok": True, "result": result})

    def _do_sendmessage(self, given: dict[str, Any]) -> dict[str, Any]:
        chat = str(given.get("chat_id") or "")
        text = given.get("text") or ""
        if not chat:
            raise _BadRequestError("chat_id is empty")
        if not chat.lstrip("-").isdecimal():
            raise _BadRequestError("chat not found")
        if chat in self.blocked:
            raise PermissionError
        if not text.strip():
            raise _BadRequestError("message text is empty")
        if len(text.encode("utf-16-le")) // 2 > 4096:
            raise _BadRequestError("message is too long")
        markup = orjson.loads(given["reply_markup"]) if given.get("reply_markup") else {}
        buttons = [button for row in markup.get("inline_keyboard", []) for button in row]
        for button in buttons:
            if not button.get("text"):
                raise _BadRequestError("inline keyboard button text is empty")
            if not 1 <= len(button.get("callback_data", "").encode()) <= 64:
                raise _BadRequestError("BUTTON_DATA_INVALID")
        with self.lock:
            self.sent.append({"chat": chat, "text": text, "buttons": buttons})
            number = len(self.sent)
        return {"message_id": number, "date": 1_795_000_000, "chat": {"id": int(chat), "type": "private"}, "text": text}

    def _do_getfile(self, given: dict[str, Any]) -> dict[str, Any]:
        file_id = given.get("file_id") or ""
        if file_id not in self.files:
            raise _BadRequestError("wrong file_id or the file is temporarily unavailable")
        if len(self.files[file_id]) > 20 * 2**20:
            raise _BadRequestError("file is too big")
        return {"file_id": file_id, "file_unique_id": file_id, "file_size": len(self.files[file_id]), "file_path": f"files/{file_id}"}

    def _file(self, path: str) -> Answer:
        token, _, file_id = path.partition("/files/")
        if token != TOKEN or file_id not in self.files:
            return _error(404, "Not Found")
        if self.down:
            self.refused += 1
            return _error(503, "Service Unavailable")
        return 200, {"Content-Type": "application/octet-stream"}, self.files[file_id]

    def _do_answercallbackquery(self, given: dict[str, Any]) -> bool:
        if not given.get("callback_query_id"):
            raise _BadRequestError("query is too old and response timeout expired or query ID is invalid")
        self.pressed.append(given["callback_query_id"])
        return True

    def _do_setwebhook(self, given: dict[str, Any]) -> bool:
        if not _SECRET_FORM.fullmatch(given.get("secret_token", "")):
            raise _BadRequestError("secret token contains unallowed characters")
        self.webhook = given
        return True

    def _do_deletewebhook(self, given: dict[str, Any]) -> bool:
        self.webhook = {}
        return True

    def _do_getme(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"id": 100200300, "is_bot": True, "first_name": "12345", "username": "double_bot"}

    def _do_getupdates(self, given: dict[str, Any]) -> list[dict[str, Any]]:
        offset = int(given.get("offset") or 0)
        self.updates = [update for update in self.updates if update["update_id"] >= offset]
        if not self.updates:
            wait(0.05)
        return self.updates[:100]


@contextmanager
def telegram_api() -> Iterator[TelegramApi]:
    """Run one on a free port."""
    api = TelegramApi()
    with serving(api, api.respond):
        yield api


class Sender:
    """Somebody who writes to the bot: makes updates as Telegram would send them."""

    def __init__(self, chat: int = 555001) -> None:
        self.chat = chat
        self._update = 900_000
        self._message = 10

    def update(self, **message: Any) -> dict[str, Any]:
        """Return a new message with ``message`` as its content."""
        self._message += 1
        return {"update_id": self._next(), "message": self._with_frame(self._message, message)}

    def text(self, text: str) -> dict[str, Any]:
        """Return a message of words."""
        return self.update(text=text)

    def photo(self, name: str, **more: Any) -> dict[str, Any]:
        """Return a photo in two sizes."""
        sizes = [{"file_id": f"{name}-{size}", "file_unique_id": f"u{name}{size}", "width": size, "height": size} for size in (90, 1280)]
        return self.update(photo=sizes, **more)

    def edit(self, update: dict[str, Any], text: str) -> dict[str, Any]:
        """Return an edit of the message of an earlier ``update``."""
        message = {**update["message"], "text": text, "edit_date": update["message"]["date"] + 30}
        return {"update_id": self._next(), "edited_message": message}

    def press(self, data: str, name: str = "press-1") -> dict[str, Any]:
        """Return the press of a button."""
        query = {
            "id": name,
            "from": self._person(),
            "chat_instance": "1",
            "data": data,
            "message": self._with_frame(1, {"text": "..."}),
        }
        return {"update_id": self._next(), "callback_query": query}

    def _next(self) -> int:
        self._update += 1
        return self._update

    def _person(self) -> dict[str, Any]:
        return {"id": self.chat, "is_bot": False, "first_name": "某"}

    def _with_frame(self, number: int, content: dict[str, Any]) -> dict[str, Any]:
        chat = {"id": self.chat, "type": "private", "first_name": "某"}
        return {"message_id": number, "date": 1_795_000_000, "chat": chat, "from": self._person(), **content}


def _error(status: int, description: str, parameters: dict[str, int] | None = None) -> Answer:
    body: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
    return status, {}, {**body, "parameters": parameters} if parameters else body
