/**
 * DKIM and ARC with dkimpy, in both directions: what we sign it verifies, what it signs we verify.
 *
 * Skipped where Debian's python3-dkim is absent.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { MessageVerifier } from "../../src/arc/message_verifier.ts";
import { sealed } from "../../src/arc/testing/sealed_message.ts";
import { type ArcResult, ArcVerifier } from "../../src/arc/verify.ts";
import { base64, type Bytes, concat, fromLatin1, latin1, utf8 } from "../../src/base/bytes.ts";
import { generateKey, recordOf } from "../../src/dkim/keys.ts";
import type { Signer } from "../../src/dkim/sign.ts";
import {
  ed25519Key,
  ed25519Signer,
  octets,
  rsaKey,
  rsaSigner,
  signed,
} from "../../src/dkim/testing/signed_message.ts";
import { DkimVerifier } from "../../src/dkim/verifier.ts";
import { txt, ZoneResolver } from "../../src/dns/testing/zone_resolver.ts";
import { fromFileUrl } from "../support/paths.ts";

const python = "/usr/bin/python3";

async function hasDkim(): Promise<boolean> {
  try {
    const args = ["-c", "import dkim, nacl"];
    return (await new Deno.Command(python, { args, stdout: "null", stderr: "null" }).output()).success;
  } catch {
    return false;
  }
}

const ready = await hasDkim();

function interop(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: ready ? name : `${name} (skipped: python3-dkim is absent)`, ignore: !ready, fn });
}

interface Job {
  readonly op: "sign" | "verify" | "arc_sign" | "arc_verify";
  readonly message: Bytes;
  readonly [option: string]: unknown;
}

/** What dkimpy says to each job. */
async function ask(jobs: readonly Job[]): Promise<readonly unknown[]> {
  const script = fromFileUrl(new URL("./dkim_peer.py", import.meta.url));
  const child = new Deno.Command(python, { args: [script], stdin: "piped", stdout: "piped", stderr: "piped" })
    .spawn();
  const input = jobs.map((job) => ({ ...job, message: fromLatin1(job.message) }));
  const writer = child.stdin.getWriter();
  await writer.write(utf8(JSON.stringify(input)));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** dkimpy signs with the time it is, and looks at the time too. */
const now = Date.now();
const forms = ["simple", "relaxed"] as const;
const large = createPrivateKey(generateKey("rsa"));

const records = {
  "rsa._domainkey.example.org": recordOf(rsaKey),
  "ed._domainkey.example.org": recordOf(ed25519Key),
  "large._domainkey.example.org": recordOf(large),
};
const resolver = () =>
  new ZoneResolver(
    Object.fromEntries(
      Object.entries(records).map(([name, text]) => [name, { records: { TXT: txt(text) } }]),
    ),
  );

const header =
  "Received: from a\n\tby b;\n Fri, 2 Jan 2026 00:00:00 +0000\nFrom:  Joe <joe@example.org>\nTo: a@example.net\n" +
  "Subject: =?utf-8?q?Is?=\n  dinner \tready?  \nDate: Fri, 2 Jan 2026 00:00:00 +0000\nMessage-ID: <1@example.org>\n" +
  "Received: twice\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n";

const messages = [
  "Hi.\n\nWe lost  the game. \n",
  "",
  "\n",
  "\n\n\n",
  " \n\n",
  "no end of a line",
  "a\tb  c \t \n\n \t\nd\n\n\n",
  ".\n..\n\xc3\xbc \xff\n",
  `${"long ".repeat(3000)}\n`,
].map((body) => octets(`${header}\n${body}`));

const signers: readonly Signer[] = [rsaSigner, ed25519Signer, {
  ...rsaSigner,
  key: large,
  selector: "large",
}];

interop("dkimpy verifies what we sign", async () => {
  const jobs = messages.flatMap((message) =>
    forms.flatMap((headerCanonicalization) =>
      forms.flatMap((bodyCanonicalization) =>
        signers.map((signer): Job => ({
          op: "verify",
          message: signed(message, [{ ...signer, headerCanonicalization, bodyCanonicalization }], now),
          records,
        }))
      )
    )
  );
  assert.deepEqual([...new Set(await ask(jobs))], ["pass"]);
});

interop("dkimpy verifies each of several signatures, with identity and expiration", async () => {
  const all = signers.map((signer) => ({
    ...signer,
    identity: "joe@sub.example.org",
    expirationSeconds: 3600,
  }));
  for (const message of messages.slice(0, 1)) {
    const jobs = all.map((_, index): Job => ({
      op: "verify",
      message: signed(message, all, now),
      records,
      index,
    }));
    assert.deepEqual(await ask(jobs), ["pass", "pass", "pass"]);
  }
});

interop("dkimpy does not verify what was changed", async () => {
  const [message] = messages;
  assert.ok(message !== undefined);
  const text = fromLatin1(signed(message, [rsaSigner], now));
  const changes = [text.replace("game", "cup"), text.replace("dinner", "lunch"), `Cc: x\r\n${text}`];
  const answers = await ask(changes.map((one) => ({ op: "verify", message: latin1(one), records })));
  for (const answer of answers) assert.notEqual(answer, "pass");
});

const pem = (key: typeof rsaKey) => key.export({ type: "pkcs1", format: "pem" }).toString();
/** The 32 octets of a key are the last of its PKCS #8. */
const seed = base64(new Uint8Array(ed25519Key.export({ type: "pkcs8", format: "der" })).slice(-32));

const keys = [
  { selector: "rsa", algorithm: "rsa-sha256", key: pem(rsaKey) },
  { selector: "large", algorithm: "rsa-sha256", key: pem(large) },
  { selector: "ed", algorithm: "ed25519-sha256", key: seed },
];

interop("we verify what dkimpy signs", async () => {
  const jobs = messages.flatMap((message) =>
    forms.flatMap((headerForm) =>
      forms.flatMap((bodyForm) =>
        keys.flatMap((key) =>
          [false, true].map((length): Job => ({
            op: "sign",
            message,
            domain: "example.org",
            header: headerForm,
            body: bodyForm,
            length,
            ...key,
          }))
        )
      )
    )
  );
  const fields = await ask(jobs);
  for (const [i, job] of jobs.entries()) {
    const field = fields[i];
    assert.ok(typeof field === "string", JSON.stringify(field));
    const verifier = new DkimVerifier({ resolver: resolver(), now });
    verifier.write(concat([latin1(field), job.message]));
    const [result] = await verifier.finish();
    assert.equal(result?.status, "pass", `${result?.why}\n${field}`);
    assert.equal(result?.lengthLimited, job["length"], field);
  }
});

async function validated(message: Bytes): Promise<ArcResult> {
  const verifier = new ArcVerifier({ resolver: resolver(), now });
  verifier.write(message);
  return await verifier.finish();
}

async function sealedTimes(message: Bytes, times: number, signer: Signer): Promise<Bytes> {
  let result = message;
  for (let i = 0; i < times; i++) {
    result = await sealed(result, await validated(result), signer, now) ?? result;
  }
  return result;
}

interop("dkimpy validates what we seal, once and again", async () => {
  const jobs: Job[] = [];
  for (const message of messages) {
    for (const times of [1, 3]) {
      jobs.push({ op: "arc_verify", message: await sealedTimes(message, times, rsaSigner), records });
    }
  }
  assert.deepEqual([...new Set(await ask(jobs))], ["pass"]);
});

/** What dkimpy takes its findings from. */
function withResults(message: Bytes, results: string): Bytes {
  return concat([latin1(`Authentication-Results: mx.example.org; ${results}\r\n`), message]);
}

async function sealedByPeer(batch: readonly Bytes[]): Promise<Bytes[]> {
  const [key] = keys;
  const jobs = batch.map((message): Job => ({
    op: "arc_sign",
    message,
    domain: "example.org",
    server: "mx.example.org",
    ...key,
  }));
  return (await ask(jobs)).map((fields, i) => {
    assert.ok(typeof fields === "string" && fields !== "", JSON.stringify(fields));
    return concat([latin1(fields), batch[i] ?? latin1("")]);
  });
}

interop("we validate what dkimpy seals, and what it and we seal in turns", async () => {
  const once = await sealedByPeer(messages.map((message) => withResults(message, "spf=pass")));
  const twice: Bytes[] = [];
  for (const message of once) {
    const result = await validated(message);
    assert.deepEqual([result.status, result.oldestPass, result.instances], ["pass", 0, 1], result.why);
    assert.match(result.chain[0]?.payload ?? "", /^mx\.example\.org; spf=pass/);
    twice.push(withResults(await sealedTimes(message, 1, rsaSigner), "arc=pass"));
  }
  const thrice = await sealedByPeer(twice);
  for (const message of thrice) {
    const result = await validated(message);
    assert.deepEqual([result.status, result.oldestPass, result.instances], ["pass", 0, 3], result.why);
  }
  const answers = await ask(thrice.map((message) => ({ op: "arc_verify", message, records })));
  assert.deepEqual([...new Set(answers)], ["pass"]);
});

interop("one pass tells of a peer's signature and of its seal", async () => {
  const [message] = messages;
  assert.ok(message !== undefined);
  const [field] = await ask([{
    op: "sign",
    message,
    domain: "example.org",
    header: "relaxed",
    body: "relaxed",
    ...keys[0],
  }]);
  const [both] = await sealedByPeer([withResults(concat([latin1(String(field)), message]), "spf=pass")]);
  const verifier = new MessageVerifier({ resolver: resolver(), now });
  verifier.write(both ?? message);
  const { dkim, arc } = await verifier.finish();
  assert.deepEqual([dkim.map((result) => result.status), arc.status], [["pass"], "pass"]);
});
