"""The schema: numbered files, run once each, in order and never back."""
