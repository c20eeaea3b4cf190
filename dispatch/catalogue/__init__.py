"""接诉即办派单目录: which matter goes to whom, within what time (Art. 12, 14, 15)."""
