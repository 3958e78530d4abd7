/**
 * Why a file cannot be used, in words.
 *
 * @module
 */

/** What the system says of a file, without its number and the path, which the caller names. */
export function fileProblem(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file or folder";
  if (error instanceof Deno.errors.NotADirectory) return "what should be a folder on the way there is a file";
  if (error instanceof Deno.errors.IsADirectory) return "it is a folder";
  if (error instanceof Deno.errors.PermissionDenied) return "this user may not";
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/ \(os error \d+\)|: [a-z]+ '.*'$/g, "");
}
