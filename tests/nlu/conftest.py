"""What the tests of the readers share; they run on the platform's Python and on the assistant's."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("no clock", deadline=None)  # a first call loads dictionaries, and machines differ
settings.load_profile("no clock")
