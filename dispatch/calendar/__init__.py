"""Which days people work where the city says otherwise than the built-in calendar (Art. 15)."""
