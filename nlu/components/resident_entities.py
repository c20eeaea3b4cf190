"""Places, phones and order numbers as Rasa entities, read by the same functions that the platform uses (Rasa component)."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message

from nlu import contact, place

_PLACE_PARTS = ("district", "street", "community", "detail")


def read_entities(text: str) -> list[dict[str, Any]]:
    """Return the entities of ``text`` as Rasa writes them: entity, value, start, end.

    A value that doesn't stand literally in the text (a district known from its street) spans the whole message.
    """
    found: list[tuple[str, str]] = []
    where = place.resolve(text)
    found += [(part, value) for part in _PLACE_PARTS if (value := getattr(where, part))]
    phone = contact.find(text).phone
    if phone:
        found.append(("phone", phone))
    found += [("order_number", number) for number in contact.order_numbers(text)]
    entities = []
    for entity, value in found:
        start = text.find(value)
        start, end = (0, len(text)) if start < 0 else (start, start + len(value))
        entities.append({"entity": entity, "value": value, "start": start, "end": end})
    return entities


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
