"""What each method of Slack's Web API does here. A method is a function from its arguments to the answer's fields."""

from bot.playground.methods import chat, conversations, files, members, views
from bot.playground.methods.context import Context, Method

METHODS: dict[str, Method] = {
    **chat.METHODS,
    **conversations.METHODS,
    **files.METHODS,
    **members.METHODS,
    **views.METHODS,
}

__all__ = ["METHODS", "Context", "Method"]
