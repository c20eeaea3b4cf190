"""What the readers in nlu/ are held to."""

from pathlib import Path

FOLDER = Path(__file__).resolve().parent
