"""Telegram by polling: updates that nobody can read cost nobody else their answer."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.channels.conftest import Phone
from tests.channels.rasa_double import RasaDouble
from tests.doubles.telegram import Sender, TelegramApi


@pytest.fixture
def extra_settings() -> dict[str, Any]:
    """The system polls."""
    return {"telegram_polling": True}


def test_unreadable_updates_are_left_out_and_asked_for_once(
    phone: Phone,
    telegram_double: TelegramApi,
    rasa_double: tuple[str, RasaDouble],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    sender = Sender()
    first, bad, unlike, last = (sender.text(f"第{number}句") for number in range(4))
    bad["message"].update(chat=13800138000, text="电话13800138000")
    unlike["message"]["date"] = "昨天，13800138000"
    telegram_double.updates = [first, bad, unlike, {"update_id": last["update_id"] - 1, "message": [1]}, last]
    limit = time.monotonic() + 10
    while telegram_double.updates and time.monotonic() < limit:
        time.sleep(0.02)
    assert telegram_double.updates == []  # each was confirmed, so Telegram has forgotten it
    phone.settle()
    assert [turn["message"] for turn in rasa_double[1].turns] == [first["message"]["text"], last["message"]["text"]]
    logged = caplog.text + "".join(capfd.readouterr())
    assert logged.count("update_not_read") == 3
    assert "13800138000" not in logged
