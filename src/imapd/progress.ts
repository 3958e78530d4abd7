/**
 * Tells the client of a command that takes long how far it has come: `* OK [INPROGRESS ("a1" 454 1000)]`. RFC 9585
 *
 * Tested by `src/imapd/progress_test.ts`.
 *
 * @module
 */
import { writeCondition } from "../imap/response.ts";
import { TransportError } from "../net/transport.ts";
import type { Session } from "./session.ts";

/** How often: some clients give up after a minute of silence. RFC 9585 4 */
export const progressMs = 10_000;

/** Of a command that hears itself how far it has come. */
export class Progress {
  readonly #session: Session;
  readonly #tag: string;
  #told: number;

  constructor(session: Session, tag: string) {
    this.#session = session;
    this.#tag = tag;
    this.#told = session.environment.clock.monotonic();
  }

  /** To be called often. @throws {TransportError} If nobody waits for the answer any more. */
  async report(done: number, goal: number): Promise<void> {
    const { transport, environment } = this.#session;
    if (transport.ended.aborted) throw new TransportError("closed", "nobody waits for the answer");
    const now = environment.clock.monotonic();
    if (now - this.#told < progressMs) return;
    this.#told = now;
    await tell(this.#session, this.#tag, done, goal);
  }
}

/** Waits for what tells nothing of itself, which writes nothing meanwhile; says now and then that it goes on. */
export async function whileWorking<T>(session: Session, tag: string, work: Promise<T>): Promise<T> {
  const { clock } = session.environment;
  let told: Promise<void> = Promise.resolve();
  const again = () =>
    clock.after(progressMs, () => {
      // What fails here fails again when the answer is written.
      told = told.then(() => tell(session, tag, null, null)).catch(() => {});
      timer = again();
    });
  let timer = again();
  try {
    return await work;
  } finally {
    timer.cancel();
    await told;
  }
}

async function tell(session: Session, tag: string, done: number | null, goal: number | null): Promise<void> {
  const code = { code: "INPROGRESS" as const, tag, done, goal };
  writeCondition(session.out.w, null, "OK", code, "still working");
  await session.out.flush();
}
