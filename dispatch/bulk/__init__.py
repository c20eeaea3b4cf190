"""One step for many orders at once (批量办理), order by order, each with its own result."""
