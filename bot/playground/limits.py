"""Slack's limits on messages and views, as its documentation gives them: https://docs.slack.dev/reference/block-kit/blocks

Lengths are in characters, counts in items. This table is the workspace's own; it shares nothing with the bot's.
"""

from __future__ import annotations

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
# Not documented; seen from about 13,200 characters of text over all blocks: https://github.com/slackapi/bolt-js/issues/2509
MESSAGE_BLOCK_TEXT = 13_000
MESSAGE_TEXT = 40_000  # longer text is cut, not refused
UPDATE_TEXT_BYTES = 4_000  # chat.update refuses more, counted after escaping
COMPOSER_TEXT = 12_000  # a longer paste becomes a snippet
METADATA_BYTES = 8_000
PRIVATE_METADATA = 3_000
CALLBACK_ID = 255
BLOCK_ID = 255
ACTION_ID = 255
URL = 3_000

SECTION_TEXT = 3_000
SECTION_FIELDS = 10
FIELD_TEXT = 2_000
HEADER_TEXT = 150
CONTEXT_ELEMENTS = 10
CONTEXT_TEXT = 3_000
ACTIONS_ELEMENTS = 25
BUTTON_TEXT = 75
BUTTON_VALUE = 2_000
CONFIRM_TITLE = 100
CONFIRM_TEXT = 300
CONFIRM_BUTTON = 30
OPTIONS = 100
OVERFLOW_OPTIONS = 5
CHOICES = 10  # checkboxes and radio buttons
OPTION_TEXT = 75
OPTION_VALUE = 150
PLACEHOLDER = 150
INPUT_LABEL = 2_000
INPUT_HINT = 2_000
PLAIN_INPUT = 3_000
IMAGE_ALT = 2_000
IMAGE_TITLE = 2_000
MARKDOWN_TEXT = 12_000
TABLE_ROWS = 100
TABLE_COLUMNS = 20
TABLES = 1
VIEW_TITLE = 24
VIEW_BUTTON = 24
VIEW_STACK = 3
