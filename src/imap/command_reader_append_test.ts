import assert from "node:assert/strict";
import { latin1 } from "../base/bytes.ts";
import { maxCatenatedParts } from "./append.ts";
import { CommandReader } from "./command_reader.ts";
import { play, show } from "./testing/played_reader.ts";

/** Refuses the event of this number, from 0. */
function refusing(input: string, number: number): string[] {
  const reader = new CommandReader();
  const shown: string[] = [];
  reader.push(latin1(input));
  for (let event = reader.next(), i = 0; event !== null; event = reader.next(), i++) {
    shown.push(show(event));
    if (i === number) reader.refuse();
    else if (event.kind === "part") reader.acceptMessage();
  }
  return shown;
}

Deno.test("a message of parts can be given up at every point", () => {
  // Octets that come all the same are skipped; those for which a client waits are not.
  const input = "a APPEND x CATENATE (URL a TEXT {5+}\r\nxx\r\ny URL {3+}\r\nb c URL d)\r\nb NOOP\r\n";
  const all = refusing(input, -1);
  assert.deepEqual(all.slice(-3), ["messageEnd", "command a APPEND", "command b NOOP"]);
  for (const [i, event] of all.entries()) {
    if (!/^(message|part|url|data)/.test(event)) continue;
    assert.deepEqual(refusing(input, i), [...all.slice(0, i + 1), "command b NOOP"], event);
  }
  for (const literal of ["TEXT", "URL"]) {
    for (const number of [0, 1]) {
      const waits = `a APPEND x CATENATE (URL a ${literal} {5}\r\nb NOOP\r\n`;
      assert.deepEqual(refusing(waits, number).slice(number + 1), ["command b NOOP"]);
    }
  }
});

Deno.test("there is a limit of parts, for all messages together", () => {
  const urls = (count: number) => `CATENATE (${Array(count).fill("URL a").join(" ")})`;
  const many = (count: number) => `a APPEND x ${urls(500)} ${urls(count)}\r\nb NOOP\r\n`;
  assert.equal(play([many(maxCatenatedParts - 500)]).at(-2), "command a APPEND");
  assert.deepEqual(play([many(maxCatenatedParts - 499)]), [
    "error a NO [LIMIT]: too many parts",
    "command b NOOP",
  ]);
});
