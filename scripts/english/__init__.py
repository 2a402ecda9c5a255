"""The English tagger: its corpora, made alike, and its training."""
