"""Client of the platform's dispatch API: one connection pool for all actions."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any

import httpx

TIMEOUT_SECONDS = 2.0

Json = dict[str, Any]


class PlatformError(Exception):
    """The platform refused a request or couldn't be reached; ``status`` is None when it couldn't be reached."""

    def __init__(self, status: int | None, title: str) -> None:
        super().__init__(f"{status or 'no answer'}: {title}")
        self.status = status
        self.title = title


class DispatchApi:
    """The platform's API as the actions use it. Every method raises :class:`PlatformError` when the platform can't do it."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def understand(self, text: str) -> Json:
        """Return what the platform reads in ``text`` (the keys of ``jsjb understand``)."""
        return await self._json("POST", "/api/v1/understand", json={"text": text})

    async def draft(self, conversation: str) -> Json | None:
        """Return the conversation's draft order, or None when there is none."""
        try:
            return await self._json("GET", f"/api/v1/conversations/{conversation}/draft")
        except PlatformError as error:
            if error.status == 404:
                return None
            raise

    async def save_draft(self, conversation: str, draft: Json) -> Json:
        """Store the draft order; returns it as stored, with unit, deadline and copies as a preview."""
        return await self._json("PUT", f"/api/v1/conversations/{conversation}/draft", json=draft)

    async def delete_draft(self, conversation: str) -> None:
        """Forget the conversation's draft order; none to forget is no error."""
        try:
            await self._request("DELETE", f"/api/v1/conversations/{conversation}/draft")
        except PlatformError as error:
            if error.status != 404:
                raise

    async def file_order(self, conversation: str, idempotency_key: str, channel: str) -> Json:
        """File the draft as an order (Art. 11); the same ``idempotency_key`` (at most 60 characters) returns the same order."""
        headers = {"Idempotency-Key": idempotency_key, "X-Channel": channel}
        return await self._json("POST", f"/api/v1/conversations/{conversation}/orders", headers=headers)

    async def progress(self, number: str, conversation: str) -> Json | None:
        """Return how an order stands, or None when it doesn't exist or isn't this conversation's."""
        try:
            return await self._json("GET", f"/api/v1/orders/{number}/progress", headers={"X-Conversation": conversation})
        except PlatformError as error:
            if error.status == 404:
                return None
            raise

    async def orders(self, conversation: str) -> list[Json]:
        """Return the conversation's orders, newest first."""
        orders: list[Json] = (await self._request("GET", f"/api/v1/conversations/{conversation}/orders")).json()
        return orders

    async def ask_knowledge(self, query: str, conversation: str, after: str | None = None) -> Json:
        """Return the knowledge base's ``{"answer": sure enough, "hits": [...], "asked", "excerpt"}`` for a question (Art. 13).

        ``after`` is the id of the entry that was answered just before: a short question is then read as leaning on it.
        """
        body = {"query": query, "conversation_id": conversation, "after": after}
        return await self._json("POST", "/api/v1/knowledge/answer", json=body)

    async def give_answer(self, conversation: str, entry_id: str) -> Json:
        """Return the entry that the resident picked from the titles offered; the platform records that it was given."""
        return await self._json("POST", f"/api/v1/conversations/{conversation}/answers", json={"entry_id": entry_id})

    async def hand_off(self, conversation: str, reason: str, note: str) -> Json:
        """Ask for an operator; returns ``{"holder", "position", "office_hours"}``."""
        return await self._json("POST", f"/api/v1/conversations/{conversation}/handoff", json={"reason": reason, "note": note})

    async def give_feedback(self, conversation: str, entry_id: str, solved: bool) -> None:
        """Record whether a knowledge entry solved the question."""
        await self._request("POST", f"/api/v1/conversations/{conversation}/feedback", json={"entry_id": entry_id, "solved": solved})

    async def _json(self, method: str, path: str, **kwargs: Any) -> Json:
        body: Json = (await self._request(method, path, **kwargs)).json()
        return body

    async def _request(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        try:
            response = await self._client.request(method, path, **kwargs)
        except httpx.HTTPError as error:
            raise PlatformError(None, type(error).__name__) from error
        if response.is_error:
            raise PlatformError(response.status_code, _title(response))
        return response


def _title(response: httpx.Response) -> str:
    # RFC 9457 problem documents carry a title; a proxy's error page does not.
    try:
        return str(response.json().get("title", response.reason_phrase))
    except (ValueError, AttributeError):
        return response.reason_phrase


@lru_cache(maxsize=1)
def platform() -> DispatchApi:
    """Return the one client of this process, made from JSJB_API_URL and JSJB_SERVICE_TOKEN on first use."""
    return DispatchApi(
        httpx.AsyncClient(
            base_url=os.environ["JSJB_API_URL"],
            headers={"Authorization": f"Bearer {os.environ['JSJB_SERVICE_TOKEN']}"},
            timeout=TIMEOUT_SECONDS,
            trust_env=False,  # loopback only: a proxy from the environment must not see residents' words
        )
    )
