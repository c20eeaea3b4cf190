"""Bulk intake (批量受理) of messages that reached the city elsewhere (Art. 32: 其他渠道)."""
