"""Transport logs of any size: read in constant memory, counted, and judged on the sessions that matter.

`diagnostics.logs.answer.read_logs` is the way in. Reading goes in two passes. The first screens every byte for the few rows
that decide a session and counts; the second reads again, at known places, the whole conversation of a handful of sessions.
"""
