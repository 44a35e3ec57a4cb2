"""What a text reads like: the causes whose known texts share its words, where no rule settles anything."""

from diagnostics.resemblance.suspects import Compared, by_words

__all__ = ["Compared", "by_words"]
