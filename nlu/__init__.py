"""Reading a resident's message: pure functions over text, without Rasa. ``nlu.components`` wraps them for Rasa."""
