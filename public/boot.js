// Starts the program in the page: checks that this browser can run it, fetches the WASM with the hash that the page
// names, compiles it once, and hands over. What is missing is said on the root element; CSS shows the notice for it.
const root = document.documentElement;
const program = document.getElementById("program");

function missing() {
  if (!globalThis.isSecureContext) return "context";
  if (!globalThis.WebAssembly?.compileStreaming || !globalThis.crypto?.subtle || !globalThis.Worker) return "wasm";
  return null;
}

async function start() {
  const options = { credentials: "same-origin", integrity: program.dataset.integrity ?? "" };
  const [glue, response] = await Promise.all([import("./pkg/healthsecure.js"), fetch(program.href, options)]);
  if (!response.ok) throw new Error(`the program answered ${response.status}`);
  const module = await WebAssembly.compileStreaming(response);
  await glue.default({ module_or_path: module });
  glue.hydrate();
}

// What was decrypted to be saved lies in this origin's own storage until then, and goes with the next page: an archive
// (app/src/vault/archive.rs), unless another tab is writing it, which locks it; and the folders of pages that are gone
// (app/src/vault/saving.rs). A page that is there holds a lock of its folder's name, and had it before there was a folder:
// so the folders are listed first.
async function sweep() {
  const root = await navigator.storage.getDirectory();
  const gone = (name, options) => root.removeEntry(name, options).catch(() => {});
  await gone("healthsecure-archive.zip");
  const folders = [];
  for await (const name of root.keys()) if (name.startsWith("downloads-")) folders.push(name);
  if (folders.length === 0) return;
  const { held } = await navigator.locks.query();
  const there = new Set(held.map((lock) => lock.name));
  for (const name of folders) if (!there.has(name)) await gone(name, { recursive: true });
}

// A browser without such a store keeps nothing there.
sweep().catch(() => {});

const lack = missing();
if (lack) {
  root.dataset.missing = lack;
} else {
  start().catch((error) => {
    root.dataset.missing = error instanceof WebAssembly.CompileError ? "wasm" : "failed";
    console.error("HealthSecure did not start:", error.message);
  });
}
