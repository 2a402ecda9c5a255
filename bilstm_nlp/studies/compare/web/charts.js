"use strict";

// Scales with round ticks, charts as inline SVG, and markers. Knows no report.

// --- scales ----------------------------------------------------------------------------------------------------------

/** Returns about `count` ticks within [low, high]: multiples of 1, 2 or 5 times a power of ten, at least `least`. */
function roundTicks(low, high, count, least = 0) {
  const power = 10 ** Math.floor(Math.log10((high - low) / count));
  // The factor of 1, 2, 5 and 10 that is nearest by ratio.
  const wanted = (high - low) / count / power;
  const nearest = [1, 2, 5, 10].find(
    (factor, index, all) => index === 3 || wanted < Math.sqrt(factor * all[index + 1]),
  );
  const step = Math.max(power * nearest, least);
  const ticks = [];
  for (let tick = Math.ceil(low / step - 1e-9); tick * step <= high + step * 1e-9; tick += 1) ticks.push(tick * step);
  return { ticks, text: (tick) => figure(tick, decimals(step)) };
}

/** Returns the number of decimals of 1, 2 or 5 times a power of ten. */
function decimals(value) {
  return Math.max(0, -Math.floor(Math.log10(value) + 1e-9));
}

/** Returns ticks within [low, high], both positive: 1, 2 and 5 times the powers of ten. */
function logarithmicTicks(low, high) {
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power += 1) {
    ticks.push(...[1, 2, 5].map((factor) => factor * 10 ** power).filter((tick) => tick >= low && tick <= high));
  }
  return { ticks, text: (tick) => figure(tick, decimals(tick)) };
}

/**
 * Returns the scale of an axis over values: {share, ticks, text}.
 *
 * `share(value)` is 0 at the axis's low end and 1 at its high end. The scale is logarithmic if the largest value is more
 * than `ratio` times the smallest. `margin` is the free part of the range at each end. `least` is the smallest step
 * from tick to tick, such as 1 for whole numbers. `text(tick)` writes a tick.
 */
function scaleOf(values, { count = 5, ratio = Infinity, margin = 0.06, least = 0 } = {}) {
  const present = values.filter((value) => value !== null);
  let [low, high] = [Math.min(...present), Math.max(...present)];
  const logarithmic = low > 0 && high / low > ratio;
  if (logarithmic) [low, high] = [Math.log(low), Math.log(high)];
  const room = high > low ? (high - low) * margin : Math.abs(high) * 0.05 || 1;
  [low, high] = [low - room, high + room];
  const turned = logarithmic ? Math.log : (value) => value;
  const marks = logarithmic ? logarithmicTicks(Math.exp(low), Math.exp(high)) : roundTicks(low, high, count, least);
  return { share: (value) => (turned(value) - low) / (high - low), ...marks };
}

/**
 * Returns the values that an axis has to cover: all points, and the bounds of their intervals, cut to a range.
 *
 * Intervals over two seeds can be so long that all points would fall together; `whisker` marks those that are cut.
 */
function reach(points, bounds) {
  const present = points.filter((value) => value !== null);
  const [low, high] = [Math.min(...present), Math.max(...present)];
  const room = high > low ? 0.6 * (high - low) : Infinity;
  const held = bounds
    .filter((value) => value !== null)
    .map((value) => Math.min(Math.max(value, low - room), high + room));
  return [...present, ...held];
}

// --- charts ----------------------------------------------------------------------------------------------------------

const charts = new Map();

/**
 * Draws a chart into `host` at its width, and again when the width has changed.
 *
 * Axes: {scale, label}. In `draw(svg, x, y, plot)`, `x` and `y` turn values into pixels, and `plot` has the edges.
 */
function chart(host, { height, label, xAxis, yAxis }, draw) {
  const redraw = () => {
    const width = Math.max(host.clientWidth, 200);
    const plot = { left: 58, right: width - 14, top: yAxis.label ? 26 : 8, bottom: height - (xAxis.label ? 42 : 26) };
    const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label });
    host.replaceChildren(svg);
    const x = (value) => plot.left + xAxis.scale.share(value) * (plot.right - plot.left);
    const y = (value) => plot.bottom - yAxis.scale.share(value) * (plot.bottom - plot.top);
    axes(svg, plot, xAxis, yAxis, x, y);
    draw(svg, x, y, plot);
    charts.set(host, { width: host.clientWidth, redraw });
  };
  redraw();
}

