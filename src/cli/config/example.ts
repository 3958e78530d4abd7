/**
 * `config example`: prints annotated configuration files.
 *
 * @module
 */
import { dynamicSchema } from "../../config/dynamic_config.ts";
import { exampleFile } from "../../config/load.ts";
import { submitSchema } from "../../config/submit_config.ts";
import { staticSchema } from "../../config/static_config.ts";
import { type Command, UsageError } from "../command.ts";

const files = {
  "mailden.toml": () => exampleFile(staticSchema),
  "domains.toml": () => exampleFile(dynamicSchema),
  "mailden-submit.toml": () => exampleFile(submitSchema),
};

export const command: Command = {
  words: "config example",
  arguments: "mailden.toml|domains.toml|mailden-submit.toml",
  count: 1,
  summary: "print a configuration file with every setting explained",
  help: `
Prints the whole file as comments: each setting with its meaning, kind and default. Copy what you need, without
the # in front. mailden-submit.toml is what 'mailden sendmail' reads.`,
  options: {},
  run(args, output) {
    const name = args.positionals[0] ?? "";
    const make = Object.entries(files).find(([file]) => file === name)?.[1];
    if (make === undefined) {
      throw new UsageError(
        `there is no example '${name}': say mailden.toml, domains.toml or mailden-submit.toml`,
      );
    }
    output.out(make().trimEnd());
    return Promise.resolve(0);
  },
};
