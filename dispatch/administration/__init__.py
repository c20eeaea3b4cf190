"""What administrators change is itself on record (第二十九条): who, when, what."""
