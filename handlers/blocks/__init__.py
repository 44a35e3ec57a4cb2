"""Values → Block Kit. Slack's limits, escaping and folding are kept here and nowhere else."""

from handlers.blocks.card import FORM_ACTIONS, RESOLVE_CASE, RIGHT, WRONG, Shown, card, joined, moved
from handlers.blocks.check import checked, checking
from handlers.blocks.explanation import explained
from handlers.blocks.help import help_message
from handlers.blocks.incidents import MORE as MORE_INCIDENTS
from handlers.blocks.log_answer import at_work, logged
from handlers.blocks.message import Message, plain
from handlers.blocks.page import PAGE_ACTIONS, mention, page
from handlers.blocks.post_mortem import POST_MORTEM
from handlers.blocks.report import CHECK_HOST, SHOW_STEPS, answer, details

BUTTONS = (CHECK_HOST, MORE_INCIDENTS, POST_MORTEM, RIGHT, SHOW_STEPS, *PAGE_ACTIONS)
"""`action_id`s of what stands below messages and is dealt with by a job."""

__all__ = [
    "BUTTONS",
    "CHECK_HOST",
    "FORM_ACTIONS",
    "MORE_INCIDENTS",
    "PAGE_ACTIONS",
    "POST_MORTEM",
    "RESOLVE_CASE",
    "RIGHT",
    "SHOW_STEPS",
    "WRONG",
    "Message",
    "Shown",
    "answer",
    "at_work",
    "card",
    "checked",
    "checking",
    "details",
    "explained",
    "help_message",
    "joined",
    "logged",
    "mention",
    "moved",
    "page",
    "plain",
]
