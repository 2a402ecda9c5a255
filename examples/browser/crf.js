// A linear chain over tags: the best sequence of tags by Viterbi (1967).

/**
 * Find the best sequence of tags.
 *
 * emissions: (T, K) scores of each tag at each token, row by row. start, end: (K). transitions: (K, K), from the row's
 * tag to the column's. A score of -Infinity forbids.
 */
export function viterbi(emissions, { start, end, transitions }) {
  const tags = start.length;
  const steps = emissions.length / tags;
  const origins = new Int32Array(steps * tags);
  let best = Float64Array.from(start, (score, tag) => score + emissions[tag]);

  for (let step = 1; step < steps; step++) {
    const after = new Float64Array(tags).fill(-Infinity);
    for (let to = 0; to < tags; to++) {
      for (let from = 0; from < tags; from++) {
        const score = best[from] + transitions[from * tags + to];
        if (score > after[to]) {
          after[to] = score;
          origins[step * tags + to] = from;
        }
      }
      after[to] += emissions[step * tags + to];
    }
    best = after;
  }

  // the best last tag, and from there the way back
  const totals = best.map((score, tag) => score + end[tag]);
  const path = [totals.indexOf(Math.max(...totals))];
  for (let step = steps - 1; step > 0; step--) {
    path.unshift(origins[step * tags + path[0]]);
  }
  return path;
}
