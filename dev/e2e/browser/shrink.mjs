// Makes a screenshot small: at most 256 colours (text on flat panels has few), the common ones exact.
import { readFileSync, writeFileSync } from "node:fs";
import { crc32 as own, deflateSync, inflateSync } from "node:zlib";

/** CRC-32 as PNG wants it (ISO 3309); Node has its own from 20.15 on. */
const crc32 = own ?? ((bytes) => {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
});

/** The pixels of a PNG of eight bits without interlace, as browsers write it. */
function decode(png) {
  let [width, height, channels, data] = [0, 0, 0, []];
  for (let at = 8; at < png.length; ) {
    const [length, name] = [png.readUInt32BE(at), png.toString("latin1", at + 4, at + 8)];
    const body = png.subarray(at + 8, at + 8 + length);
    if (name === "IHDR") [width, height, channels] = [body.readUInt32BE(0), body.readUInt32BE(4), body[9] === 6 ? 4 : 3];
    if (name === "IDAT") data.push(body);
    at += length + 12;
  }
  const [raw, row] = [inflateSync(Buffer.concat(data)), width * channels];
  const pixels = Buffer.alloc(row * height);
  for (let y = 0; y < height; y += 1) {
    const filter = raw[y * (row + 1)];
    for (let x = 0; x < row; x += 1) {
      const here = y * row + x;
      const left = x >= channels ? pixels[here - channels] : 0;
      const up = y ? pixels[here - row] : 0;
      const corner = y && x >= channels ? pixels[here - row - channels] : 0;
      const paeth = () => {
        const [a, b, c] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
        return a <= b && a <= c ? left : b <= c ? up : corner;
      };
      const guess = [() => 0, () => left, () => up, () => (left + up) >> 1, paeth][filter]();
      pixels[here] = (raw[y * (row + 1) + 1 + x] + guess) & 255;
    }
  }
  return { width, height, channels, pixels };
}

/** The 256 most common colours, and for every colour the place of the nearest of them. */
function palette(colours) {
  const list = [...colours].sort((a, b) => b[1] - a[1]).slice(0, 256).map(([colour]) => colour);
  const parts = (c) => [c >> 16, (c >> 8) & 255, c & 255];
  const known = list.map(parts);
  const distance = (a, b) => (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2;
  const place = new Map();
  for (const colour of colours.keys()) {
    const own = parts(colour);
    let best = 0;
    known.forEach((other, at) => (best = distance(own, other) < distance(own, known[best]) ? at : best));
    place.set(colour, best);
  }
  return { list, place };
}

function chunk(name, body) {
  const named = Buffer.concat([Buffer.from(name, "latin1"), body]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(body.length, 0);
  ends.writeUInt32BE(crc32(named), 4);
  return Buffer.concat([ends.subarray(0, 4), named, ends.subarray(4)]);
}

/** Rewrites the file; returns its size in bytes. */
export function shrink(path) {
  const { width, height, channels, pixels } = decode(readFileSync(path));
  const colour = (at) => (pixels[at] << 16) | (pixels[at + 1] << 8) | pixels[at + 2];
  const colours = new Map();
  for (let at = 0; at < pixels.length; at += channels) colours.set(colour(at), (colours.get(colour(at)) ?? 0) + 1);
  const { list, place } = palette(colours);
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) rows[y * (width + 1) + 1 + x] = place.get(colour((y * width + x) * channels));
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  const table = Buffer.from(list.flatMap((it) => [it >> 16, (it >> 8) & 255, it & 255]));
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  const parts = [chunk("IHDR", head), chunk("PLTE", table), chunk("IDAT", deflateSync(rows, { level: 9 })), chunk("IEND", Buffer.alloc(0))];
  const png = Buffer.concat([signature, ...parts]);
  writeFileSync(path, png);
  return png.length;
}
