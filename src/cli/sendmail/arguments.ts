/**
 * The arguments of sendmail, as programs have called it for forty years: letters with their value behind them or in the
 * next word, several in one word, and many that mean nothing here and are read over.
 *
 * @module
 */
import type { Notify } from "../../smtp/client_state.ts";
import { exitCodes, SendFailure } from "./exit_codes.ts";

export interface SendmailArguments {
  /** `-bs`: messages come over SMTP; else one is on standard input, as it is. */
  readonly smtp: boolean;
  /** As they were typed. */
  readonly recipients: readonly string[];
  /** `-t`: also those of the header. */
  readonly fromHeader: boolean;
  /** `-f`, `-r`: where bounces go; empty for nowhere, null for not said. */
  readonly sender: string | null;
  /** `-F` */
  readonly fullName: string | null;
  /** `-i`, `-oi`: a line with a single dot is part of the message. */
  readonly keepDots: boolean;
  /** `-N`, RFC 3461 */
  readonly notify: Notify | null;
  /** `-R` */
  readonly ret: "FULL" | "HDRS" | null;
  /** `-V` */
  readonly envid: string | null;
  /** `-C`: another configuration file. */
  readonly configFile: string | null;
}

/** Letters with a value. */
const withValue = "BCFLNORVXbfhr";
/** Their value, if any, is the rest of their word. */
const valueInWord = "dqopA";
/** Letters that say nothing that matters here. */
const passedOver = "GUmnsvx";

/** What to do instead, for other things that sendmail does. */
const instead: ReadonlyMap<string, string> = new Map([
  ["p", "there is no queue here: 'mailden queue list' shows the server's"],
  ["i", "there are no aliases here: the server's configuration has the addresses"],
]);

/** @throws {SendFailure} Called wrongly. */
export function readSendmailArguments(args: readonly string[]): SendmailArguments {
  const given = new Map<string, string>();
  const recipients: string[] = [];
  let [fromHeader, keepDots] = [false, false];
  for (let i = 0; i < args.length; i++) {
    const word = args[i] ?? "";
    if (word === "--") {
      recipients.push(...args.slice(i + 1));
      break;
    }
    if (!word.startsWith("-") || word === "-") {
      recipients.push(word);
      continue;
    }
    for (let at = 1; at < word.length; at++) {
      const letter = word[at] ?? "";
      const rest = word.slice(at + 1);
      if (letter === "t") fromHeader = true;
      else if (letter === "i") keepDots = true;
      else if (valueInWord.includes(letter)) {
        // -oi, -odb, -oem, -o7; `-o` alone has its value in the next word.
        const value = rest === "" && letter === "o" ? args[++i] ?? "" : rest;
        if (letter === "o" && value === "i") keepDots = true;
        if (letter === "q") {
          throw new SendFailure(
            exitCodes.usage,
            "-q: there is no queue here: 'mailden queue schedule' is for the server's",
          );
        }
        break;
      } else if (withValue.includes(letter)) {
        const value = rest === "" ? args[++i] : rest;
        if (value === undefined) throw new SendFailure(exitCodes.usage, `-${letter} needs a value`);
        given.set(letter, value);
        break;
      } else if (letter === "e") break; // -em, -ep: how errors are told.
      else if (!passedOver.includes(letter)) {
        throw new SendFailure(exitCodes.usage, `there is no option -${letter}`);
      }
    }
  }
  const mode = given.get("b") ?? "m";
  if (mode !== "m" && mode !== "s") {
    const remedy = instead.get(mode) ?? "this sendmail only hands messages in (-bm, -bs)";
    throw new SendFailure(exitCodes.usage, `-b${mode}: ${remedy}`);
  }
  return {
    smtp: mode === "s",
    recipients,
    fromHeader,
    sender: withoutBrackets(given.get("f") ?? given.get("r")),
    fullName: given.get("F") ?? null,
    keepDots,
    notify: notifyOf(given.get("N")),
    ret: retOf(given.get("R")),
    envid: given.get("V") ?? null,
    configFile: given.get("C") ?? null,
  };
}

function withoutBrackets(text: string | undefined): string | null {
  return text === undefined ? null : text.replace(/^<(.*)>$/, "$1");
}

/** RFC 3461 4.1 */
function notifyOf(text: string | undefined): Notify | null {
  if (text === undefined) return null;
  const words = text.toUpperCase().split(",");
  if (words.length === 1 && words[0] === "NEVER") return "NEVER";
  const known = (["SUCCESS", "FAILURE", "DELAY"] as const).filter((word) => words.includes(word));
  if (known.length === words.length) return known;
  throw new SendFailure(exitCodes.usage, `-N is never, or some of success,failure,delay, not '${text}'`);
}

/** RFC 3461 4.3 */
function retOf(text: string | undefined): "FULL" | "HDRS" | null {
  if (text === undefined) return null;
  const word = text.toUpperCase();
  if (word === "FULL" || word === "HDRS") return word;
  throw new SendFailure(exitCodes.usage, `-R is full or hdrs, not '${text}'`);
}
