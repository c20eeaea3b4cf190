"""What residents send beside words (Art. 9(2)): checked, cleaned, stored, read, and served by signed links (Art. 29(4))."""
