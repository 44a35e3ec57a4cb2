"""Causes in the transport services themselves: stopped, inactive, short of resources, or failing to work together."""
