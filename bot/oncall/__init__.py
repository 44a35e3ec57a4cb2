"""Who is on call, and escalation that ends only when somebody has it.

`machine` decides and knows no I/O; `policy` is what the operator wrote; one adapter a file finds or pages people.
"""
