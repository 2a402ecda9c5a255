"""python -m scripts.soak --help"""

from .app import main

if __name__ == "__main__":
    main()
