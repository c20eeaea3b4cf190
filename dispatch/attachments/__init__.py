"""Files on orders (附件, Art. 9(2), 11): what the resident sent in the conversation, and what staff add."""
