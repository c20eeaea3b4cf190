"""How a request travels: as a conversation (web chat, SMS, Telegram), as a call's transcript, as a row of a file, or through the API."""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from bot.bench import resident
from bot.bench.day_providers import NUMBER, Providers
from bot.bench.day_requests import Request

_REPLY_SECONDS = 60.0
# A pushed reply may come in several messages. One that ends with a question is whole when no other has come for the shorter time.
_QUIET_SECONDS, _LONG_QUIET_SECONDS = 0.3, 5.0
_FILED = re.compile(r"登记好了，单号 ([A-Z]{2}\d{8}-\d{6})")
_SAID = Callable[[str], Awaitable[tuple[list[dict[str, Any]], str, float]]]


@dataclass(slots=True)
class Outcome:
    """What became of the requests: how each ended, the orders that were told, and milliseconds by channel."""

    ends: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))
    turns: int = 0
    turns_of_a_request: list[int] = field(default_factory=list)
    milliseconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    orders: list[str] = field(default_factory=list)
    """The numbers of the orders that were told."""
    problems: list[str] = field(default_factory=list)

    def ended(self, request: Request, end: str, turns: int) -> None:
        """Note how a request ended, and after how many of its messages."""
        self.ends[request.channel][end] += 1
        self.turns_of_a_request.append(turns)


