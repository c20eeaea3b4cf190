"""The platform's side of the Rasa server: one turn of a dialogue over loopback HTTP."""
