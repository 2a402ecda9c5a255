"""The benchmark, run by scripts/bench.py: a module for each row, with its calls and their reference."""
