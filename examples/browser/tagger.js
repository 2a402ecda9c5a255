// A tagger in the browser: an exported run, ONNX Runtime for the network, and the chain of tags in crf.js.

import * as ort from "./ort/ort.wasm.min.mjs";
import { viterbi } from "./crf.js";
import { half, tensors } from "./safetensors.js";

const UNKNOWN = 1; // row 0 is padding
const FIRST = 2;
const WORD = /[\p{L}\p{M}\p{N}_]+(?:[-.][\p{L}\p{M}\p{N}_]+)*|['’]\p{L}+|\S/gu;
const INPUTS = ["vectors", "characters", "shapes", "distinct", "lengths", "tokens", "window_lengths", "cells"];

/** Load the tagger of an exported folder. Throws an Error for a model with inputs that this page does not make. */
export async function load(folder) {
  const read = async (name) => {
    const response = await fetch(`${folder}/${name}`);
    if (!response.ok) throw new Error(`${folder}/${name}: expected a file of an export, found ${response.status}`);
    return response.arrayBuffer();
  };
  ort.env.wasm.numThreads = 1; // more threads need a page that is isolated from other origins
  const session = await ort.InferenceSession.create(await read("model.onnx"));
  const others = session.inputNames.filter((name) => !INPUTS.includes(name));
  if (others.length) throw new Error(`${folder}: expected a tagger of words alone, found the inputs ${others}`);
  const codec = JSON.parse(new TextDecoder().decode(await read("codec.json")));
  const beside = tensors(await read("network.safetensors"));
  return new Tagger(session, codec, beside, tensors(await read("codec.safetensors")));
}

class Tagger {
  constructor(session, codec, beside, { frozen, exponents }) {
    const { initialised, learnt, frozen: further } = codec.words;
    Object.assign(this, { session, tags: codec.tags, table: beside.words, frozen, exponents });
    this.chain = Object.fromEntries(["start", "end", "transitions"].map((name) => [name, beside[name].data]));
    this.words = rows([...initialised, ...learnt, ...further]);
    this.characters = rows(codec.characters);
    this.shapes = rows(codec.shapes);
  }

  /** Return the entities of a text, with the first character and the one after the last, in units of UTF-16. */
  async tag(text) {
    const tokens = [...text.matchAll(WORD)].map(({ 0: token, index }) => ({ token, start: index }));
    if (!tokens.length) return [];
    const { emissions } = await this.session.run(this.inputs(tokens.map(({ token }) => token)), ["emissions"]);
    const tags = viterbi(emissions.data, this.chain).map((tag) => this.tags[tag]);
    return spans(tags).map(({ type, first, last }) => {
      const [start, end] = [tokens[first].start, tokens[last].start + tokens[last].token.length];
      return { text: text.slice(start, end), type, start, end };
    });
  }

  /** Make the inputs of the graph for the tokens of one sentence. */
  inputs(tokens) {
    const forms = [...new Set(tokens)];
    const spellings = forms.map((form) => spelling(form).map((letter) => this.characters.get(letter) ?? UNKNOWN));
    const longest = Math.max(...spellings.map((letters) => letters.length));
    const padded = spellings.flatMap((letters) => [...letters, ...Array(longest - letters.length).fill(0)]);
    const vectors = forms.flatMap((form) => this.vector(form));
    const positions = [...tokens.keys()];
    const values = {
      vectors: new ort.Tensor("float32", vectors, [forms.length, this.table.shape[1]]),
      characters: integers(padded, [forms.length, longest]),
      shapes: integers(forms.map((form) => this.shapes.get(shape(form)) ?? UNKNOWN), [forms.length]),
      distinct: integers(tokens.map((token) => forms.indexOf(token)), [1, tokens.length]),
      lengths: integers([tokens.length], [1]),
      tokens: integers(positions, [1, tokens.length]), // a window for the sentence alone
      window_lengths: integers([tokens.length], [1]),
      cells: integers(positions, [1, tokens.length]),
    };
    return Object.fromEntries(this.session.inputNames.map((name) => [name, values[name]]));
  }

  /** Look up the vector of a word: trained with the tagger, or frozen, with 16 bits or with 8 and an exponent. */
  vector(form) {
    const [trained, size] = this.table.shape;
    const row = lookups(form).map((link) => this.words.get(link)).find(Boolean) ?? UNKNOWN;
    if (row < trained) return [...this.table.data.subarray(row * size, (row + 1) * size)];
    const stored = [...this.frozen.data.subarray((row - trained) * size, (row - trained + 1) * size)];
    return stored.map(this.exponents ? (number) => number * 2 ** this.exponents.data[row - trained] : half);
  }
}

const rows = (items) => new Map(items.map((item, number) => [item, FIRST + number]));
const integers = (values, shape) => new ort.Tensor("int64", values.map(BigInt), shape);

/** List the spellings under which a word is looked up: exact, in lower case, with digits as 0, and both. */
function lookups(form) {
  const lower = form.toLowerCase();
  return [form, lower, form.replace(/\p{Nd}/gu, "0"), lower.replace(/\p{Nd}/gu, "0")];
}

/** Return the characters of a word, of a long one the first and the last 32. */
function spelling(form) {
  const letters = [...form];
  return letters.length > 64 ? [...letters.slice(0, 32), ...letters.slice(-32)] : letters;
}

/** Outline a word: X upper case, x lower case, d digit, c letter without case. Runs are cut at two. */
function shape(form) {
  const classes = [[/\p{Uppercase}/u, "X"], [/\p{Lowercase}/u, "x"], [/\p{Nd}/u, "d"], [/\p{L}/u, "c"]];
  const outline = [...form].map((letter) => classes.find(([kind]) => kind.test(letter))?.[1] ?? letter).join("");
  return outline.replace(/(.)\1{2,}/gsu, "$1$1");
}

/** Read entities from tags such as B-PER, I-PER, E-PER, S-PER and O. */
function spans(tags) {
  const entities = [];
  let open = null;
  tags.forEach((tag, number) => {
    const [role, type] = [tag[0], tag.slice(2)];
    if (role === "O") open = null;
    else if (open && "IMEL".includes(role) && open.type === type) open.last = number;
    else entities.push((open = { type, first: number, last: number }));
    if ("ESUL".includes(role)) open = null;
  });
  return entities;
}
