"""How fast this toolkit is, beside what it could be: python scripts/bench.py ner|crf|forecasting|predict|start [--json]

`python scripts/bench.py ROW --help` says what a row measures and what can be chosen.
"""

from bench.app import main

if __name__ == "__main__":
    main()
