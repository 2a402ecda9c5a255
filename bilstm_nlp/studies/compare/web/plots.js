"use strict";

// The sections with charts. A section takes the report, and removes itself if there is nothing to show.

// --- quality against speed -------------------------------------------------------------------------------------------

function tradeoff(report) {
  const section = document.querySelector("#tradeoff");
  const { unit, direction, scaled, shown, level } = facts(report);
  const points = report.variants.filter((variant) => variant.mean !== null && variant.prediction_speed);
  if (points.length < 2) return section.remove();
  const leading = points.filter((variant) => variant.on_front);
  document.querySelector("#tradeoff-note").textContent =
    `${unit} (${direction}) against the speed of prediction. ` +
    (leading.length > 1
      ? "The dashed line is the Pareto front: no variant on it is beaten in both. "
      : leading.map((variant) => `${variant.name} is best in both. `).join("")) +
    (points.some((variant) => variant.low !== null) ? `Bars are ${level} intervals over seeds.` : "");
  const speeds = points.map((variant) => variant.prediction_speed);
  const xAxis = { scale: scaleOf(speeds, { ratio: 8, margin: 0.12 }), label: "sequences predicted a second →" };
  const yAxis = qualityAxis(report, points);
  const key = legend(
    report,
    points.map((variant) => variant.name),
  );
  const host = element("div");
  section.querySelector("figure").append(key, host);
  return chart(
    host,
    { height: 400, label: "Quality against speed", xAxis, yAxis },
    (svg, x, y, plot) => {
      const at = (variant) => [x(variant.prediction_speed), y(scaled(variant.mean))];
      const worst = report.measure.higher_is_better ? plot.bottom : plot.top;
      if (leading.length > 1) svg.append(front(leading.map(at), plot.left, worst));
      const bars = points.filter((variant) => variant.low !== null);
      for (const variant of bars) {
        const style = colour(report.variants.indexOf(variant));
        const [from, to] = [y(scaled(variant.low)), y(scaled(variant.high))];
        svg.append(whisker(from, to, at(variant)[0], [plot.top, plot.bottom], style));
      }
      for (const variant of points) {
        const hint = `${variant.name}: ${shown(variant.mean)}, ${figure(variant.prediction_speed)} sequences/s`;
        svg.append(marker(...at(variant), report.variants.indexOf(variant), hint));
      }
      const names = points.map((variant) => [variant.name, ...at(variant)]);
      const boxes = bars.map((variant) => barBox(at(variant)[0], y(scaled(variant.low)), y(scaled(variant.high))));
      key.hidden = labels(svg, names, plot, boxes);
    },
  );
}

/** Returns the axis of points {mean, low, high}. */
function qualityAxis(report, points) {
  const { unit, scaled } = facts(report);
  const means = points.map((point) => scaled(point.mean));
  const bounds = points.flatMap((point) => [scaled(point.low), scaled(point.high)]);
  return { scale: scaleOf(reach(means, bounds)), label: unit };
}

/** Returns the front as steps through its points: from the edge `slow` down to the edge `worst`. */
function front(points, slow, worst) {
  const path = [];
  let from = slow;
  for (const [x, y] of points.sort(([first], [second]) => first - second)) {
    path.push([from, y], [x, y]);
    from = x;
  }
  return line([...path, [from, worst]], "front");
}

/** Returns the box of an upright interval. */
function barBox(x, from, to) {
  return { left: x - 4, right: x + 4, top: Math.min(from, to), bottom: Math.max(from, to) };
}

/**
 * Writes names beside their points, each at the first of eight places where it covers no point, name or bar.
 *
 * If a name has no such place, as on a phone, none is written. Returns whether the names are written.
 */
function labels(svg, points, plot, bars) {
  const taken = [...bars, ...points.map(([, x, y]) => ({ left: x - 6, right: x + 6, top: y - 6, bottom: y + 6 }))];
  const written = points.map(([name]) => textAt(0, 0, name, "label", "start"));
  svg.append(...written);
  for (const [index, [, x, y]] of points.entries()) {
    const label = written[index];
    const width = label.getComputedTextLength();
    const beside = [4, -9, 17].flatMap((down) => [10, -10 - width].map((right) => [right, down]));
    const places = [...beside, [-width / 2, -22], [-width / 2, 30]].map(([right, down]) => {
      return { left: x + right, right: x + right + width, top: y + down - 11, bottom: y + down + 3 };
    });
    const inside = places.filter(
      (box) => box.left > plot.left && box.right < plot.right + 12 && box.bottom < plot.bottom,
    );
    const box = inside.find((place) => !taken.some((other) => overlap(place, other)));
    if (!box) {
      for (const name of written) name.remove();
      return false;
    }
    label.setAttribute("x", box.left);
    label.setAttribute("y", box.top + 11);
    taken.push(box);
  }
  return true;
}

function overlap(first, second) {
  return (
    first.left < second.right && second.left < first.right && first.top < second.bottom && second.top < first.bottom
  );
}

