"""From a message in a conversation to the resident's phone: rendered for the channel, sent from the outbox, followed until it arrived."""
