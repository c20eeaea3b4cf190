"""Who may do what: accounts of staff, their sessions, the assistant's service token."""
