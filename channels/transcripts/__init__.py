"""Calls that the city's own call centre has transcribed: followed while they last, one order each when they end."""
