"""The gateway: stored first, then thought about, answered in order, nothing lost."""
