/**
 * What README.md says is so: its commands run as printed, its tables agree with the code.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Grant, grants, type Places, type RoleName } from "../../src/roles/grants.ts";
import { has, password, run, scenario, user } from "../support/scenario.ts";
import { mailden, type Ports } from "../support/server.ts";

const root = new URL("../../", import.meta.url);
const readme = await Deno.readTextFile(new URL("README.md", root));

/** The tasks of deno.json, by name. */
async function tasks(): Promise<Map<string, string>> {
  const config: unknown = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  assert.ok(typeof config === "object" && config !== null && "tasks" in config);
  assert.ok(typeof config.tasks === "object" && config.tasks !== null);
  return new Map(Object.entries(config.tasks).map(([name, command]) => [name, String(command)]));
}

/** Commands in the code blocks, without their comments. */
function commands(): string[] {
  const blocks = [...readme.matchAll(/^```sh\n([^]*?)^```$/gm)].map((match) => match[1] ?? "");
  return blocks.flatMap((block) => block.split("\n"))
    .map((line) => line.replace(/\s+#.*$/, "").trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/** The rows below a table's heading, each cell without its code marks. */
function table(firstHeading: string): string[][] {
  const lines = readme.split("\n");
  const head = lines.findIndex((line) => new RegExp(`^\\|\\s*${firstHeading}\\s*\\|`).test(line));
  assert.notEqual(head, -1, `README.md has no table that begins with ${firstHeading}`);
  const rows: string[][] = [];
  for (const line of lines.slice(head + 2)) {
    if (!line.startsWith("|")) break;
    rows.push(line.split("|").slice(1, -1).map((cell) => cell.trim().replaceAll("`", "")));
  }
  return rows;
}

/** The ports of a new localserve, as README.md has them. */
const printedPorts: Ports = {
  smtp: 1025,
  submission: 1587,
  submissions: 1465,
  imap: 1143,
  imaps: 1993,
  http: 1080,
  https: 1443,
  metrics: 1081,
};

/** A printed command with the ports of the server under test. */
function onPorts(command: string, ports: Ports): string {
  let text = command;
  for (const [name, port] of Object.entries(printedPorts)) {
    text = text.replace(new RegExp(`\\b${port}\\b`, "g"), String(ports[name as keyof Ports]));
  }
  return text;
}

Deno.test("README's first commands are tasks", async () => {
  const known = await tasks();
  const [first, second] = commands();
  assert.equal(first, "npx -y deno@2.9.6 task localserve");
  assert.equal(second, "npx -y deno@2.9.6 task test");
  const named = [...readme.matchAll(/deno(?:@[\d.]+)? task ([a-z]+)/g)].map((match) => match[1] ?? "");
  assert.ok(named.length >= 5);
  assert.deepEqual(named.filter((name) => !known.has(name)), []);
});

Deno.test("README names the version of Deno that runs this", () => {
  const versions = [...readme.matchAll(/(?:deno@|Deno\]\([^)]*\) )(\d+\.\d+\.\d+)/g)].map((match) =>
    match[1]
  );
  assert.deepEqual([...new Set(versions)], [Deno.version.deno]);
});

const printed = commands().filter((command) => /^(?:swaks|curl) /.test(command));

scenario(
  "README's commands send and read a message, in the order in which they are printed",
  has("swaks", "--version") && has("curl", "--version"),
  async (server) => {
    assert.ok(printed.length >= 2);
    for (const command of printed) {
      const done = await run("sh", ["-c", onPorts(command, server.ports)]);
      assert.equal(done.code, 0, `${command}\n${done.stdout}${done.stderr}`);
      if (command.includes("imap://")) assert.match(done.stdout, /^From: me@example\.org\r$/m);
    }
  },
);

scenario("README's ports, account and page are those of a new localserve", true, async (server) => {
  const folder = `${server.folder}-new`;
  const made = await mailden("localserve", "--dir", folder, "--initonly");
  assert.equal(made.code, 0, made.stderr);
  const config = await Deno.readTextFile(`${folder}/mailden.toml`);
  const sections = [...config.matchAll(/^\[listeners\.local\.(\w+)\]\nport = (\d+)$/gm)];
  assert.deepEqual(
    Object.fromEntries(sections.map((section) => [section[1], Number(section[2])])),
    printedPorts,
  );
  const rows = new Map(table("service").map(([name, port, security]) => [name, `${port} ${security}`]));
  const { smtp, submission, submissions, imap, imaps, http, https, metrics } = printedPorts;
  assert.deepEqual(
    rows,
    new Map([
      ["SMTP", `${smtp} STARTTLS or none`],
      ["submission", `${submission} STARTTLS or none`],
      ["submissions", `${submissions} TLS`],
      ["IMAP", `${imap} STARTTLS or none`],
      ["IMAPS", `${imaps} TLS`],
      ["web page", `${http} none; ${https} is TLS`],
      ["metrics", `${metrics} none, /metrics`],
    ]),
  );
  assert.ok(readme.includes(`\`${user}\` with the password \`${password}\``));
  const page = await fetch(`http://localhost:${server.ports.http}/`);
  assert.match(await page.text(), /<title>mailden/);
});

Deno.test("README lists commands that exist", async () => {
  const help = await mailden("help");
  assert.equal(help.code, 0, help.stderr);
  for (const [usage, summary] of table("command")) {
    const words = (usage ?? "").split(" ").filter((word) => /^[a-z]+$/.test(word)).join(" ");
    assert.ok(summary !== undefined && summary !== "");
    const line = help.stdout.split("\n").find((each) => each.trimStart().startsWith(`${words} `));
    assert.ok(line !== undefined, `help does not know ${words}:\n${help.stdout}`);
  }
});

/** An installation whose places are called as README.md calls them. */
const places: Places = {
  listen: ["the configured ports"],
  data: "data folder",
  front: "its own folder",
  domains: "domains.toml",
  storeSocket: "socket",
  controlSocket: "socket",
  webSockets: ["socket"],
  outbound: "any",
  program: "program",
};

/** The kinds of things in a grant. Sockets that a role may use, it may also read and write: said once. */
function kinds(grant: Grant, part: keyof Grant): string[] {
  const granted = grant[part];
  if (granted === "any") return ["any address", "socket"];
  const all = granted.map((value) => value.replace(/^unix:/, ""));
  return [...new Set(part === "net" ? all : all.filter((value) => value !== "socket"))].sort();
}

/** The same from a cell of the table. */
function said(cell: string, part: keyof Grant): string[] {
  const all = cell.split(",").map((each) => each.trim().replace(/^its (?:RPC )?sockets?$/, "socket"));
  const things = all.filter((each) => each !== "" && each !== "none");
  return (part === "net" ? things : things.filter((each) => each !== "socket")).sort();
}

Deno.test("README's table of permissions says what the roles are granted, and nothing else", () => {
  const rows = new Map(table("role").map(([role, ...cells]) => [role, cells]));
  for (const role of ["front", "store", "parser"] satisfies RoleName[]) {
    for (const [i, part] of (["net", "read", "write"] as const).entries()) {
      const cell: string = rows.get(role)?.[i] ?? "";
      assert.deepEqual(said(cell, part), kinds(grants[role](places), part), `${role}, ${part}: ${cell}`);
    }
  }
  // No role may run programs, read the environment, or load native code: a grant has no such part.
  assert.match(readme, /The front may reach any address/);
  assert.match(readme, /No role may run programs, read the environment, or load native code\./);
  for (const role of ["front", "store", "parser", "local"] satisfies RoleName[]) {
    assert.deepEqual(Object.keys(grants[role](places)).sort(), ["net", "read", "write"]);
  }
});
