"""`python -m bilstm_nlp`"""

from bilstm_nlp.cli import main

main()
