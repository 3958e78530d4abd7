/**
 * Headless Chromium for scenarios with pages.
 *
 * @module
 */
import { type Browser, chromium } from "playwright-core";
import { folderBeside } from "../support/scenario.ts";
import type { TestServer } from "../support/server.ts";

const executablePath = "/usr/bin/chromium";

/** Whether the browser is installed. */
export function hasChromium(): boolean {
  try {
    return Deno.statSync(executablePath).isFile;
  } catch {
    return false;
  }
}

/** Nothing that it does by itself needs a network. */
const args = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A browser with a new profile, for as long as `use` runs. */
export async function withBrowser(
  server: TestServer,
  use: (browser: Browser) => Promise<void>,
): Promise<void> {
  const home = await folderBeside(server, "chromium");
  const browser = await chromium.launch({
    executablePath,
    headless: true,
    args,
    env: { HOME: home },
    artifactsDir: home,
  });
  try {
    await use(browser);
  } finally {
    await browser.close();
  }
}
