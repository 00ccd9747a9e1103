// A worker with the page's own program: the page posts the compiled WASM module first, everything after that is
// answered by `worker_main`. Messages that arrive meanwhile wait in the queue until it listens.
import start, { worker_main } from "./pkg/healthsecure.js";

const waiting = [];
const hold = (event) => waiting.push(event.data);

addEventListener("message", ({ data }) => {
  addEventListener("message", hold);
  start({ module_or_path: data }).then(
    () => {
      removeEventListener("message", hold);
      worker_main();
      for (const data of waiting) dispatchEvent(new MessageEvent("message", { data }));
    },
    () => close(),
  );
}, { once: true });
