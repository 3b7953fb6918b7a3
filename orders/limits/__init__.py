"""Limits as people use them: proposed, decided by a second person, in force from a date on, and told to the gate.

`values` and `spans` are plain reckoning; `services` writes, `selectors` reads, `api` is REST, `sheet` a whole file.
"""
