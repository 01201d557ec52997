/** The seam over one bucket, with everything that it tells on record: for its tests. */

import type { Needs } from "../../functions/step.ts";
import { Clock } from "../../simulator/clock.ts";
import { makeRandom } from "../../simulator/random.ts";
import { makeS3 } from "../../simulator/services/s3.ts";
import {
  type Crashed,
  type FaultHook,
  type Invocation,
  makeSeam,
  type Observed,
  type Strike,
  withInvocation,
} from "../../simulator/services/seam.ts";
import { makeAwsClients } from "../../simulator/services/seam-aws.ts";

export const NEEDS: Needs = { s3: ["PutObject", "GetObject", "ListBucket"] };
export const BUCKET = "memory";

export const bench = (fault?: FaultHook) => {
  const clock = new Clock(0);
  const observed: Observed[] = [];
  const permissions: string[] = [];
  const seam = makeSeam({
    clock,
    random: makeRandom(3),
    onCall: (call) => observed.push(call),
    onPermission: (step, service, action, allowed) =>
      permissions.push(`${step} ${service}:${action} ${allowed}`),
    isPlanned: (resource) => resource === "deployments",
    ...(fault ? { fault } : {}),
  });
  const s3 = makeS3({ bucket: BUCKET, clock, random: makeRandom(1) });
  const aws = makeAwsClients(seam, { s3: s3.handlers });
  const crashes: Crashed[] = [];
  /** Starts a step; `run` the clock afterwards. */
  const start = <T>(run: () => Promise<T>, needs = NEEDS, step = "a-step") => {
    const { promise: crashed, resolve } = Promise.withResolvers<"crashed">();
    const crash = (reason: Crashed) => {
      crashes.push(reason);
      resolve("crashed");
    };
    const invocation: Invocation = { step, needs, execution: "e", crash };
    const ended = clock
      .task(step, () => withInvocation(invocation, () => Promise.race([run(), crashed])))
      .then(
        (value) => ({ value }),
        (error: unknown) => ({ error: error as Error & { $metadata?: { httpStatusCode?: number } } }),
      );
    return { ended, invocation };
  };
  const runAll = () => clock.run(() => false);
  return { clock, seam, s3, aws, observed, permissions, crashes, start, runAll };
};

/** Strikes every call that changes something. */
export const on =
  (moment: "before" | "after", strike: Strike): FaultHook =>
  (call) =>
    call.mutating && call.moment === moment ? strike : undefined;
