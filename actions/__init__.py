"""rasa-sdk actions, one module a conversation. They import only ``nlu`` and speak HTTP to the platform."""
