/**
 * The live parts of localserve's page: the counts, and the buttons that copy. `deno task build` makes of it what browsers
 * get.
 *
 * @module
 */
/// <reference lib="dom" />

/** How long a button shows that it has copied, in milliseconds. */
const shownMs = 1500;

function part(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no ${id}`);
  return found;
}

const live = part("live");
const said = part("said");

function showLive(state: "live" | "lost", words: string): void {
  live.dataset["state"] = state;
  live.textContent = words;
}

// The browser connects again by itself, so the page goes on after the server was restarted.
const events = new EventSource("/events");
events.addEventListener("open", () => showLive("live", "live"));
events.addEventListener("error", () => showLive("lost", "not connected"));
events.addEventListener("message", (event: MessageEvent<string>) => {
  const counts: Record<string, unknown> = JSON.parse(event.data);
  for (const name of ["messages", "unseen"]) part(name).textContent = String(counts[name]);
});
addEventListener("pagehide", () => events.close());
// A page that comes back from the browser's history begins anew.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

document.addEventListener("click", async ({ target }) => {
  const button = target instanceof Element ? target.closest<HTMLElement>("button[data-copy]") : null;
  const label = button?.querySelector("span") ?? null;
  if (button === null || label === null) return;
  try {
    await navigator.clipboard.writeText(button.dataset["copy"] ?? "");
    label.textContent = "Copied";
  } catch {
    // Clipboards are for secure pages: not for http:// at another address than localhost or 127.0.0.1.
    label.textContent = "Not allowed";
  }
  said.textContent = label.textContent;
  setTimeout(() => {
    label.textContent = "Copy";
    said.textContent = "";
  }, shownMs);
});
