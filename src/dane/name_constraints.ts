/**
 * Whether the names of certificates are such as an authority above them may sign. RFC 5280 4.2.1.10
 *
 * Only DNS names: no other kind of name is taken from a certificate here.
 *
 * @module
 */
import type { CertificateFields } from "../tls/certificate_fields.ts";
import { presentedNames } from "../tls/server_names.ts";

/** What breaks the constraints of `authority`, or null. @param below The certificates that it signed, the server's first. */
export function constraintProblem(
  authority: CertificateFields,
  below: readonly CertificateFields[],
): string | null {
  const constraints = authority.nameConstraints;
  if (constraints === null) return null;
  const [leaf, ...others] = below;
  const names = [
    ...(leaf === undefined ? [] : presentedNames(leaf)),
    ...others.flatMap((one) => one.dnsNames),
  ];
  for (const name of names) {
    if (constraints.permitted.length > 0 && !constraints.permitted.some((tree) => isWithin(name, tree))) {
      return "a name of the certificate is outside of what its authority may sign";
    }
    if (constraints.excluded.some((tree) => touches(name, tree))) {
      return "a name of the certificate is one that its authority may not sign";
    }
  }
  return null;
}

/** `example.org` is the name and all below it; `.example.org`, which is not in the standard, only what is below. */
function isWithin(name: string, tree: string): boolean {
  if (tree === "") return true;
  return tree.startsWith(".") ? name.endsWith(tree) : name === tree || name.endsWith(`.${tree}`);
}

/** Also a wildcard that covers something of what is excluded. */
function touches(name: string, tree: string): boolean {
  return isWithin(name, tree) || name.startsWith("*.") && tree.endsWith(name.slice(1));
}
