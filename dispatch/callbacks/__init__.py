"""Callbacks (回访, Art. 24): was the resident contacted, is it solved, are they satisfied?"""
