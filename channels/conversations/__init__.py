"""会话: what was said on any channel, and who holds the conversation — the bot, nobody yet, or an operator."""
