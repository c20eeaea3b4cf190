"""What the assistant does: rasa-sdk actions, one module a conversation. They speak HTTP to the platform and hold no truth."""
