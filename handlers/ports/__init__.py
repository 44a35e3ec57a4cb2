"""What handlers need from outside, and the values that cross that border: a file a Protocol. `bot.app` supplies the adapters."""
