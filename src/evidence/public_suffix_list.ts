/**
 * The Public Suffix List, with the domains that private companies let others use below theirs.
 *
 * The data is that of the package: a newer list is a newer version of it.
 *
 * @module
 */
import { getDomain, getPublicSuffix } from "tldts";
import { asciiDomain, normalForm } from "../address/domain.ts";
import type { PublicSuffixes } from "../address/public_suffix.ts";

const asItIs = { validateHostname: false, extractHostname: false, detectIp: false };
/** Domains of registries alone, and those of companies too. */
const registries = { ...asItIs, allowPrivateDomains: false };
const all = { ...asItIs, allowPrivateDomains: true };

export const publicSuffixList: PublicSuffixes = {
  isPublicSuffix: (domain) => {
    const ascii = asciiDomain(domain);
    return getPublicSuffix(ascii, registries) === ascii;
  },
  organizationalDomain: (domain) => {
    const organization = getDomain(asciiDomain(domain), all);
    return organization === null ? null : normalForm(organization, { underscore: true });
  },
};
