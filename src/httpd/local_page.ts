/**
 * The page of localserve: what runs, how to connect, and how many messages there are.
 *
 * It shows passwords, so it is only served to this machine's own names ({@link isAllowedHost}).
 *
 * @module
 */
import css from "../../web/built/localserve.css" with { type: "text" };
import script from "../../web/built/localserve.js" with { type: "text" };
import built from "../../web/built/manifest.json" with { type: "json" };
import type { Counts, Status } from "../accounts/status.ts";
import { utf8 } from "../base/bytes.ts";
import { type Html, html } from "./html.ts";
import { badRequest, isAllowedHost, page, pathOf, plain, respond } from "./responses.ts";

/** One service that the page tells about. */
export interface ShownService {
  /** As `IMAP`. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** As `STARTTLS or none`. */
  readonly security: string;
  /** What it is for, in a few words. */
  readonly use: string;
}

/** What the page shows. */
export interface LocalPage {
  readonly version: string;
  readonly folder: string;
  readonly services: readonly ShownService[];
  /** The login address and passwords. */
  readonly login: string;
  readonly password: string;
  readonly adminPassword: string;
  /** Host names that requests may be addressed to. */
  readonly hosts: readonly string[];
}

/** Listeners for the live count at one time; more get the number once. */
const maxWatchers = 32;

/** Answers requests for the page, its files and the live count. */
export function localPage(shown: LocalPage, status: Status): (request: Request) => Promise<Response> {
  let watchers = 0;
  return async (request) => {
    if (!isAllowedHost(request.headers.get("host"), shown.hosts)) {
      return plain(`This server answers only requests to ${shown.hosts.join(", ")}.`, 421);
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      return plain("Only GET is possible here.", 405);
    }
    switch (pathOf(request.url)) {
      case null:
        return badRequest();
      case "/":
        return page(document(shown, await status.counts({})));
      case "/page.css":
        return respond(css, "text/css; charset=utf-8");
      case "/page.js":
        return respond(script, "text/javascript; charset=utf-8");
      case "/status.json":
        return respond(JSON.stringify(await status.counts({})), "application/json");
      case "/events": {
        if (watchers >= maxWatchers) return plain("Too many pages are open; reload later.", 503);
        watchers++;
        return respond(events(status, () => watchers--), "text/event-stream");
      }
      default:
        return plain("There is no such page. The only one is at /.", 404);
    }
  };
}

/** The counts as server-sent events, until the page is closed. */
function events(status: Status, ended: () => void): ReadableStream<Uint8Array> {
  const counts = status.watch({})[Symbol.asyncIterator]();
  let open = true;
  const end = () => {
    if (open) ended();
    open = false;
  };
  return new ReadableStream({
    async pull(controller) {
      try {
        const next = await counts.next();
        if (next.done !== true) return controller.enqueue(utf8(`data: ${JSON.stringify(next.value)}\n\n`));
      } catch {
        // The store went away; the page's EventSource connects again by itself.
      }
      end();
      controller.close();
    },
    async cancel() {
      end();
      await counts.return?.();
    },
  });
}

