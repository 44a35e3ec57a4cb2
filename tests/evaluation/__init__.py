"""`make eval CASES=folder`: how often the diagnosis is right, over incidents whose cause is known.

A folder holds `*.jsonl` files, one JSON object a line. An incident: `id`, `input`, `followups` (each `text` and whether it
`settles` the cause), `accept` (cause ids that are right), `determinable` (from the input alone: yes, narrowed, no), `act`,
`kind`, `group` (near-duplicates share one and count once), `must_mention` and `must_not` (patterns over the whole answer).
Harmless text: `id`, `input`, `expected` (silent or healthy). Without a folder the project's own cases are scored, by what
they expect after their last paste.
"""
