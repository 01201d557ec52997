/** The record of a run as it is written: each event stamped with virtual time, serialised once, and taken into the digest. */

import { createHash } from "node:crypto";
import type { RunEvent, Unstamped } from "../../domain/events.ts";
import type { Clock } from "../clock.ts";

export type Recorder = {
  readonly emit: (event: Unstamped) => void;
  readonly events: readonly RunEvent[];
  /** SHA-256 over all lines so far, each with its newline. */
  readonly digest: () => string;
};

/** Characters that are hashed at once: each call costs as much as a thousand of them. */
const HASHED_AT = 65_536;

/** @param onEvent Sees each event with its line of JSON, as it happens. */
export const makeRecorder = (clock: Clock, onEvent: (event: RunEvent, line: string) => void): Recorder => {
  const events: RunEvent[] = [];
  const hash = createHash("sha256");
  let lines = "";
  const take = () => {
    hash.update(lines);
    lines = "";
  };
  return {
    events,
    emit: (unstamped) => {
      const event = { at: clock.elapsedSeconds(), ...unstamped } as RunEvent;
      const line = JSON.stringify(event);
      events.push(event);
      lines += `${line}\n`;
      if (lines.length > HASHED_AT) take();
      onEvent(event, line);
    },
    digest: () => {
      take();
      return hash.copy().digest("hex");
    },
  };
};
