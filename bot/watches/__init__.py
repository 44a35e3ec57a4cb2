"""Watches: looks at hosts and domains on a schedule, and what is said of them."""
