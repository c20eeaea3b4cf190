"""Why something can't be done to an order."""

from __future__ import annotations


class UnknownUnitError(Exception):
    """A unit code that no active unit has."""


class NotInChargeError(Exception):
    """A unit's people want to move an order that their unit has no part in; they may only see a copy."""


class BadDeadlineError(Exception):
    """A new deadline that is in the past, not later than the old one, or absurdly far away."""


class VersionConflictError(Exception):
    """Somebody changed the order meanwhile; ``version`` is the one it has now."""

    def __init__(self, version: int) -> None:
        super().__init__(str(version))
        self.version = version


class RuleError(Exception):
    """A rule of the regulation forbids it. ``field`` is the field of the request to change, ``article`` the rule's."""

    def __init__(self, field: str, message: str, article: str) -> None:
        super().__init__(f"{message}（{article}）")
        self.field = field
        self.article = article
