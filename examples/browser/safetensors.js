// Arrays of a safetensors file: a length of 8 bytes, a header of JSON, then the numbers.

const KINDS = { F32: Float32Array, F16: Uint16Array, I8: Int8Array, I64: BigInt64Array };

/** Return each array by name, with its shape. Numbers of 16 bits stay as they are stored: `half` reads one. */
export function tensors(content) {
  const length = Number(new DataView(content).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(content, 8, length)));
  delete header.__metadata__;
  return Object.fromEntries(
    Object.entries(header).map(([name, { dtype, shape, data_offsets: [begin, end] }]) => {
      const data = new KINDS[dtype](content.slice(8 + length + begin, 8 + length + end));
      return [name, { shape, data }];
    }),
  );
}

/** Read a number of 16 bits: sign, 5 bits of exponent, 10 bits of fraction. */
export function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction) : 2 ** -14 * fraction);
}
