"""Causes inside the mailbox store: delivery into a mailbox, and submission out of one."""