function document(shown: LocalPage, counts: Counts): Html {
  return html`
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>mailden on this machine</title>
        <link rel="stylesheet" href="/page.css" integrity="${built["localserve.css"].integrity}">
        <link rel="icon" href="data:,">
        <script src="/page.js" integrity="${built["localserve.js"].integrity}" type="module"></script>
      </head>
      <body>
        <header>
          <div>
            <h1>mailden <small>${shown.version}</small></h1>
            <p>A mail server on this machine. It takes mail for <em>any</em> address and keeps it in one account.</p>
          </div>
          <p class="counts" role="status">
            <span><b id="messages">${counts.messages}</b> messages</span>
            <span><b id="unseen">${counts.unseen}</b> unread</span>
            <span id="live">as of loading</span>
          </p>
        </header>
        <main>
          <section aria-labelledby="connect">
            <h2 id="connect">Connect a mail client</h2>
            <table>
              <thead>
                <tr>
                  <th scope="col">Service</th>
                  <th scope="col">Host</th>
                  <th scope="col">Port</th>
                  <th scope="col">Security</th>
                  <th scope="col">For</th>
                </tr>
              </thead>
              <tbody>${shown.services.map(serviceRow)}</tbody>
            </table>
            <dl class="login">
    ${pair("User name", shown.login)}
    ${pair("Password", shown.password)}
    ${pair("Administrator's password", shown.adminPassword)}
            </dl>
            <p>The certificate is self-signed: give <code>${shown
              .folder}/localhost.crt</code> to your client, or accept it once.</p>
          </section>
          <section aria-labelledby="try">
    <h2 id="try">Try it</h2>
    ${examples(shown).map(example)}
          </section>
          <section aria-labelledby="fail">
            <h2 id="fail">Make it fail</h2>
            <p>Local parts that end in these words get errors, so that you can test how your program takes them:</p>
            <ul>
              <li><code>temperror@</code> is refused for now (451), <code>permerror@</code> for good (550), <code>any-452@</code> with that code.</li>
              <li><code>timeout@</code> hangs for an hour.</li>
              <li>With <code>rcptto</code> in front (<code>rcpttopermerror@</code>) already the recipient is refused, with
    <code>mailfrom</code> in front of a sender's, the sender.</li>
              <li>With <code>queue</code> in front (<code>queuepermerror@</code>) a submission is taken, and comes back as a bounce;
    <code>queuetemperror@</code> is tried again and again, and comes back late.</li>
            </ul>
          </section>
        </main>
        <p id="said" class="spoken" role="status"></p>
        <footer>Everything lives in <code>${shown.folder}</code>. Delete the folder to begin anew.</footer>
      </body>
    </html>
  `;
}

function serviceRow(service: ShownService): Html {
  return html`
    <tr>
      <th scope="row">${service.name}</th>
      <td>${service.address}</td>
      <td>${service.port}</td>
      <td>${service.security}</td>
      <td>${service.use}</td>
    </tr>
  `;
}

function pair(name: string, value: string): Html {
  return html`
    <dt>${name}</dt>
    <dd><code>${value}</code> ${copyButton(`the ${name.toLowerCase()}`, value)}</dd>
  `;
}

/** A button whose label says, to those who do not see the page, what it copies. */
function copyButton(what: string, value: string): Html {
  return html`
    <button type="button" data-copy="${value}"><span>Copy</span><i class="spoken"> ${what}</i></button>
  `;
}

interface Example {
  readonly title: string;
  readonly command: string;
}

function example(shown: Example): Html {
  return html`
    <div class="example">
      <div><h3>${shown.title}</h3>${copyButton("the command", shown.command)}</div>
      <pre tabindex="0"><code>${shown.command}</code></pre>
    </div>
  `;
}

/** Commands that work as they stand. */
export function examples(shown: Pick<LocalPage, "services" | "login" | "password">): Example[] {
  const find = (name: string) => shown.services.find((service) => service.name === name);
  const url = (service: ShownService) =>
    `${service.address.includes(":") ? `[${service.address}]` : service.address}:${service.port}`;
  const [smtp, imap] = [find("SMTP"), find("IMAP")];
  const found: Example[] = [];
  if (smtp !== undefined) {
    found.push({
      title: "Send a message with curl",
      command:
        `printf 'From: <me@example.org>\\r\\nTo: <you@localhost>\\r\\nSubject: hello\\r\\n\\r\\nIt works.\\r\\n' | curl smtp://${
          url(smtp)
        } --mail-from me@example.org --mail-rcpt you@localhost --upload-file -`,
    });
    found.push({
      title: "Send a message with swaks",
      command:
        `swaks --server ${smtp.address} --port ${smtp.port} --from me@example.org --to you@localhost --attach @/etc/hostname`,
    });
  }
  if (imap !== undefined) {
    found.push({
      title: "List the newest message with curl",
      command: `curl --user ${shown.login}:${shown.password} 'imap://${
        url(imap)
      }/INBOX;MAILINDEX=*;SECTION=HEADER'`,
    });
  }
  return found;
}
