"""Sets up a Telegram bot: which chats it knows, its webhook, and a test. ``python -m infra telegram`` prints it."""
