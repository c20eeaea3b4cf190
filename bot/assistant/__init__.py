"""What runs in the assistant's process beside Rasa itself (Python 3.10): how it is started, and where it keeps its trackers."""
