// What lies in the memory of a page's program, seen from outside: JavaScript can look at all of a WebAssembly memory, free parts
// included, once it has it. Workers have memories of their own, which go with their page.
import type { BrowserContext, Page } from '@playwright/test';

type Made = WebAssembly.WebAssemblyInstantiatedSource | WebAssembly.Instance;
type Maker = (...given: unknown[]) => Promise<Made>;

/** Pages that are loaded from now on keep what their programs have for memory where {@link timesInMemory} looks. */
export async function watchMemory(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    const memories: WebAssembly.Memory[] = [];
    Object.assign(window, { memories });
    const keep = (made: Made) => {
      const { memory } = ('instance' in made ? made.instance : made).exports;
      if (memory instanceof WebAssembly.Memory && !memories.includes(memory)) memories.push(memory);
      return made;
    };
    const makers = WebAssembly as unknown as { [name: string]: Maker };
    for (const name of ['instantiate', 'instantiateStreaming']) {
      const make = makers[name];
      if (make) makers[name] = async (...given) => keep(await make.apply(WebAssembly, given));
    }
  });
}

/** How often a text lies there. */
export async function timesInMemory(page: Page, text: string): Promise<number> {
  const found = await page.evaluate((text) => {
    const { memories } = window as unknown as { memories: WebAssembly.Memory[] };
    const needle = new TextEncoder().encode(text);
    const first = needle[0] ?? 0;
    let times = 0;
    for (const memory of memories) {
      const bytes = new Uint8Array(memory.buffer);
      for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1)) {
        if (needle.every((byte, n) => bytes[at + n] === byte)) times += 1;
      }
    }
    return { times, memories: memories.length };
  }, text);
  if (found.memories === 0) throw new Error('no program has started, so nothing can be found in its memory');
  return found.times;
}
