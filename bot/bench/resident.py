"""A scripted resident: sees how a conversation ended, and answers what is asked until it does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

MOST_TURNS = 8
_PRESSED = ("确认提交", "匿名提交", "还是要登记", "都不是", "登记")
_ENDS = {"order_filed": "工单", "answer": "即时答复", "emergency": "紧急", "progress": "告知进度"}


def ending(said: Sequence[dict[str, Any]], holder: str) -> str | None:
    """Return how the conversation ended with the messages ``said`` (as the web chat gives them), None while it goes on."""
    kinds = {(message["custom"] or {}).get("kind") for message in said}
    for kind, end in _ENDS.items():
        if kind in kinds:
            return end
    if any("智能客服暂时没能答上来" in message["text"] for message in said):
        return "助手故障"
    return "转人工" if holder == "waiting" else None


def answer(said: Sequence[dict[str, Any]], place: str, phone: str | None = None) -> str | None:
    """Return what the resident says next: presses a button, or tells the ``place``; None where nothing is asked.

    With a ``phone`` the question for one is answered with it, else with staying anonymous.
    """
    buttons: dict[str, str] = {button["title"]: button["payload"] for message in said for button in message["buttons"]}
    for title in _PRESSED:
        for shown, payload in buttons.items():
            if title in shown:
                return phone if phone and title == "匿名提交" else payload
    if any("哪" in message["text"] or "地址" in message["text"] or "？" in message["text"] for message in said[-1:]):
        return place
    return None
