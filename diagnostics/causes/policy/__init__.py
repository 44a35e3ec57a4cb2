"""Refused, held or diverted by a rule that somebody set: restrictions, mail flow rules, moderation, forwarding, filters."""