class Ways:
    """The system under test as residents, the call centre and partner systems reach it."""

    def __init__(self, url: str, service_token: str, providers: Providers, outcome: Outcome) -> None:
        self._url, self._providers, self.outcome = url, providers, outcome
        self._http = httpx.AsyncClient(base_url=url, timeout=_REPLY_SECONDS, trust_env=False)
        self._service = {"Authorization": f"Bearer {service_token}"}

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def travel(self, requests: Sequence[Request]) -> None:
        """Take one request (rows of a file: several at once) from its first message to its end."""
        ways = {"web": self._web, "sms": self._sms, "telegram": self._telegram, "phone": self._phone, "api": self._api}
        first = requests[0]
        try:
            await (self._rows(requests) if first.channel == "import" else ways[first.channel](first))
        except (httpx.HTTPError, TimeoutError) as error:
            self.outcome.problems.append(f"{first.channel} {first.number}: {type(error).__name__}")
            for request in requests:
                self.outcome.ended(request, "没有回复", 0)

    async def _talk(self, request: Request, say: _SAID) -> None:
        text = request.parts()[0]
        for turn in range(1, resident.MOST_TURNS + 1):
            said, holder, milliseconds = await say(text)
            self._turn(request, milliseconds)
            self.outcome.orders += [found[1] for message in said if (found := _FILED.search(message["text"]))]
            end = resident.ending(said, holder)
            if end:
                self.outcome.ended(request, end, turn)
                return
            following = resident.answer(said, f"在{request.place}", request.phone if request.kind == "matter" else None)
            if following is None:
                self.outcome.ended(request, "特别途径", turn)
                return
            text = following
        self.outcome.ended(request, "没有结局", resident.MOST_TURNS)

    async def _web(self, request: Request) -> None:
        cookie = {"Cookie": f"jsjb_chat={uuid.uuid4().hex}"}
        twice = request.twice

        async def say(text: str) -> tuple[list[dict[str, Any]], str, float]:
            nonlocal twice
            body, begun = {"client_id": uuid.uuid4().hex, "text": text}, time.perf_counter()
            for _ in range(1 + twice):
                reply = (await self._http.post("/channels/web/messages", json=body, headers=cookie)).raise_for_status().json()
            twice = False
            if not reply["messages"]:
                raise TimeoutError
            return reply["messages"], reply["holder"], (time.perf_counter() - begun) * 1000

        await self._talk(request, say)

    async def _sms(self, request: Request) -> None:
        sender = f"+861{request.number:010d}"

        async def post(text: str, message_id: str) -> None:
            fields = {"MessageSid": f"SM{message_id}", "From": sender, "To": NUMBER, "Body": text, "NumMedia": "0"}
            signature = self._providers.signature(f"{self._url}/channels/twilio/messages", fields)
            answer = await self._http.post("/channels/twilio/messages", data=fields, headers={"X-Twilio-Signature": signature})
            answer.raise_for_status()

        await self._pushed(request, sender, post)

    async def _telegram(self, request: Request) -> None:
        chat, numbers = 500_000_000 + request.number, iter(range(1, 100))
        person = {"id": chat, "is_bot": False, "first_name": "某"}
        updates: dict[str, dict[str, Any]] = {}

        async def post(text: str, message_id: str) -> None:
            number = next(numbers)
            message = {"message_id": number, "date": 1_795_000_000, "chat": {"id": chat, "type": "private"}, "from": person, "text": text}
            update = updates.setdefault(message_id, {"update_id": chat * 100 + number, "message": message})
            headers = {"X-Telegram-Bot-Api-Secret-Token": self._providers.telegram_secret}
            (await self._http.post("/channels/telegram/webhook", json=update, headers=headers)).raise_for_status()

        await self._pushed(request, str(chat), post)

    async def _pushed(self, request: Request, address: str, post: Callable[[str, str], Awaitable[None]]) -> None:
        """Talk on a channel whose replies are pushed to the provider."""
        arrived, twice = self._providers.sent_to(address), request.twice

        async def say(text: str) -> tuple[list[dict[str, Any]], str, float]:
            nonlocal twice
            message_id, begun = uuid.uuid4().hex, time.perf_counter()
            for _ in range(1 + twice):
                await post(text, message_id)
            twice = False
            said = [await asyncio.wait_for(arrived.get(), _REPLY_SECONDS)]
            last = time.perf_counter()
            while resident.ending(said, "bot") is None:
                asked = resident.answer(said, request.place, request.phone) is not None
                try:
                    said.append(await asyncio.wait_for(arrived.get(), _QUIET_SECONDS if asked else _LONG_QUIET_SECONDS))
                except TimeoutError:
                    break
                last = time.perf_counter()
            holder = "waiting" if any("转人工" in message["text"] for message in said[-1:]) else "bot"
            return said, holder, (last - begun) * 1000

        await self._talk(request, say)

    async def _phone(self, request: Request) -> None:
        """Hand in a call part by part, as a recogniser does while the resident speaks."""
        parts, caller = request.parts(), {"caller_number": request.phone}
        for number, text in enumerate(parts):
            segment = {"id": f"s{number}", "speaker": "caller", "start": number * 5, "end": number * 5 + 4, "text": text}
            final = number == len(parts) - 1
            body = {
                "call_id": f"call-{request.number}",
                "segments": [segment],
                "metadata": caller,
                "final": final,
            }
            begun = time.perf_counter()
            for _ in range(1 + (request.twice and number == 0)):
                out = (await self._http.post("/channels/transcripts", json=body, headers=self._service)).raise_for_status().json()
            self._turn(request, (time.perf_counter() - begun) * 1000)
        if out["order_number"]:
            self.outcome.orders.append(out["order_number"])
        end = "工单" if out["order_number"] else "紧急" if out["emergency"] else "转人工"
        self.outcome.ended(request, end, len(parts))

    async def _api(self, request: Request) -> None:
        body = {"description": request.text, "place": {"district": request.district, "street": request.street}, "anonymous": True}
        body |= {"matter_code": request.matter, "request_type": request.request_type, "channel": "api"}
        headers, begun = {**self._service, "Idempotency-Key": uuid.uuid4().hex}, time.perf_counter()
        for _ in range(1 + request.twice):
            order = (await self._http.post("/api/v1/orders", json=body, headers=headers)).raise_for_status().json()
        self.outcome.orders.append(order["number"])
        self._turn(request, (time.perf_counter() - begun) * 1000)
        self.outcome.ended(request, "工单", 1)

    async def _rows(self, requests: Sequence[Request]) -> None:
        rows = [
            {"line": number, "text": f"{each.text}，在{each.place}", "channel": "letter", "phone": each.phone}
            for number, each in enumerate(requests, 2)
        ]
        begun = time.perf_counter()
        for _ in range(1 + requests[0].twice):
            answer = await self._http.post("/api/v1/intake/rows", json={"rows": rows}, headers=self._service)
        each_took = (time.perf_counter() - begun) * 1000 / len(requests)
        for request, row in zip(requests, answer.raise_for_status().json()["rows"], strict=True):
            self._turn(request, each_took)
            if row["number"]:
                self.outcome.orders.append(row["number"])
            self.outcome.ended(request, "工单" if row["number"] else f"未受理：{row['error']}", 1)

    def _turn(self, request: Request, milliseconds: float) -> None:
        self.outcome.turns += 1
        self.outcome.milliseconds[request.channel].append(milliseconds)
