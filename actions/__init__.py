"""What the assistant does: rasa-sdk actions, one module a conversation. They speak HTTP to the platform and hold no truth."""

import logging

# httpx writes a line for every request to the platform: at a city's volume that is all the log would hold.
logging.getLogger("httpx").setLevel(logging.WARNING)
