"""紧急事项 (Art. 12(1)): every message that was sent on to 110, 119, 120 or 122."""
