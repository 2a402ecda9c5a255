"""The English tagger of bilstm_nlp. `run` is its run directory; `bilstm_nlp.load("english")` opens it."""
