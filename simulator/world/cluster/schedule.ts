/** The ticks of a CronJob's schedule: five fields or a descriptor, in its time zone. */

import { Cron } from "croner";

const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

const everyMs = (schedule: string): number | undefined => {
  if (!schedule.startsWith("@every ")) return undefined;
  let total = 0;
  for (const [, count, unit] of schedule.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g))
    total += Number(count) * (UNITS[unit ?? ""] ?? 0);
  return total;
};

/** Between the time that was asked about and the tick found, that tick stays the answer. */
type Answer = { readonly after: number; readonly next: number | undefined };

type Known = { readonly cron: Cron; answers: Answer[] };

/** Answers that are kept of a schedule: rehearsals of one process ask about the same days. */
const ANSWERS_MAX = 64;

/** Schedules that were read, each with its latest answers. */
const parsed = new Map<string, Known>();

const read = (schedule: string, timeZone: string): Known => {
  const key = `${timeZone} ${schedule}`;
  const known = parsed.get(key);
  if (known) return known;
  const cron = new Cron(schedule, { paused: true, mode: "5-part", timezone: timeZone });
  const made: Known = { cron, answers: [] };
  parsed.set(key, made);
  return made;
};

/** The first tick after a time (milliseconds since 1970); undefined where none ever comes. */
export const nextTick = (schedule: string, timeZone: string, afterMs: number): number | undefined => {
  const every = everyMs(schedule);
  if (every !== undefined) return afterMs + every;
  try {
    const known = read(schedule, timeZone);
    const answer = known.answers.find(
      ({ after, next }) => afterMs >= after && (next === undefined || afterMs < next),
    );
    if (answer) return answer.next;
    const next = known.cron.nextRun(new Date(afterMs))?.getTime();
    known.answers = [{ after: afterMs, next }, ...known.answers.slice(0, ANSWERS_MAX - 1)];
    return next;
  } catch {
    // A schedule that the source has and nobody can read: the real controller says so in an event, and never runs it.
    return undefined;
  }
};

/** Over this many missed ticks the real controller gives up and says so. */
export const MISSED_MAX = 100;

/** The ticks in (after, until], at most one more than the limit. */
export const ticksBetween = (
  schedule: string,
  timeZone: string,
  afterMs: number,
  untilMs: number,
): readonly number[] => {
  const ticks: number[] = [];
  let tick = nextTick(schedule, timeZone, afterMs);
  while (tick !== undefined && tick <= untilMs && ticks.length <= MISSED_MAX) {
    ticks.push(tick);
    tick = nextTick(schedule, timeZone, tick);
  }
  return ticks;
};
