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

// An archive that was offered for saving lies in this origin's own storage until then (app/src/vault/archive.rs), decrypted: it
// goes with the next page. One that another tab is writing is locked and stays.
navigator.storage
  ?.getDirectory?.()
  .then((folder) => folder.removeEntry("healthsecure-archive.zip"))
  .catch(() => {});

const lack = missing();
if (lack) {
  root.dataset.missing = lack;
} else {
  start().catch((error) => {
    root.dataset.missing = error instanceof WebAssembly.CompileError ? "wasm" : "failed";
    console.error("HealthSecure did not start:", error.message);
  });
}
