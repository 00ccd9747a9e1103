// What a QR code says, read from a picture of it by ISO/IEC 18004: the page's own reader isn't asked, and would keep the text to itself.
// Pictures of tests are exact, so nothing is corrected.
import type { Locator } from '@playwright/test';

/** Rows of modules; the dark ones are true. */
type Grid = boolean[][];

/** Check words of a block, and blocks, of each version from 1 on, at level M: the page's codes have that one. */
const CHECK = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26];
const BLOCKS = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16];

const MASKS: ((x: number, y: number) => number)[] = [
  (x, y) => (x + y) % 2,
  (_, y) => y % 2,
  (x) => x % 3,
  (x, y) => (x + y) % 3,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2,
  (x, y) => ((x * y) % 2) + ((x * y) % 3),
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2,
];

const CHARACTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:';

/** The text of the code that this element shows, dark on light. */
export async function readQr(code: Locator): Promise<string> {
  const picture = (await code.screenshot()).toString('base64');
  return decode(modules(await code.page().evaluate(pixels, picture)));
}

/** In the browser: the rows of a picture, each as a text with 1 for a dark pixel. */
async function pixels(png: string): Promise<string[]> {
  const bytes = Uint8Array.from(atob(png), (character) => character.charCodeAt(0));
  const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
  const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
  if (!context) throw new Error('this browser draws nothing');
  context.drawImage(image, 0, 0);
  const { width, height, data } = context.getImageData(0, 0, image.width, image.height);
  const pixel = (x: number, y: number) => ((data[(y * width + x) * 4 + 1] ?? 255) < 128 ? '1' : '0');
  return Array.from({ length: height }, (_, y) => Array.from({ length: width }, (_, x) => pixel(x, y)).join(''));
}

/** The modules, as three corners and the edge of the first tell where they are. */
function modules(rows: string[]): Grid {
  const dark = rows.flatMap((row, y) => (row.includes('1') ? [y] : []));
  const [top, bottom] = [dark[0] ?? 0, dark.at(-1) ?? 0];
  const left = Math.min(...dark.map((y) => rows[y]?.indexOf('1') ?? 0));
  const right = Math.max(...dark.map((y) => rows[y]?.lastIndexOf('1') ?? 0));
  const [width, height] = [right - left + 1, bottom - top + 1];
  const seven = rows[top]?.slice(left).indexOf('0') ?? 0;
  if (seven < 7) throw new Error('there is no code in this picture');
  const side = 17 + 4 * Math.round(((7 * width) / seven - 17) / 4);
  const middle = (module: number, from: number, length: number) => Math.floor(from + ((module + 0.5) * length) / side);
  const each = Array.from({ length: side }, (_, module) => module);
  return each.map((y) => each.map((x) => rows[middle(y, top, height)]?.[middle(x, left, width)] === '1'));
}

/** The text of a code. */
function decode(grid: Grid): string {
  const version = (grid.length - 17) / 4;
  const dark = (x: number, y: number) => (grid[y]?.[x] ? 1 : 0);
  const column = [0, 1, 2, 3, 4, 5, 7, 8].map((y) => dark(8, y));
  const row = [7, 5, 4, 3, 2, 1, 0].map((x) => dark(x, 8));
  const format = [...column, ...row].reduce<number>((bits, bit, i) => bits | (bit << i), 0) ^ 0x5412;
  if (format >> 13 !== 0) throw new Error('this code is not of level M');
  const mask = MASKS[(format >> 10) & 7];
  if (!mask) throw new Error('this code has no mask');
  const bits = path(grid.length, version).map(([x, y]) => dark(x, y) ^ (mask(x, y) === 0 ? 1 : 0));
  const words = Array.from({ length: bits.length >> 3 }, (_, i) => Number.parseInt(bits.slice(8 * i, 8 * i + 8).join(''), 2));
  return text(inOrder(words, version), version);
}

/** Where the bits are, in their order: up and down in pairs of columns, around what every code has. */
function path(side: number, version: number): [number, number][] {
  const places: [number, number][] = [];
  for (let pair = side - 1; pair > 0; pair -= pair === 8 ? 3 : 2) {
    const up = ((pair + 1) & 2) === 0;
    for (let i = 0; i < side; i++) {
      const y = up ? side - 1 - i : i;
      for (const x of [pair, pair - 1]) if (!fixed(x, y, side, version)) places.push([x, y]);
    }
  }
  return places;
}

/** Corners with what is said of the format, timing, alignment, version. */
function fixed(x: number, y: number, side: number, version: number): boolean {
  const corner = (x < 9 && y < 9) || (x >= side - 8 && y < 9) || (x < 9 && y >= side - 8);
  const said = version >= 7 && ((x >= side - 11 && y < 6) || (y >= side - 11 && x < 6));
  if (corner || said || x === 6 || y === 6) return true;
  const middles = alignment(side, version);
  const last = side - 7;
  const aligned = (a: number, b: number) => Math.abs(x - a) <= 2 && Math.abs(y - b) <= 2;
  const taken = (a: number, b: number) => (a === 6 && (b === 6 || b === last)) || (a === last && b === 6);
  return middles.some((a) => middles.some((b) => !taken(a, b) && aligned(a, b)));
}

/** The middles of the alignment patterns, across and down. */
function alignment(side: number, version: number): number[] {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const step = Math.ceil((version * 4 + 4) / (count * 2 - 2)) * 2;
  return [6, ...Array.from({ length: count - 1 }, (_, i) => side - 7 - i * step).reverse()];
}

/** The words of data alone, block after block: they lie in turns, and the last blocks may have one more. */
function inOrder(words: number[], version: number): number[] {
  const [check, blocks] = [CHECK[version - 1], BLOCKS[version - 1]];
  if (check === undefined || blocks === undefined) throw new Error(`no page shows a code of version ${version}`);
  const short = Math.floor(words.length / blocks) - check;
  const longer = words.length % blocks;
  const place = (block: number, i: number) => i * blocks + block - (i === short ? blocks - longer : 0);
  return Array.from({ length: blocks }, (_, block) => {
    const length = short + (block >= blocks - longer ? 1 : 0);
    return Array.from({ length }, (_, i) => words[place(block, i)] ?? 0);
  }).flat();
}

/** What the words say, in digits, capitals or bytes. */
function text(words: number[], version: number): string {
  const bits = words.map((word) => word.toString(2).padStart(8, '0')).join('');
  let at = 0;
  const take = (count: number) => {
    at += count;
    return Number.parseInt(bits.slice(at - count, at), 2);
  };
  const more = version > 9 ? 2 : 0;
  const said: Buffer[] = [];
  const say = (part: string) => void said.push(Buffer.from(part));
  while (bits.length - at >= 4) {
    const mode = take(4);
    if (mode === 0) break;
    if (mode === 1) {
      for (let left = take(10 + more); left > 0; left -= 3) {
        const digits = Math.min(3, left);
        say(String(take(3 * digits + 1)).padStart(digits, '0'));
      }
    } else if (mode === 2) {
      for (let left = take(9 + more); left > 0; left -= 2) {
        const pair = left > 1 ? take(11) : take(6);
        say((left > 1 ? CHARACTERS.charAt(Math.floor(pair / 45)) : '') + CHARACTERS.charAt(pair % 45));
      }
    } else if (mode === 4) {
      const count = take(more ? 16 : 8);
      said.push(Buffer.from(Array.from({ length: count }, () => take(8))));
    } else {
      throw new Error(`this code has a part of kind ${mode}`);
    }
  }
  return Buffer.concat(said).toString();
}
