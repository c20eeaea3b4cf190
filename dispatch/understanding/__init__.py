"""诉求研判: a message as the platform understands it, with the unit, the copied district and the time limit."""
