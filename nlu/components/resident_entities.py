"""Places, phones and order numbers as Rasa entities, read by the same functions that the platform uses (Rasa component)."""

from __future__ import annotations

import re
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message

from nlu import contact, place

_SUFFIX = re.compile(r"(?:区|县|街道|地区|镇|乡|社区|村)$")
_PLACE_PARTS = ("district", "street", "community", "detail")


def read_entities(text: str) -> list[dict[str, Any]]:
    """Return the entities of ``text`` as Rasa writes them: entity, value, start, end.

    The value is the full name, the span what the resident wrote of it (丰台 for 丰台区). What is only inferred, as a district
    from its street, has no span and is no entity.
    """
    where = place.resolve(text)
    found: list[tuple[str, str | None]] = [(part, getattr(where, part)) for part in _PLACE_PARTS]
    found.append(("phone", contact.find(text).phone))
    found += [("order_number", number) for number in contact.order_numbers(text)]
    entities: list[dict[str, Any]] = []
    for entity, value in found:
        written = next((form for form in (value, _SUFFIX.sub("", value)) if form and form in text), None) if value else None
        if written is None:
            continue
        start = text.index(written)
        end = start + len(written)
        if all(end <= other["start"] or start >= other["end"] for other in entities):
            entities.append({"entity": entity, "value": value, "start": start, "end": end})
    return sorted(entities, key=lambda each: each["start"])


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class ResidentEntityExtractor(GraphComponent, EntityExtractorMixin):  # type: ignore[misc]  # rasa is untyped
    """Add place, phone and order number entities to a message."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Return the defaults: there is nothing to set."""
        return {}

    @classmethod
    def create(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> ResidentEntityExtractor:
        """Create the component; it holds nothing."""
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        """Add the entities to each of ``messages``."""
        for message in messages:
            text = message.get(TEXT)
            if text:
                entities = self.add_extractor_name(read_entities(text))
                message.set(ENTITIES, message.get(ENTITIES, []) + entities, add_to_output=True)
        return messages
