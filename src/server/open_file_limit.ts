/**
 * How many files a process that is started from here may have open.
 *
 * Tested by `src/server/open_file_limit_test.ts` and `tests/scenarios/open_files_test.ts`.
 *
 * @module
 */

/** The system's number, which the runtime has raised to what it may be; null for none, or where nobody can tell. */
export async function openFileLimit(): Promise<number | null> {
  try {
    const { stdout } = await new Deno.Command("sh", {
      args: ["-c", "ulimit -n"],
      stdin: "null",
      stderr: "null",
    }).output();
    return readLimit(new TextDecoder().decode(stdout));
  } catch {
    return null; // No shell is here, or it may not be run.
  }
}

/** What the shell says. */
export function readLimit(said: string): number | null {
  return /^[1-9]\d{0,14}\s*$/.test(said) ? Number(said) : null; // Else it says "unlimited".
}
