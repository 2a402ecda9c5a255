"""The speed of this toolkit beside a reference: python scripts/bench.py ROW [--json]; `--help` lists the rows.

`python scripts/bench.py ROW --help` shows a row's measurements and options.
"""

from bench.app import main

if __name__ == "__main__":
    main()
