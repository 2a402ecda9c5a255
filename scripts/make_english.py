"""Train the English tagger and put its run where it is shipped: python scripts/make_english.py --vectors GLOVE.txt

`--help` lists the options. `--release` needs the extra `export`, for the graph. The corpora
are read from `../shared/data`, or from `--data`.
"""

from english.app import main

if __name__ == "__main__":
    main()
