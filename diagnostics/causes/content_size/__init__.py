"""Causes about how large a message, its header or its parts are."""
