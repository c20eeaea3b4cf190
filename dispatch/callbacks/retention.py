"""A resident's own words on how an order was handled go with the order; what is counted of them stays (Art. 25)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from dispatch.callbacks import repository


def on_order_anonymised(session: Session, number: str, now: datetime) -> None:
    """Remove the reasons that a resident gave, those of appeals, and the way to the conversation."""
    repository.erase_words(session, number)