// --- learning curves, epochs -----------------------------------------------------------------------------------------

function learning(report) {
  const section = document.querySelector("#learning");
  const { unit, direction, scaled, shown, level, place } = facts(report);
  const curves = report.learning_curves
    .map(({ variant, points }) => ({ variant, points: points.filter((point) => point.mean !== null) }))
    .filter(({ points }) => points.length)
    .sort((first, second) => place.get(first.variant) - place.get(second.variant));
  if (report.fractions.length < 2 || !curves.length) return section.remove();
  document.querySelector("#learning-note").textContent =
    `${unit} (${direction}) by how much of the training data was ` +
    `seen; bars are ${level} intervals over seeds. Points of one part stand side by side, so that bars can be told ` +
    "apart.";
  const points = curves.flatMap((curve) => curve.points);
  const xAxis = {
    scale: { ...scaleOf([0, ...points.map((point) => point.fraction)]), text: part },
    label: "part of the training data →",
  };
  const yAxis = qualityAxis(report, points);
  const names = curves.map((curve) => curve.variant);
  const plot = element("div");
  section.querySelector("figure").append(legend(report, names), plot);
  return chart(plot, { height: 360, label: "Learning curves", xAxis, yAxis }, (svg, x, y, edges) => {
    curves.forEach((curve, index) => {
      const aside = (index - (curves.length - 1) / 2) * 4;
      const at = (point) => [x(point.fraction) + aside, y(scaled(point.mean))];
      const number = place.get(curve.variant);
      svg.append(line(curve.points.map(at), `line ${colour(number)}`));
      for (const point of curve.points) {
        if (point.low !== null) {
          const ends = [y(scaled(point.low)), y(scaled(point.high))];
          svg.append(whisker(...ends, at(point)[0], [edges.top, edges.bottom], `pale ${colour(number)}`));
        }
        const over = `${part(point.fraction)}: ${shown(point.mean)} over ${counted(point.runs, "run")}`;
        svg.append(marker(...at(point), number, `${curve.variant} with ${over}`));
      }
    });
  });
}

/** Draws a panel for each variant: a line for each seed, over the lines of all other variants. */
function training(report) {
  const section = document.querySelector("#training");
  const { scaled, digits, place } = facts(report);
  if (!report.curves.some((curve) => known(curve.losses).length)) return section.remove();
  const [kind, fraction] = [section.querySelector("#curve-kind"), section.querySelector("#curve-fraction")];
  kind.append(
    new Option("training loss", "losses"),
    new Option(`score on the ${report.measure.part} part, as watched in training`, "scores"),
  );
  const fractions = [...new Set(report.curves.map((curve) => curve.fraction))].sort((first, second) => second - first);
  fraction.append(...fractions.map((value) => new Option(part(value), value)));
  section.querySelector("#curve-fraction-label").hidden = fractions.length < 2;

  const draw = () => {
    const loss = kind.value === "losses";
    const curves = report.curves
      .filter((curve) => String(curve.fraction) === fraction.value)
      .map((curve) => ({ ...curve, values: loss ? curve.losses : curve.scores.map(scaled) }))
      .filter((curve) => known(curve.values).length);
    const panels = report.variants
      .filter((variant) => curves.some((curve) => curve.variant === variant.name))
      .map((variant) => {
        const host = element("div");
        const panel = element("div", { class: "panel" }, element("h3", {}, ...named(report, variant.name)), host);
        return { name: variant.name, host, panel };
      });
    section.querySelector("figure").replaceChildren(...panels.map(({ panel }) => panel));
    const values = curves.flatMap((curve) => curve.values);
    const yAxis = { scale: scaleOf(values, { count: 4, ratio: loss ? 8 : Infinity }), label: null };
    const longest = Math.max(...curves.map((curve) => curve.values.length));
    const xScale = scaleOf([1, longest], { count: Math.min(5, longest), margin: 0.04, least: 1 });
    const xAxis = { scale: xScale, label: "epoch →" };
    for (const { name, host } of panels) {
      chart(host, { height: 210, label: `${kind.selectedOptions[0].text} of ${name}`, xAxis, yAxis }, (svg, x, y) => {
        const at = ([index, value]) => [x(index + 1), y(value)];
        const own = curves.filter((curve) => curve.variant === name);
        const others = curves.filter((curve) => curve.variant !== name);
        const style = colour(place.get(name));
        for (const curve of others) svg.append(line(known(curve.values).map(at), "line behind"));
        for (const curve of own) svg.append(line(known(curve.values).map(at), `line thin ${style}`));
        for (const curve of own) {
          for (const [index, value] of known(curve.values)) {
            const hint = `seed ${curve.seed}, epoch ${index + 1}: ${figure(value, loss ? 4 : digits)}`;
            const [cx, cy] = at([index, value]);
            svg.append(shape("circle", { class: `epoch ${style}`, cx, cy, r: 6 }, hint));
          }
        }
      });
    }
  };
  kind.addEventListener("change", draw);
  fraction.addEventListener("change", draw);
  return draw();
}
