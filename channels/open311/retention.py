"""What an app said about who reported something goes with the order."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from channels.open311 import repository


def on_order_anonymised(session: Session, number: str, now: datetime) -> None:
    """Remove address, place, e-mail and further answers of the request behind order ``number``."""
    repository.erase_words(session, number)
