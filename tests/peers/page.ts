/**
 * localserve's page in a browser: what a person sees, and that it lives. Run by `tests/scenarios/page_test.ts`.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { hasChromium, withBrowser } from "./browser.ts";
import { deliver, password, scenario, user } from "../support/scenario.ts";
import type { TestServer } from "../support/server.ts";

/** Longest wait for what has to come at once, on a busy machine. */
const promptMs = 10_000;

/** The page in a new profile, with what it complained about: errors, warnings, failed requests, other hosts. */
async function open(browser: Browser, server: TestServer, options: BrowserContextOptions = {}) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(promptMs);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("requestfailed", (request) => complaints.push(`failed: ${request.url()}`));
  page.on("request", (request) => {
    if (!request.url().startsWith(`${url(server)}/`)) complaints.push(`asked for ${request.url()}`);
  });
  const answer = await page.goto(`${url(server)}/`);
  assert.equal(answer?.status(), 200);
  return { context, page, complaints };
}

const url = (server: TestServer) => `http://localhost:${server.ports.http}`;

/** Returns when the page shows so many messages. */
async function countIs(page: Page, messages: number): Promise<void> {
  await page.locator("#messages").filter({ hasText: new RegExp(`^${messages}$`) }).waitFor();
}

/** Moves with the Tab key alone. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 40; presses++) {
    await page.keyboard.press("Tab");
    if (await page.evaluate("document.activeElement.textContent.trim()") === name) return;
  }
  assert.fail(`the Tab key does not lead to ${name}`);
}

const message = "Subject: hello\r\n\r\nIt works.\r\n";

scenario("the page shows every service, and the count grows by itself", hasChromium(), async (server) => {
  await withBrowser(server, async (browser) => {
    const { page, complaints } = await open(browser, server);
    for (const [service, port] of Object.entries(server.ports)) {
      const row = page.getByRole("row").filter({ hasText: String(port) });
      assert.equal((await row.getByRole("rowheader").innerText()).toLowerCase(), service);
    }
    await page.getByText("live", { exact: true }).waitFor();
    await countIs(page, 0);
    await page.evaluate("globalThis.neverReloaded = true");
    await deliver(server, [message]);
    await countIs(page, 1);
    await deliver(server, [message, message]);
    await countIs(page, 3);
    assert.equal(await page.locator("#unseen").innerText(), "3");
    assert.equal(await page.evaluate("globalThis.neverReloaded"), true);
    assert.deepEqual(complaints, []);
  });
});

scenario("the page's copy buttons work with the keyboard, and say so", hasChromium(), async (server) => {
  await withBrowser(server, async (browser) => {
    const { context, page, complaints } = await open(browser, server);
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    for (
      const [name, copied] of [
        ["Copy the user name", user],
        ["Copy the password", password],
        ["Copy the command", /^printf .* \| curl smtp:\/\/127\.0\.0\.1:\d+ /],
      ] as const
    ) {
      await tabTo(page, name);
      await page.keyboard.press(name === "Copy the password" ? "Space" : "Enter");
      await page.getByRole("button", { name: name.replace("Copy", "Copied") }).first().waitFor();
      const text = await page.evaluate("navigator.clipboard.readText()");
      if (typeof copied === "string") assert.equal(text, copied);
      else assert.match(String(text), copied);
      assert.equal(await page.locator("#said").innerText(), "Copied");
    }
    assert.deepEqual(complaints, []);
  });
});

for (const colorScheme of ["light", "dark"] as const) {
  scenario(
    `the page fits a phone's width, and can be read (${colorScheme})`,
    hasChromium(),
    async (server) => {
      await withBrowser(server, async (browser) => {
        const viewport = { width: 320, height: 640 };
        const { page, complaints } = await open(browser, server, { viewport, colorScheme });
        assert.equal(await page.evaluate("document.documentElement.scrollWidth"), viewport.width);
        for (const text of [user, String(server.ports.imaps), "Make it fail"]) {
          assert.ok(await page.getByText(text).first().isVisible(), text);
        }
        const low = await page.evaluate(lowContrast);
        assert.deepEqual(low, []);
        assert.deepEqual(complaints, []);
      });
    },
  );
}

/** Texts with a contrast under 4.5 to what is behind them. WCAG 2.2 1.4.3 */
const lowContrast = `(() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const light = (color) => {
    const [r, g, b] = Array.from(rgba(color)).map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (node) => {
    for (; node !== null; node = node.parentElement) {
      const color = getComputedStyle(node).backgroundColor;
      if (rgba(color)[3] > 0) return color;
    }
    return "white";
  };
  const low = [];
  for (const node of document.querySelectorAll("body *")) {
    if (![...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim() !== "")) continue;
    const [a, b] = [light(getComputedStyle(node).color), light(behind(node))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) low.push(node.tagName + " " + node.textContent.slice(0, 30));
  }
  return low;
})()`;
