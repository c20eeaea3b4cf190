"""Thin Rasa components around the pure readers of ``nlu``; they run in the assistant's Python 3.10 only."""
