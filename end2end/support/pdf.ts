// A PDF (ISO 32000-1) of a wanted size: pages with a line of text and a picture of uncompressed noise.
const WIDTH = 1200;
const HEIGHT = 1200;
const PICTURE = WIDTH * HEIGHT * 3;

/** Cheap and always the same, so that a failed run can be repeated; incompressible enough. */
function noise(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed | 1;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state & 255;
  }
  return bytes;
}

export function pdf(bytes: number, text: string): Buffer {
  const pages = Math.max(1, Math.ceil(bytes / PICTURE));
  const objects: Buffer[] = [];
  const add = (body: string | Buffer) => objects.push(Buffer.from(body));
  const kids = Array.from({ length: pages }, (_, i) => `${4 + 3 * i} 0 R`).join(' ');
  add('<< /Type /Catalog /Pages 2 0 R >>');
  add(`<< /Type /Pages /Kids [${kids}] /Count ${pages} >>`);
  add('<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>');
  for (let page = 0; page < pages; page++) {
    const first = 4 + 3 * page;
    const resources = `<< /Font << /F 3 0 R >> /XObject << /P ${first + 2} 0 R >> >>`;
    add(`<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources ${resources} /Contents ${first + 1} 0 R >>`);
    const line = `${text}, page ${page + 1}`.replaceAll(/[()\\]/g, '\\$&');
    add(stream('', Buffer.from(`BT /F 24 Tf 60 760 Td (${line}) Tj ET q 475 0 0 475 60 200 cm /P Do Q`)));
    const picture = `/Type /XObject /Subtype /Image /Width ${WIDTH} /Height ${HEIGHT} /ColorSpace /DeviceRGB /BitsPerComponent 8 `;
    add(stream(picture, noise(PICTURE, page + 1)));
  }
  return assemble(objects);
}

function stream(entries: string, content: Buffer): Buffer {
  const head = Buffer.from(`<< ${entries}/Length ${content.length} >>\nstream\n`);
  return Buffer.concat([head, content, Buffer.from('\nendstream')]);
}

function assemble(objects: Buffer[]): Buffer {
  const pieces: Buffer[] = [Buffer.from('%PDF-1.4\n%\xe2\xe3\xcf\xd3\n', 'latin1')];
  let length = pieces[0]?.length ?? 0;
  const push = (piece: Buffer) => {
    pieces.push(piece);
    length += piece.length;
  };
  const offsets = objects.map((body, i) => {
    const offset = length;
    push(Buffer.concat([Buffer.from(`${i + 1} 0 obj\n`), body, Buffer.from('\nendobj\n')]));
    return offset;
  });
  const table = length;
  const rows = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  push(Buffer.from(`xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${rows}`));
  push(Buffer.from(`trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${table}\n%%EOF\n`));
  return Buffer.concat(pieces);
}
