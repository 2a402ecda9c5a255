#!/usr/bin/env bash
# From a fresh clone to tagged sentences, a trained tagger and a trained forecaster: venv, install, the English tagger in
# models/english, training on the sample data, scores, a forecast. Usage: bash scripts/quickstart.sh [TAGGER_RUN [FORECASTER_RUN]]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
echo "Installing into ${VENV:-.venv} …" >&2
source scripts/venv.sh
echo "Sentences, tagged by the English tagger that comes with the repository:"
printf '%s\n' \
    "Angela Merkel flew from Berlin to Paris to meet the French president." \
    "Shares in Ford rose after the company opened a factory in Brazil, Reuters reported." |
    bilstm-nlp predict english - --confidence
echo
echo "A tagger of your own, trained on the sample data:"
run=${1:-runs/sample}
bilstm-nlp train configs/ner/sample.toml --out "$run" --force
echo
echo "And a forecaster, of hourly energy figures a day ahead:"
series=${2:-runs/energy}
bilstm-nlp train configs/forecasting/sample.toml --out "$series" --force
bilstm-nlp predict "$series" sample:energy.csv --output "$series/next.csv" --plot "$series/next.png"
head -n 4 "$series/next.csv"
echo "… the whole of it is in $series/next.csv, and drawn in $series/next.png"
cat <<END

What to type next (after: source ${VENV:-.venv}/bin/activate)
  bilstm-nlp predict english - --format jsonl --confidence       # your own sentences, one a line
  bilstm-nlp evaluate $run --data sample:news.test.conll         # scores on the test part
  bilstm-nlp check my.conll                                      # what is in a corpus of yours
  bilstm-nlp backtest $series --windows 7 --step 24              # what the forecaster would have said on each day of a week
  bilstm-nlp check my.csv                                        # what is in a series of yours
  bilstm-nlp train configs/classification/sample.toml            # a classifier of messages, in half a minute
  bilstm-nlp train configs/ner/sample.toml --set data.train=my.conll --set data.dev=my-dev.conll --out runs/mine
END
