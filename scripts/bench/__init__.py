"""The benchmark, run by scripts/bench.py: a module a row, each with what it measures beside what."""
