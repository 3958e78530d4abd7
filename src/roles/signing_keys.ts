/**
 * The keys that sign outgoing mail, as the configuration names them, opened when the store starts.
 *
 * @module
 */
import type { DynamicConfig } from "../config/dynamic_config.ts";
import { Signing } from "../delivery/signing.ts";
import { DkimKeys, KeyFileError } from "../store/dkim_keys.ts";
import { realDisk } from "../store/disk.ts";

/**
 * Opens all keys of all domains.
 *
 * @param make Whether keys that are not there are made, as localserve does.
 * @throws {KeyFileError} With every key that cannot be used, each on its line.
 */
export async function openSigning(
  dataFolder: string,
  dynamic: DynamicConfig,
  make: boolean,
): Promise<Signing> {
  const keys = new DkimKeys(dataFolder, realDisk);
  const signing = new Signing();
  const problems: string[] = [];
  for (const [domain, { dkim }] of Object.entries(dynamic.domains)) {
    for (const [selector, settings] of Object.entries(dkim.selectors)) {
      try {
        const key = make
          ? await keys.readOrMake(settings.privateKeyFile)
          : keys.read(settings.privateKeyFile);
        signing.add(domain, selector, key, settings, dkim.sign.includes(selector));
      } catch (error) {
        if (!(error instanceof KeyFileError)) throw error;
        problems.push(`domains.${domain}.dkim.selectors.${selector}.privateKeyFile: ${error.message}`);
      }
    }
  }
  if (problems.length > 0) throw new KeyFileError(problems.join("\n"));
  return signing;
}
