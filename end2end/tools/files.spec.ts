// The generated files must be what they claim: a viewer that refuses them would make other tests pass or fail for nothing.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { dicomFile, pdfFile, pngFile, sameAs, textFile } from '../support/files.ts';
import { root } from '../support/server.ts';

test('the PDF is large, and its cross-reference table points at its objects', () => {
  const { path, size } = pdfFile('large.pdf', 20_000_000);
  expect(size).toBeGreaterThanOrEqual(20_000_000);
  const bytes = readFileSync(path);
  const table = Number(/startxref\n(\d+)/.exec(bytes.subarray(-64).toString('latin1'))?.[1]);
  const rows = bytes.subarray(table).toString('latin1').match(/\d{10} 00000 n/g) ?? [];
  expect(rows.length).toBeGreaterThan(10);
  rows.forEach((row, i) => {
    const at = Number(row.slice(0, 10));
    expect(bytes.subarray(at, at + 12).toString('latin1')).toContain(`${i + 1} 0 obj`);
  });
});

test('the browser decodes the picture', async ({ page }) => {
  const data = readFileSync(pngFile('p.png', 320, 200).path).toString('base64');
  const size = await page.evaluate(async (source) => {
    const image = new Image();
    image.src = `data:image/png;base64,${source}`;
    await image.decode();
    return [image.naturalWidth, image.naturalHeight];
  }, data);
  expect(size).toEqual([320, 200]);
});

test('pydicom reads the DICOM file back', () => {
  const { path } = dicomFile('p.dcm');
  const python = process.env.HEALTHSECURE_PYTHON ?? `${root}/.tools/venv/bin/python`;
  const code = 'import sys,pydicom;d=pydicom.dcmread(sys.argv[1]);print(d.PatientName,d.Rows,len(d.PixelData))';
  expect(execFileSync(python, ['-c', code, path]).toString().trim()).toBe('Brandvold^Lea 256 131072');
});

test('files are compared by content', () => {
  const one = textFile('one.txt', 'same');
  expect(sameAs(one, textFile('two.txt', 'same').path)).toBe(true);
  expect(sameAs(one, textFile('three.txt', 'Same').path)).toBe(false);
});
