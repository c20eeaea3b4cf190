"""Rasa's command line without work that every turn repeated for nothing: ``python -m bot.assistant run ...``.

Rasa 3.6.21 is the last of its line and pinned, so what is replaced here stays what it is. Measured over a turn (``jsjb bench day``): half
of Rasa's CPU time went into checking, before every check of an action's answer, that the schema itself is a valid one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import aiohttp
import rasa
from jsonschema.validators import validator_for
from rasa.__main__ import main
from rasa.core.actions.action import RemoteAction
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.utils.endpoints import EndpointConfig

from nlu.components.chinese_tokenizer import ChineseTokenizer
from nlu.place.gazetteer import gazetteer

_KEEP_OPEN_SECONDS = 4.0  # below the five after which the action server closes an idle connection


@lru_cache(maxsize=1)
def _answers() -> Any:
    """Return what checks an action's answer, made once instead of at every answer."""
    schema = RemoteAction.action_response_format_spec()
    kind = validator_for(schema)
    kind.check_schema(schema)
    return kind(schema)


def _validate(_action: RemoteAction, result: Any) -> bool:
    _answers().validate(result)
    return True


def _call(action: RemoteAction, tracker: Any, _domain: Any) -> dict[str, Any]:
    """Return what an action is called with: the tracker's state without its events and without the domain, which ours don't read."""
    state = tracker.current_state()
    return {"next_action": action.name(), "sender_id": tracker.sender_id, "tracker": {**state, "events": []}, "version": rasa.__version__}


class _Kept:
    """The one session to the action server, in the place of a new one for every call."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(keepalive_timeout=_KEEP_OPEN_SECONDS), timeout=aiohttp.ClientTimeout(total=300)
            )
        return self._session

    async def __aexit__(self, *_: object) -> None:
        """Leave it open."""


_kept = _Kept()


def _replace() -> None:
    RemoteAction._validate_action_result = _validate
    RemoteAction._action_call_format = _call
    EndpointConfig.session = lambda _endpoint: _kept


def _warm_up() -> None:
    """Load what the first message would otherwise wait for: seconds, on a busy machine."""
    ChineseTokenizer(ChineseTokenizer.get_default_config(), None, None).tokenize(Message({TEXT: "望京西园四区的路灯坏了"}), TEXT)
    gazetteer()


if __name__ == "__main__":
    _replace()
    _warm_up()
    main()
