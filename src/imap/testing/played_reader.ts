/**
 * A command reader that is fed, and what it says, in words.
 *
 * Tested by `src/imap/command_reader_test.ts`
 *
 * @module
 */
import { fromLatin1, latin1 } from "../../base/bytes.ts";
import { CommandReader, defaultLimits, type ReaderLimits } from "../command_reader.ts";
import type { ReaderEvent } from "../reader_event.ts";

/** What the owner of a reader does at an announced message. */
export type Decision = "accept" | "refuse";

/** Events in short, as `literal 3 sync`, `data abc`, `command a LOGIN`, `error a BAD: text`. Data are joined. */
export function play(
  pieces: readonly string[],
  limits: Partial<ReaderLimits> = {},
  decide: Decision = "accept",
): string[] {
  const reader = new CommandReader({ ...defaultLimits, ...limits });
  const shown: string[] = [];
  for (const piece of pieces) {
    reader.push(latin1(piece));
    for (let event = reader.next(); event !== null; event = reader.next()) {
      const last = shown.at(-1);
      if (event.kind === "data" && last?.startsWith("data ")) {
        shown[shown.length - 1] = last + show(event).slice(5);
      } else shown.push(show(event));
      const announced = event.kind === "part" || (event.kind === "message" && event.message.size !== null);
      if (announced) {
        if (decide === "accept") reader.acceptMessage();
        else reader.refuse();
      }
      if (event.kind === "command" && event.command.verb === "IDLE") reader.expectLine();
    }
  }
  return shown;
}

/** An event in short. */
export function show(event: ReaderEvent): string {
  switch (event.kind) {
    case "literal":
      return `literal ${event.size}${event.sync ? " sync" : ""}`;
    case "message": {
      const { mailbox, index, size, binary, utf8, replaces } = event.message;
      if (size === null) return `message ${event.tag} ${mailbox} ${index} of parts`;
      const how = replaces === null ? "" : ` for ${replaces.uid ? "UID " : ""}${replaces.set.ranges[0]}`;
      const sent = `${event.sync ? " sync" : ""}${binary ? " binary" : ""}${utf8 ? " utf8" : ""}`;
      return `message ${event.tag} ${mailbox} ${index} ${size}${how}${sent}`;
    }
    case "data":
    case "line":
      return `${event.kind} ${fromLatin1(event.bytes)}`;
    case "part":
      return `part ${event.size}${event.sync ? " sync" : ""}${event.binary ? " binary" : ""}`;
    case "url":
      return `url ${event.url}`;
    case "messageEnd":
      return "messageEnd";
    case "command":
      return `command ${event.tag} ${event.command.verb}`;
    case "error": {
      const code = event.code === null ? "" : ` [${event.code}]`;
      return `${event.fatal ? "fatal" : "error"} ${event.tag ?? "*"} ${event.status}${code}: ${event.text}`;
    }
  }
}
