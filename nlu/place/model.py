"""What a message says about where."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Area:
    """One administrative area; a lower level is never known without the ones above it."""

    district: str
    street: str | None = None
    community: str | None = None

    def joined(self, other: Area) -> Area | None:
        """Return the area that both describe, or None where they contradict each other."""
        if self.district != other.district:
            return _in_development_zone(self, other)
        if self.street and other.street and self.street != other.street:
            return None
        if self.community and other.community and self.community != other.community:
            return None
        return Area(self.district, self.street or other.street, self.community or other.community)

    @property
    def depth(self) -> int:
        """1 for a district, 2 for a street, 3 for a community."""
        return 1 + (self.street is not None) + (self.community is not None)


DEVELOPMENT_ZONE = "经济技术开发区"
_ZONE_STREETS = {"荣华街道", "博兴街道", "亦庄镇", "瀛海镇", "旧宫镇", "马驹桥镇", "台湖镇"}


def _in_development_zone(first: Area, second: Area) -> Area | None:
    """The zone reaches over streets of 大兴 and 通州: naming both is no contradiction, and the street's own district stands."""
    for zone, area in ((first, second), (second, first)):
        if zone.district == DEVELOPMENT_ZONE and (area.street in _ZONE_STREETS or (area.district == "大兴区" and area.street is None)):
            return area if area.street else zone
    return None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message says it is; a key that isn't known is None.

    ``confidence`` is the chance, 0 to 1, that the levels given are right (0 where none is). ``candidates`` are the places
    that the words allow when they don't decide: the bot asks. ``evidence`` are the words read, as they stand in the normalised text.
    ``elsewhere`` says that what is told happens in another city.
    """

    district: str | None = None
    street: str | None = None
    community: str | None = None
    detail: str | None = None
    confidence: float = 0.0
    candidates: tuple[Place, ...] = ()
    evidence: tuple[str, ...] = ()
    elsewhere: bool = False
