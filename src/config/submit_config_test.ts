import assert from "node:assert/strict";
import { ConfigError, readConfig } from "./load.ts";
import { checkSubmit, submitSchema } from "./submit_config.ts";

const read = (text: string) => readConfig(text, "mailden-submit.toml", submitSchema, checkSubmit);
const least = 'host = "mail.example.org"\nfrom = "ann@example.org"\n';

Deno.test("mailden-submit.toml needs a host and an address, and demands TLS", () => {
  const config = read(least);
  assert.deepEqual([config.port, config.tls, config.keepFrom, config.timeout], [
    465,
    "implicit",
    false,
    180_000,
  ]);
  assert.equal(config.mechanisms[0], "EXTERNAL");
});

const wrong: [text: string, problem: RegExp][] = [
  ["", /host: is missing[^]*from: is missing/],
  [`${least}port = 0\n`, /port: 0 is out of range/],
  [least.replace("mail.example.org", "mail example"), /host: "mail example" is no host/],
  [least.replace("ann@example.org", "ann"), /from: "ann" is no address/],
  [`${least}username = "ann"\n`, /username: needs a password, or a clientCertFile/],
  [`${least}clientCertFile = "a.pem"\n`, /clientCertFile: goes together with clientKeyFile/],
  [`${least}localRecipient = "root"\n`, /localRecipient: "root" is no address/],
  [`${least}mechanisms = ["NTLM"]\n`, /mechanisms\[0\]: "NTLM" is none of/],
  [`${least}passwrod = "x"\n`, /did you mean password\?/],
  [`${least}timeout = "10ms"\n`, /timeout: "10ms" is too little/],
];
for (const [text, problem] of wrong) {
  Deno.test(`mailden-submit.toml: ${problem.source}`, () => {
    assert.throws(() => read(text), (error) => error instanceof ConfigError && problem.test(error.message));
  });
}
