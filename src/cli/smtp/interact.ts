/**
 * Lines that somebody types, sent to an SMTP server as they are.
 *
 * Tested by `tests/scenarios/tls_commands_test.ts`.
 *
 * @module
 */
import { KiB } from "../../base/bytes.ts";
import { CommandError } from "../command_error.ts";
import type { SmtpDialogue } from "./dialogue.ts";

/** Characters of one line. */
const maxLine = 64 * KiB;

/** Until the lines end, or one is QUIT, which is left to the caller. The text behind DATA has no reply until its dot. */
export async function interact(dialogue: SmtpDialogue, input: ReadableStream<Uint8Array>): Promise<void> {
  let isText = false;
  let message: string[] = [];
  for await (const line of lines(input)) {
    if (isText) {
      message.push(line);
      if (line !== ".") continue;
      await dialogue.say(message.join("\r\n"), `(${message.length} lines)`);
      [isText, message] = [false, []];
      continue;
    }
    if (/^quit\s*$/i.test(line)) return;
    const reply = await dialogue.say(line);
    isText = reply.code === 354;
  }
}

async function* lines(input: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const piece of input.pipeThrough(new TextDecoderStream())) {
    rest += piece;
    for (let end = rest.indexOf("\n"); end !== -1; end = rest.indexOf("\n")) {
      yield rest.slice(0, end).replace(/\r$/, "");
      rest = rest.slice(end + 1);
    }
    if (rest.length > maxLine) throw new CommandError("a line of standard input is too long");
  }
  if (rest !== "") yield rest;
}
