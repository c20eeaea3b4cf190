"""Where a message is: district, street, community and the rest of the address, from the words of a resident."""

from __future__ import annotations

from nlu.place.model import Place
from nlu.place.resolver import resolve

__all__ = ["Place", "resolve"]
