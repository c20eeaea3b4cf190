"""What the longer ``jsjb`` commands do."""
