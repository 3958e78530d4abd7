/**
 * `sendmail`: hands messages of programs in, as /usr/sbin/sendmail does.
 *
 * Tested by `tests/scenarios/sendmail_test.ts`.
 *
 * @module
 */
import { isAbsolute, join, resolve } from "node:path";
import { ConfigError, readConfig } from "../config/load.ts";
import { checkSubmit, type SubmitConfig, submitSchema } from "../config/submit_config.ts";
import type { Grant } from "../roles/grants.ts";
import { fileProblem } from "../server/file_problem.ts";
import type { Command, Output } from "./command.ts";
import { runGranted } from "./granted_process.ts";
import { readInput } from "./message_file.ts";
import { readSendmailArguments, type SendmailArguments } from "./sendmail/arguments.ts";
import { exitCodes, SendFailure } from "./sendmail/exit_codes.ts";
import { beside } from "./sendmail/beside.ts";
import { keepFailure, nameFailures } from "./sendmail/failures.ts";

/** Where the configuration is looked for, after the user's own. */
const systemConfig = "/etc/mailden-submit.toml";
const configName = "mailden-submit.toml";

export const command: Command = {
  words: "sendmail",
  arguments: "[-t|-bs] [-i] [-f ADDRESS] [-F NAME] [-N NOTIFY] [-C FILE] [--] [RECIPIENT …]",
  ownArguments: true,
  summary: "hand in a message from standard input, in the place of /usr/sbin/sendmail",
  help: `
For cron, PHP and whatever else calls /usr/sbin/sendmail: reads a message from standard input and hands it in at a server, over
TLS, with a username and password. Reads mailden-submit.toml in the user's folder of configuration (~/.config), or
/etc/mailden-submit.toml, or the file after -C; 'mailden config example mailden-submit.toml' explains it. A link of the name
sendmail to this program is this command.

-t takes recipients from To, Cc and Bcc too. A line with a single dot ends the message, unless -i or -oi is given. Missing Date,
Message-ID and From are added, and an author who may not send becomes the one who may: see keepFrom. -F names an author of whom
nothing is said, -f says where bounces go (with keepFrom), -N, -R and -V ask for delivery reports (RFC 3461). Other options of
sendmail are read over. With -bs it speaks SMTP on standard input and output, and hands in each message before it replies.

What could not be handed in is kept in a file (failureDir). The exit code is 0, or one of sysexits.h: 64 called wrongly, 65 a
message that cannot be sent, 67 no such recipient, 68 no such server, 69 refused, 75 may work later, 77 wrong password, 78 wrong
configuration.`,
  options: {},
  async run(args, output) {
    try {
      const given = readSendmailArguments(args.positionals);
      const { file, config, failureDir } = await configuration(given, output);
      return await runProcess(file, config, failureDir, args.positionals);
    } catch (error) {
      if (!(error instanceof SendFailure)) throw error;
      output.error(`sendmail: ${error.message}`);
      return error.code;
    }
  },
};

interface Found {
  readonly file: string;
  readonly config: SubmitConfig;
  /** Empty for none: services may run without a HOME. */
  readonly failureDir: string;
}

/** The configuration. Without one the message is kept all the same. @throws {SendFailure} */
async function configuration(
  { configFile, recipients, smtp }: SendmailArguments,
  output: Output,
): Promise<Found> {
  const home = Deno.env.get("HOME") ?? "";
  const usual = home === "" ? "" : join(home, "mailden-submit.failures");
  try {
    const file = configFile === null ? await usualConfig(home) : resolve(configFile);
    const text = await Deno.readTextFile(file).catch((error) => {
      throw new SendFailure(exitCodes.config, `${file} cannot be read: ${fileProblem(error)}`);
    });
    const config = readConfig(text, file, submitSchema, checkSubmit);
    return { file, config, failureDir: config.failureDir === "" ? usual : beside(file, config.failureDir) };
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof SendFailure)) throw error;
    if (usual !== "" && !smtp && !Deno.stdin.isTerminal()) {
      const kept = await keepFailure(
        usual,
        await readInput(),
        error.message,
        recipients.join(", "),
        Date.now(),
      )
        .then((file) => `is kept in ${file}`, (why) => `could not be kept in ${usual}: ${fileProblem(why)}`);
      output.error(`sendmail: the message ${kept}`);
    }
    throw new SendFailure(exitCodes.config, error.message);
  }
}

async function usualConfig(home: string): Promise<string> {
  const xdg = Deno.env.get("XDG_CONFIG_HOME") ?? "";
  const folder = isAbsolute(xdg) ? xdg : home === "" ? "" : join(home, ".config");
  const own = folder === "" ? "" : join(folder, configName);
  for (const file of [own, systemConfig]) {
    if (file !== "" && await Deno.stat(file).then(() => true, () => false)) return file;
  }
  const looked = own === "" ? systemConfig : `${own} and ${systemConfig}`;
  throw new SendFailure(
    exitCodes.config,
    `there is no configuration, looked for in ${looked}: 'mailden config example ${configName}' shows one`,
  );
}

/** Hands it in, in a process that may use the network, read these files, and write where failures are kept. */
async function runProcess(
  file: string,
  config: SubmitConfig,
  failureDir: string,
  args: readonly string[],
): Promise<number> {
  const files = [config.trustedCertFile, config.clientCertFile, config.clientKeyFile]
    .filter((path) => path !== "").map((path) => beside(file, path));
  const kept = failureDir === "" ? [] : [failureDir];
  for (const path of [file, ...kept, ...files]) {
    if (path.includes(",")) throw new SendFailure(exitCodes.config, `${path} holds a comma: choose another`);
  }
  const grant: Grant = { net: "any", read: [file, ...files, ...kept], write: kept };
  const { code, signal } = await runGranted("sendmail_main.ts", grant, [file, failureDir, ...args]);
  // That process may not read the folder above the one that it has made.
  if (code !== 0 && failureDir !== "") await nameFailures(failureDir);
  return signal === null ? code : exitCodes.software;
}
