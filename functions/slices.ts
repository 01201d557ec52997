/**
 * Gates that ask about thousands of names at several servers: more than fits into one invocation. Each look goes on where the last one
 * of the same watcher had to stop, and what did not pass is asked again first. Nothing passes before everything has been asked and has passed.
 */

import * as z from "zod";
import { folded } from "../domain/folding.ts";
import { overall, type Verdict } from "../domain/gates.ts";
import { forEach } from "./check.ts";
import { bucketOf, type Run } from "./run.ts";
import type { Context } from "./step.ts";
import { judge } from "./verdicts.ts";

const Asked = z.object({ upTo: z.number().int().nonnegative() });

/** A function is cut off after 30 seconds; a look ends long before. */
const LOOK_MS = 12_000;
/** Things that are asked about at the same time. */
const SLICE = 40;
/** Fewer verdicts than these are kept one by one. */
const KEPT_MAX = 200;

/** Where the place is kept, and looked for. */
export const SLICES = ["ListBucket", "PutObject migrations/*/asked/*"] as const;

/**
 * @param name of the watcher, within the migration.
 * @param things in an order that is the same in every look.
 * @param ask the verdicts about one thing.
 */
export const askInSlices = async <T>(
  context: Context,
  run: Run,
  name: string,
  things: readonly T[],
  ask: (thing: T) => Promise<readonly Verdict[]>,
): Promise<readonly Verdict[]> => {
  const bucket = bucketOf(context);
  const key = `migrations/${run.migration}/asked/${name}.json`;
  const stored = things.length > SLICE ? await bucket.getJson(key) : undefined;
  const begun = stored ? Asked.parse(stored.value).upTo : 0;
  const startedAt = context.now().getTime();
  const verdicts: Verdict[] = [];
  let upTo = begun;
  while (upTo < things.length) {
    const slice = things.slice(upTo, upTo + SLICE);
    const found = (await forEach(slice, ask)).flat();
    verdicts.push(...found);
    if (overall(found) !== "pass") break;
    upTo += slice.length;
    if (context.now().getTime() - startedAt >= LOOK_MS) break;
  }
  if (things.length > SLICE && upTo !== begun) {
    if (stored) await bucket.replaceIf(key, { upTo }, stored.etag);
    else await bucket.putNew(key, { upTo });
  }
  const seen = verdicts.length > KEPT_MAX ? folded(verdicts, `${verdicts.length} answers`) : verdicts;
  return upTo >= things.length
    ? [...seen, ...(begun > 0 ? [rest(context, begun, things.length, true)] : [])]
    : [...seen, rest(context, upTo, things.length, false)];
};

/** How far it is: unknown until everything was asked. */
const rest = (context: Context, upTo: number, all: number, passed: boolean): Verdict =>
  judge(context, passed ? true : undefined, {
    check: "slices/asked",
    subject: `${all} names`,
    sentence: passed
      ? `${upTo} of ${all} names had been asked about before, and had passed.`
      : `${upTo} of ${all} names have been asked about and have passed; the others are next.`,
    remedy: "Nothing to do: it goes on with the next look.",
    value: upTo,
    threshold: `${all} names`,
    samples: upTo,
    source: "answers of the servers",
  });
