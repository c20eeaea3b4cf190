"""A citizen's own way to an order: a signed link, or the order's number with the last digits of the phone."""
