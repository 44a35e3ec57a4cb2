"""What a text reads like: the causes whose known texts share its words, where no rule settles anything."""

from diagnostics.resemblance.suspects import Compared

__all__ = ["Compared"]
