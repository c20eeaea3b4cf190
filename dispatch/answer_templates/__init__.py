"""Answer templates (答复模板): sentences that a unit uses again and again."""
