/**
 * Plays every transcript of `smtp/` against the real edge, over memory. The format: `tests/support/transcript.ts`.
 *
 * Before the first step of the dialogue, `!` lines may say what the server is like:
 *
 * | line | meaning |
 * | --- | --- |
 * | `! kind submission` | the kind of listener (default `delivery`) |
 * | `! with secure certificate faults plainWithoutTls` | what it has |
 * | `! without startTls` | what it has not |
 * | `! limit maxErrors 3` | a limit |
 *
 * And anywhere: `! refuse ADDRESS REASON`, `! throw REASON`, `! limited`, `! stop`, `! delivered ADDRESS...`,
 * `! body "json"`, `! asks JSON`, `! asksOf JSON...`, `! prefix REGEXP`, `! spools N`, `! released N`, `! fail REASON [text]`, `! logged REGEXP`,
 * `! metric LINE`, `! over` (the server has nothing more to do), `! again` (checks that, and connects anew).
 *
 * @module
 */
import assert from "node:assert/strict";
import { isReason, type Reason, Refused } from "../../src/base/errors.ts";
import { type SmtpStage, smtpStage, type StageSettings } from "../../src/smtpd/testing/smtp_stage.ts";
import { settle } from "../support/fake_clock.ts";
import { parseTranscript, play, type Step } from "../support/transcript.ts";

const folder = new URL("./smtp/", import.meta.url);

for (const entry of [...Deno.readDirSync(folder)].sort((a, b) => a.name < b.name ? -1 : 1)) {
  if (!entry.name.endsWith(".txt")) continue;
  const text = Deno.readTextFileSync(new URL(entry.name, folder));
  for (const [title, part] of parts(text)) {
    Deno.test(`smtp/${entry.name}${title}`, async () => await perform(parseTranscript(part)));
  }
}

/** A line `### title` begins another dialogue in the same file; line numbers stay. */
function parts(text: string): [title: string, text: string][] {
  const found: [string, string][] = [];
  let lines: string[] = [];
  let title = "";
  const end = () => {
    if (lines.some((line) => /^[CRS!]/.test(line))) found.push([title, lines.join("\n")]);
  };
  for (const [i, line] of text.split("\n").entries()) {
    if (line.startsWith("### ")) {
      end();
      title = `: ${line.slice(4)}`;
      lines = Array<string>(i).fill("");
    }
    lines.push(line);
  }
  end();
  return found;
}

const setup = new Set(["kind", "with", "without", "limit"]);

async function perform(steps: readonly Step[]): Promise<void> {
  const isSetup = (step: Step) => step.kind === "act" && setup.has(step.words[0] ?? "");
  const dialogue = steps.filter((step) => !isSetup(step));
  let stage: SmtpStage | null = null;
  for (const scene of scenes(dialogue)) {
    const now: SmtpStage = stage?.again() ?? smtpStage(settingsOf(steps.filter(isSetup)));
    await play(scene, { client: now.client, clock: now.clock, act: (words) => act(words, now) });
    now.client.destroy();
    await assertOver(now);
    stage = now;
  }
}

/** What stands between two `! again`. */
function scenes(steps: readonly Step[]): Step[][] {
  const found: Step[][] = [[]];
  for (const step of steps) {
    if (step.kind === "act" && step.words[0] === "again") found.push([]);
    else found.at(-1)?.push(step);
  }
  return found;
}

function settingsOf(steps: readonly Step[]): StageSettings {
  let settings: StageSettings = {};
  for (const step of steps) {
    if (step.kind !== "act") continue;
    const [verb, ...words] = step.words;
    if (verb === "kind") settings = { ...settings, kind: words[0] as NonNullable<StageSettings["kind"]> };
    else if (verb === "limit") {
      settings = { ...settings, limits: { ...settings.limits, [words[0] ?? ""]: Number(words[1]) } };
    } else settings = { ...settings, ...Object.fromEntries(words.map((word) => [word, verb === "with"])) };
  }
  return settings;
}

/** The connection is gone, and nothing of it is left. */
async function assertOver(stage: SmtpStage): Promise<void> {
  await stage.done;
  assert.equal(stage.clock.pending, 0, "timers are left");
  assert.equal(stage.delivery.spools.size, 0, "spool files are left");
  assert.equal(stage.authenticator.open, 0, "exchanges are left");
}

async function act(words: readonly string[], stage: SmtpStage): Promise<boolean> {
  const [verb, ...rest] = words;
  const text = rest.join(" ");
  const { delivery, authenticator } = stage;
  await settle();
  switch (verb) {
    case "refuse":
      delivery.refused.set(rest[0] ?? "", reason(rest[1]));
      return true;
    case "accept":
      delivery.refused.delete(text);
      return true;
    case "throw":
      delivery.throws.push(
        text === "bug" ? new TypeError("a bug in deliver") : new Refused(reason(text), "told to"),
      );
      return true;
    case "spoolThrow":
      delivery.spoolThrows.push(new Refused(reason(text), "told to"));
      return true;
    case "limited":
      authenticator.isLimited = true;
      return true;
    case "fail":
      authenticator.failure = {
        reason: reason(rest[0]),
        text: rest.length > 1 ? rest.slice(1).join(" ") : null,
      };
      return true;
    case "stop":
      stage.stopping.abort();
      return true;
    case "delivered": // Everyone who got a copy since the last time this was asked.
      assert.deepEqual(
        delivery.copies.map((copy) => copy.to).slice(told(delivery.copies.length, stage)),
        rest,
      );
      return true;
    case "body":
      assert.equal(delivery.copies.at(-1)?.body, JSON.parse(text));
      return true;
    case "prefix":
      assert.match(delivery.copies.at(-1)?.prefix ?? "", new RegExp(text));
      return true;
    case "noprefix":
      assert.doesNotMatch(delivery.copies.at(-1)?.prefix ?? "", new RegExp(text));
      return true;
    case "envelope":
      assert.match(
        String.fromCharCode(...delivery.copies.at(-1)?.incoming.index.envelope ?? []),
        new RegExp(text),
      );
      return true;
    case "asked": // How often the store was asked to deliver, and with how many ids.
      assert.deepEqual([delivery.ids.length, new Set(delivery.ids).size], rest.map(Number));
      return true;
    case "asks":
      assert.deepEqual(delivery.copies.at(-1)?.incoming.asked, JSON.parse(text));
      return true;
    case "asksOf":
      assert.deepEqual(
        delivery.copies.at(-1)?.incoming.recipients.map(({ asked }) => asked ?? null),
        rest.map((each) => JSON.parse(each)),
      );
      return true;
    case "spools":
      assert.equal(delivery.spools.size, Number(text));
      return true;
    case "released":
      assert.equal(authenticator.released.length, Number(text));
      return true;
    case "logged":
      assert.match(stage.logged.join("\n"), new RegExp(text));
      return true;
    case "notlogged":
      assert.doesNotMatch(stage.logged.join("\n"), new RegExp(text));
      return true;
    case "metric":
      assert.ok(stage.metrics.text().includes(`${text}\n`), `no metric ${text} in\n${stage.metrics.text()}`);
      return true;
    case "over":
      await assertOver(stage);
      return true;
    default:
      return false;
  }
}

/** How many copies were there the last time. */
const seen = new WeakMap<object, number>();

function told(now: number, stage: SmtpStage): number {
  const before = seen.get(stage.delivery) ?? 0;
  seen.set(stage.delivery, now);
  return before;
}

function reason(word: string | undefined): Reason {
  if (!isReason(word)) throw new TypeError(`no reason: ${word}`);
  return word;
}
