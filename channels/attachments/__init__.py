"""Files that residents send on channels which keep them: fetched by us, checked, cleaned and stored (Art. 9(2))."""
