/**
 * One log or queue of messages as a fluid: what waits, who was late, in closed form between changes. First in, first out; produced at a
 * constant rate, so that the age of the oldest message is what waits over that rate.
 */

export type Log = {
  /** Messages that wait. */
  readonly waiting: () => number;
  readonly counts: () => LogCounts;
  /** Lets time pass with these rates (messages a second). */
  readonly pass: (seconds: number, produced: number, capacity: number) => void;
  /** Everything that waits is gone. @returns how much it was. */
  readonly drop: () => number;
  /** Messages that are delivered a second time. */
  readonly repeat: (messages: number) => void;
  /** Messages that were taken and not worked on: they wait again, and are delivered a second time. */
  readonly giveBack: (messages: number) => void;
  /** Messages that were taken and that nobody is done with yet; negative once somebody is. */
  readonly hold: (messages: number) => void;
};

export type LogCounts = {
  readonly produced: number;
  readonly consumed: number;
  readonly duplicated: number;
  /** Consumed later than the objective. */
  readonly delayed: number;
};

/** @param objectiveSeconds How long a message may wait. */
export const makeLog = (objectiveSeconds: number): Log => {
  const counts = { produced: 0, consumed: 0, duplicated: 0, delayed: 0 };
  let waiting = 0;
  /** The rate at which what waits came in. */
  let pace = 0;
  /** A span in which either something waits all the time, or nothing does. */
  const span = (seconds: number, produced: number, consumed: number): void => {
    if (produced > 0) pace = produced;
    const limit = objectiveSeconds * pace;
    const falls = consumed - produced;
    const after = waiting - falls * seconds;
    // What is taken while the backlog is above the limit had waited too long.
    const [high, low] = [Math.max(waiting, after), Math.min(waiting, after)];
    const share = high <= limit ? 0 : low >= limit || high === low ? 1 : (high - limit) / (high - low);
    counts.delayed += consumed * seconds * share;
    counts.produced += produced * seconds;
    counts.consumed += consumed * seconds;
    waiting = Math.max(0, after);
  };
  return {
    waiting: () => waiting,
    counts: () => ({ ...counts }),
    pass: (seconds, produced, capacity) => {
      if (seconds <= 0) return;
      const falls = capacity - produced;
      const busy =
        waiting <= 0 ? (falls >= 0 ? 0 : seconds) : falls > 0 ? Math.min(seconds, waiting / falls) : seconds;
      if (busy > 0) span(busy, produced, capacity);
      if (busy < seconds) {
        waiting = 0;
        span(seconds - busy, produced, produced);
      }
    },
    drop: () => {
      const gone = waiting;
      waiting = 0;
      return gone;
    },
    repeat: (messages) => {
      counts.duplicated += messages;
    },
    giveBack: (messages) => {
      waiting += messages;
      counts.consumed -= messages;
      counts.duplicated += messages;
    },
    hold: (messages) => {
      counts.consumed -= messages;
    },
  };
};
