// The live parts of localserve's page: the counts, and the buttons that copy.
"use strict";

/** How long a button shows that it has copied, in milliseconds. */
const shownMs = 1500;

const live = document.getElementById("live");

function showLive(state, words) {
  live.dataset.state = state;
  live.textContent = words;
}

// The browser connects again by itself, so the page goes on after the server was restarted.
const events = new EventSource("/events");
events.addEventListener("open", () => showLive("live", "live"));
events.addEventListener("error", () => showLive("lost", "not connected"));
events.addEventListener("message", (event) => {
  const counts = JSON.parse(event.data);
  for (const name of ["messages", "unseen"]) {
    document.getElementById(name).textContent = String(counts[name]);
  }
});
addEventListener("pagehide", () => events.close());
// A page that comes back from the browser's history begins anew.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (button === null) return;
  const label = button.querySelector("span");
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    label.textContent = "Copied";
  } catch {
    // Clipboards are for secure pages: not for http:// at another address than localhost or 127.0.0.1.
    label.textContent = "Not allowed";
  }
  document.getElementById("said").textContent = label.textContent;
  setTimeout(() => {
    label.textContent = "Copy";
    document.getElementById("said").textContent = "";
  }, shownMs);
});
