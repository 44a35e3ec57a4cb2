"""Causes about the address itself: unknown, ambiguous, malformed, or held by a directory other than the one asked."""
