"""Pages for units, dispatchers, supervisors and administrators, and the page kit that the operators' desk uses too."""
