"""The soak, run by scripts/soak.sh: predictions that go on and on, of all that text can be, and input that breaks off.

Counts lines, of which none may be lost, doubled or changed, and looks at memory, which may not grow.
"""
