// The live parts of localserve's page: the counts, and the buttons that copy.
"use strict";

const events = new EventSource("/events");
events.addEventListener("message", (event) => {
  const counts = JSON.parse(event.data);
  for (const name of ["messages", "unseen"]) {
    document.getElementById(name).textContent = String(counts[name]);
  }
});
addEventListener("pagehide", () => events.close());

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (button === null) return;
  let said = "Copied";
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    said = "Select and copy it by hand";
  }
  const label = button.textContent;
  button.textContent = said;
  setTimeout(() => button.textContent = label, 1500);
});