window.addEventListener("resize", () => {
  for (const [host, { width, redraw }] of charts) {
    if (!host.isConnected) charts.delete(host);
    else if (host.clientWidth !== width) redraw();
  }
});

function axes(svg, plot, xAxis, yAxis, x, y) {
  for (const tick of yAxis.scale.ticks) {
    svg.append(shape("line", { class: "grid", x1: plot.left, x2: plot.right, y1: y(tick), y2: y(tick) }));
    svg.append(textAt(plot.left - 7, y(tick) + 4, yAxis.scale.text(tick), "tick", "end"));
  }
  svg.append(shape("line", { class: "axis", x1: plot.left, x2: plot.right, y1: plot.bottom, y2: plot.bottom }));
  let free = -Infinity;
  for (const tick of xAxis.scale.ticks) {
    const label = textAt(x(tick), plot.bottom + 17, xAxis.scale.text(tick), "tick", "middle");
    svg.append(shape("line", { class: "axis", x1: x(tick), x2: x(tick), y1: plot.bottom, y2: plot.bottom + 4 }), label);
    const half = label.getComputedTextLength() / 2;
    if (x(tick) - half < free) label.remove();
    else free = x(tick) + half + 6;
  }
  if (xAxis.label) svg.append(textAt(plot.right, plot.bottom + 36, xAxis.label, "title", "end"));
  if (yAxis.label) svg.append(textAt(4, 12, yAxis.label, "title", "start"));
}

function textAt(x, y, text, style, anchor) {
  return shape("text", { class: style, x, y, "text-anchor": anchor }, null, text);
}

/** Returns a line through points [x, y] in pixels. */
function line(points, style, hint = null) {
  const path = points.map(([x, y], index) => `${index ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
  return shape("path", { class: style, d: path }, hint);
}

/** Returns an interval: a line with crossbars, or with an arrow at an end beyond `edges`. Upright unless `lying`. */
function whisker(from, to, across, edges, style, lying = false) {
  const [least, most] = [Math.min(...edges), Math.max(...edges)];
  const place = ([along, beside]) => (lying ? [along, across + beside] : [across + beside, along]).join(" ");
  const end = (value, inwards) => {
    if (value < least || value > most) {
      const edge = value < least ? least : most;
      return [
        [edge + inwards * 5, -4],
        [edge, 0],
        [edge + inwards * 5, 4],
        [edge, 0],
      ];
    }
    return [
      [value, -4],
      [value, 4],
      [value, 0],
    ];
  };
  const inwards = from < to ? 1 : -1;
  const path = [...end(from, inwards), ...end(to, -inwards).reverse()];
  return shape("path", { class: `whisker ${style}`, d: `M${path.map(place).join("L")}` });
}

const MARKERS = [
  "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z",
  "M-4.5 -4.5h9v9h-9z",
  "M0 -6L5.6 4.4H-5.6z",
  "M0 -6.4L6.4 0L0 6.4L-6.4 0z",
  "M0 6L5.6 -4.4H-5.6z",
  "M-5.5 -2h3.5v-3.5h4v3.5h3.5v4h-3.5v3.5h-4v-3.5h-3.5z",
];
const COLOURS = 7;

/** Returns the class with the colour of the variant `index`. */
function colour(index) {
  return `c${index % COLOURS}`;
}

/** Returns the class with the colour of the kind `index`, such as a type of entities. */
function kindColour(index) {
  return `k${index % COLOURS}`;
}

/** Returns the point of the variant `index`. Colour and form together differ for the first 42 variants. */
function marker(x, y, index, hint = null) {
  const form = MARKERS[index % MARKERS.length];
  return shape("path", { class: `marker ${colour(index)}`, d: form, transform: `translate(${x} ${y})` }, hint);
}

/** Returns the marker of the variant `index` for use within text. */
function badge(index) {
  const attributes = { class: "badge", viewBox: "-7 -7 14 14", width: 14, height: 14, "aria-hidden": "true" };
  return shape("svg", attributes, null, marker(0, 0, index));
}
