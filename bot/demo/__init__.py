"""Demo mode: an invented day of a district, made with the real services so that every page has something true to show."""
