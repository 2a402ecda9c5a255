"""Run the command line: `python -m bilstm_nlp`."""

from bilstm_nlp.cli.app import main

main()
