/**
 * The entry of the process that hands messages in: the configuration's file, the folder of failures, and sendmail's
 * arguments.
 *
 * Tested by `tests/scenarios/sendmail_test.ts`.
 *
 * @module
 */
import { type Bytes, hex, KiB, noBytes } from "../base/bytes.ts";
import { readConfig } from "../config/load.ts";
import { checkSubmit, type SubmitConfig, submitSchema } from "../config/submit_config.ts";
import { systemClock } from "../net/system_clock.ts";
import { TransportError } from "../net/transport.ts";
import { fileProblem } from "../server/file_problem.ts";
import { CommandError } from "./command_error.ts";
import { readInput } from "./message_file.ts";
import { readSendmailArguments, type SendmailArguments } from "./sendmail/arguments.ts";
import { exitCodes, SendFailure } from "./sendmail/exit_codes.ts";
import { beside } from "./sendmail/beside.ts";
import { keepFailure } from "./sendmail/failures.ts";
import { addressText, prepareSubmission } from "./sendmail/outgoing_message.ts";
import { serveSmtpInput } from "./sendmail/smtp_input.ts";
import { submit, type SubmitFiles } from "./sendmail/submit.ts";
import { terminalText } from "./terminal_text.ts";

/** Where things are. */
interface Places {
  readonly configFile: string;
  /** Empty: nothing can be kept. */
  readonly failureDir: string;
}

/** Reads the message, or several over SMTP, and hands them in. @returns The exit code. */
async function send(places: Places, args: readonly string[]): Promise<number> {
  const { configFile } = places;
  let input: Bytes = noBytes;
  let named: readonly string[] = [];
  try {
    const given = readSendmailArguments(args);
    named = given.recipients;
    const config = readConfig(await textOf(configFile), configFile, submitSchema, checkSubmit);
    if (given.smtp) return await serve(places, given, config);
    input = await readInput();
    await handIn(input, given, config, configFile);
    return 0;
  } catch (error) {
    const failure = failureOf(error);
    say(failure.message);
    return input.length === 0 ? failure.code : await keep(places, input, failure, named);
  }
}

/** Takes messages over SMTP; what becomes of each is told in its reply. */
async function serve(places: Places, given: SendmailArguments, config: SubmitConfig): Promise<number> {
  await serveSmtpInput({
    read: async () => {
      const piece = new Uint8Array(64 * KiB);
      const length = await Deno.stdin.read(piece);
      return length === null ? null : piece.subarray(0, length);
    },
    write: async (bytes) => {
      try {
        for (let at = 0; at < bytes.length;) at += await Deno.stdout.write(bytes.subarray(at));
      } catch (error) {
        if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
        throw new TransportError("closed", "who called it has gone");
      }
    },
    handIn: async (message, from, to) => {
      const recipients = to.map(addressText);
      const sender = from === null ? "" : addressText(from);
      try {
        const envelope = { recipients, sender, fromHeader: false, keepDots: true };
        await handIn(message, { ...given, ...envelope }, config, places.configFile);
        return null;
      } catch (error) {
        const failure = failureOf(error);
        say(failure.message);
        await keep(places, message, failure, recipients);
        return failure.code === exitCodes.temporary
          ? { code: 451, enhanced: "4.3.0", text: failure.message }
          : { code: 554, enhanced: "5.3.0", text: failure.message };
      }
    },
    clock: systemClock,
  });
  return 0;
}

/** @throws {unknown} See {@link failureOf}. */
async function handIn(
  input: Bytes,
  given: SendmailArguments,
  config: SubmitConfig,
  configFile: string,
): Promise<void> {
  const now = Date.now();
  const submission = prepareSubmission(input, given, config, {
    now,
    offsetMinutes: -new Date(now).getTimezoneOffset(),
    id: hex(crypto.getRandomValues(new Uint8Array(16))),
  });
  await submit(submission, given, { config, files: await filesOf(configFile, config), clock: systemClock });
}

/** Keeps a message that was not handed in. @param named Recipients, who may stand nowhere else. @returns The exit code. */
async function keep(
  { configFile, failureDir }: Places,
  input: Bytes,
  failure: SendFailure,
  named: readonly string[],
): Promise<number> {
  if (failureDir === "") {
    say(`the message is not kept: there is no HOME, and no failureDir in ${configFile}`);
    return withoutCopy(failure);
  }
  // Those of the header stand in the message.
  const recipients = (failure.recipients?.map(addressText) ?? named).join(", ");
  try {
    say(
      `the message is kept in ${await keepFailure(
        failureDir,
        input,
        failure.message,
        recipients,
        Date.now(),
      )}`,
    );
    return failure.code;
  } catch (problem) {
    say(`the message could not be kept in ${failureDir}: ${fileProblem(problem)}`);
    return withoutCopy(failure);
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
  Deno.exit(await send({ configFile, failureDir }, args));
}
