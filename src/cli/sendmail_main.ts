/**
 * The entry of the process that hands a message in: the configuration's file, the folder of failures, and sendmail's
 * arguments.
 *
 * Tested by `tests/scenarios/sendmail_test.ts`.
 *
 * @module
 */
import { type Bytes, hex, noBytes } from "../base/bytes.ts";
import { readConfig } from "../config/load.ts";
import { checkSubmit, type SubmitConfig, submitSchema } from "../config/submit_config.ts";
import { systemClock } from "../net/system_clock.ts";
import { fileProblem } from "../server/file_problem.ts";
import { CommandError } from "./command_error.ts";
import { readInput } from "./message_file.ts";
import { readSendmailArguments } from "./sendmail/arguments.ts";
import { exitCodes, SendFailure } from "./sendmail/exit_codes.ts";
import { beside } from "./sendmail/beside.ts";
import { keepFailure } from "./sendmail/failures.ts";
import { addressText, prepareSubmission } from "./sendmail/outgoing_message.ts";
import { submit, type SubmitFiles } from "./sendmail/submit.ts";
import { terminalText } from "./terminal_text.ts";

/** Reads the message, and hands it in. @returns The exit code. */
async function send(configFile: string, failureDir: string, args: readonly string[]): Promise<number> {
  const now = Date.now();
  let input: Bytes = noBytes;
  let named: readonly string[] = [];
  try {
    const given = readSendmailArguments(args);
    named = given.recipients;
    const config = readConfig(await textOf(configFile), configFile, submitSchema, checkSubmit);
    input = await readInput();
    const submission = prepareSubmission(input, given, config, {
      now,
      offsetMinutes: -new Date(now).getTimezoneOffset(),
      id: hex(crypto.getRandomValues(new Uint8Array(16))),
    });
    await submit(submission, given, { config, files: await filesOf(configFile, config), clock: systemClock });
    return 0;
  } catch (error) {
    const failure = failureOf(error);
    say(failure.message);
    if (input.length === 0) return failure.code;
    if (failureDir === "") {
      say(`the message is not kept: there is no HOME, and no failureDir in ${configFile}`);
      return withoutCopy(failure);
    }
    // Those of the header stand in the message.
    const recipients = (failure.recipients?.map(addressText) ?? named).join(", ");
    return await keepFailure(failureDir, input, failure.message, recipients, now).then((file) => {
      say(`the message is kept in ${file}`);
      return failure.code;
    }, (problem: unknown) => {
      say(`the message could not be kept in ${failureDir}: ${fileProblem(problem)}`);
      return withoutCopy(failure);
    });
  }
}

/** Of a message that is nowhere kept: the caller must do something, or try again. */
function withoutCopy({ code }: SendFailure): number {
  return code === exitCodes.temporary ? code : exitCodes.cannotCreate;
}

function failureOf(error: unknown): SendFailure {
  if (error instanceof SendFailure) return error;
  if (error instanceof CommandError) return new SendFailure(exitCodes.data, error.message); // It is too large.
  return new SendFailure(
    exitCodes.software,
    error instanceof Error ? error.stack ?? error.message : String(error),
  );
}

function say(text: string): void {
  // deno-lint-ignore no-console -- The command line writes to the terminal.
  console.error(terminalText(`sendmail: ${text}`));
}

async function filesOf(configFile: string, config: SubmitConfig): Promise<SubmitFiles> {
  const read = (path: string) => path === "" ? Promise.resolve("") : textOf(beside(configFile, path));
  const [trusted, chainPem, keyPem] = await Promise.all([
    read(config.trustedCertFile),
    read(config.clientCertFile),
    read(config.clientKeyFile),
  ]);
  return {
    trusted: trusted === "" ? [] : [trusted],
    certificate: chainPem === "" ? null : { chainPem, keyPem },
  };
}

async function textOf(file: string): Promise<string> {
  return await Deno.readTextFile(file).catch((error) => {
    throw new SendFailure(exitCodes.config, `${file} cannot be read: ${fileProblem(error)}`);
  });
}

if (import.meta.main) {
  const [configFile = "", failureDir = "", ...args] = Deno.args;
  Deno.exit(await send(configFile, failureDir, args));
}
