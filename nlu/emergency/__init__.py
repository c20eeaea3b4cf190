"""Danger to life, limb or property now (Art. 12(1)): which of 110, 119, 120 and 122 to ring."""

from nlu.emergency.detection import Emergency, detect

__all__ = ["Emergency", "detect"]
