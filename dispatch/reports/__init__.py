"""Reports made of figures (Art. 26, 27, 28): the annual public one, any period's, and a unit's own."""
