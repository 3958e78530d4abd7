/**
 * What each role's permissions do not let it do, tried with exactly the flags that it is started with.
 *
 * @module
 */
import assert from "node:assert/strict";
import { grantFlags, grants, type Places, type RoleName } from "../../src/roles/grants.ts";
import { join } from "../support/paths.ts";

/** Tries everything; prints which attempts were not refused. */
const probe = `
const [data, domains, config, storeSocket, controlSocket, listen, front] = Deno.args;
const attempts = {
  "read /etc/passwd": () => Deno.readTextFileSync("/etc/passwd"),
  "read configuration": () => Deno.readTextFileSync(config),
  "write configuration": () => Deno.writeTextFileSync(config, ""),
  "read domains": () => Deno.readTextFileSync(domains),
  "write domains": () => Deno.writeTextFileSync(domains, ""),
  "read mail": () => Deno.readTextFileSync(data + "/mail"),
  "write mail": () => Deno.writeTextFileSync(data + "/mail2", ""),
  "list data": () => [...Deno.readDirSync(data)],
  "read what the front has learnt": () => Deno.readTextFileSync(front + "/kept"),
  "write what the front has learnt": () => Deno.writeTextFileSync(front + "/kept2", ""),
  "write beside it": () => Deno.writeTextFileSync(front + "2", ""),
  "run": () => new Deno.Command("true").outputSync(),
  "run itself": () => new Deno.Command(Deno.execPath()).outputSync(),
  "read environment": () => Deno.env.get("HOME"),
  "see the system": () => Deno.hostname(),
  "load a library": () => Deno.dlopen("libc.so.6", {}),
  "listen as configured": () => Deno.listen({ hostname: "127.0.0.1", port: Number(listen) }).close(),
  "listen elsewhere": () => Deno.listen({ hostname: "127.0.0.1", port: Number(listen) + 1 }).close(),
  "listen on all": () => Deno.listen({ hostname: "0.0.0.0", port: Number(listen) }).close(),
  "connect elsewhere": async () => (await Deno.connect({ hostname: "127.0.0.1", port: Number(listen) + 1 })).close(),
  "look up a name": () => Deno.resolveDns("example.org", "A"),
  "use the store's socket": () => Deno.listen({ transport: "unix", path: storeSocket }).close(),
  "use the control socket": () => Deno.listen({ transport: "unix", path: controlSocket }).close(),
  "use another socket": () => Deno.listen({ transport: "unix", path: storeSocket + "2" }).close(),
  "signal another process": () => Deno.kill(Deno.ppid, "SIGCONT"),
};
const could = [];
for (const [name, attempt] of Object.entries(attempts)) {
  try {
    await attempt();
    could.push(name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable) && !/Requires|permission|NotCapable/.test(String(error))) could.push(name);
  }
}
console.log(JSON.stringify(could));
`;

/** Each role, and all that it can do of what the probe tries. */
const allowed: Readonly<Record<RoleName, readonly string[]>> = {
  front: [
    "read what the front has learnt",
    "write what the front has learnt",
    "listen as configured",
    // A permission cannot say "port 25 of anywhere": who sends mail may reach everything but others' sockets.
    "listen elsewhere",
    "listen on all",
    "connect elsewhere",
    "look up a name",
    "use the store's socket",
  ],
  store: [
    "read domains",
    "read mail",
    "write mail",
    "list data",
    "use the store's socket",
    "use the control socket",
  ],
  parser: [],
  local: [
    "read domains",
    "read mail",
    "write mail",
    "list data",
    "read what the front has learnt",
    "write what the front has learnt",
    "listen as configured",
    "use the control socket",
  ],
};

for (const role of ["front", "store", "parser", "local"] satisfies RoleName[]) {
  Deno.test(`${role} can do what it is granted, and nothing else`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "mailden-grants-" });
    const places: Places = {
      listen: ["127.0.0.1:41025"],
      data: join(folder, "data"),
      front: join(folder, "front"),
      domains: join(folder, "domains.toml"),
      storeSocket: join(folder, "store.sock"),
      controlSocket: join(folder, "ctl.sock"),
      program: join(folder, "src"),
      webSockets: [join(folder, "web.sock")],
      outbound: role === "front" ? "any" : [], // As in `serve` and in `localserve`.
    };
    const config = join(folder, "mailden.toml");
    const script = join(folder, "probe.ts");
    await Deno.mkdir(places.data);
    await Deno.mkdir(places.front);
    for (const file of [config, places.domains, join(places.data, "mail"), join(places.front, "kept")]) {
      await Deno.writeTextFile(file, "secret");
    }
    await Deno.writeTextFile(script, probe);
    const output = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-config",
        ...grantFlags(grants[role](places)),
        script,
        places.data,
        places.domains,
        config,
        places.storeSocket,
        places.controlSocket,
        "41025",
        places.front,
      ],
    }).output();
    const printed = new TextDecoder().decode(output.stdout);
    assert.ok(output.success, new TextDecoder().decode(output.stderr));
    assert.deepEqual(JSON.parse(printed), allowed[role]);
    assert.equal(await Deno.readTextFile(config), "secret");
    await Deno.remove(folder, { recursive: true });
  });
}
