/** What the contracts of the simulated AWS services share: a step that calls through the seam, and a wire that is looked at. */

import type { AwsClients, Needs } from "../../functions/step.ts";
import { Clock } from "../../simulator/clock.ts";
import { makeRandom } from "../../simulator/random.ts";
import {
  type FaultHook,
  type Invocation,
  makeSeam,
  type Observed,
  withInvocation,
} from "../../simulator/services/seam.ts";
import { type AwsServices, CLIENT_OPTIONS, makeAwsClients } from "../../simulator/services/seam-aws.ts";

/** A Tuesday, 2026-03-03T02:00:00Z. */
export const STARTS_AT = Date.UTC(2026, 2, 3, 2);

export type Bench = {
  readonly clock: Clock;
  readonly aws: AwsClients;
  readonly observed: Observed[];
  /** Runs something as a step, in virtual time, until it ends. */
  readonly asStep: <T>(run: (aws: AwsClients) => Promise<T>, needs?: Needs) => Promise<T>;
};

/** The clients over simulated services, on a clock of their own. */
export const makeBench = (
  services: (clock: Clock) => AwsServices,
  options: { readonly needs: Needs; readonly fault?: FaultHook },
): Bench => {
  const clock = new Clock(STARTS_AT);
  const observed: Observed[] = [];
  const seam = makeSeam({
    clock,
    random: makeRandom(7),
    onCall: (call) => observed.push(call),
    ...(options.fault ? { fault: options.fault } : {}),
  });
  const aws = makeAwsClients(seam, services(clock));
  const asStep: Bench["asStep"] = (run, needs = options.needs) => runOn(clock, () => run(aws), needs);
  return { clock, aws, observed, asStep };
};

/** Runs a promise on a virtual clock until it settles; a step that crashes rejects. */
export const runOn = async <T>(
  clock: Clock,
  run: () => Promise<T>,
  needs: Needs,
  step = "a-step",
): Promise<T> => {
  let settled = false;
  const crashed = Promise.withResolvers<never>();
  const invocation: Invocation = {
    step,
    needs,
    execution: "an-execution",
    crash: (reason) => crashed.reject(reason),
  };
  const task = clock
    .task(step, () => withInvocation(invocation, () => Promise.race([run(), crashed.promise])))
    .finally(() => {
      settled = true;
    });
  task.catch(() => {});
  await clock.run(() => settled);
  return task;
};

/** What a client put on the wire. */
export type WireRequest = {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

export type WireAnswer = {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
};

/** Client options with a request handler that keeps what was sent and answers with the bytes that the real service would send. */
export const onWire = (sent: WireRequest[], answer: WireAnswer) => ({
  ...CLIENT_OPTIONS,
  requestHandler: {
    metadata: { handlerProtocol: "http/1.1" },
    handle: async (request: Omit<WireRequest, "body"> & { readonly body?: unknown }) => {
      const { body: raw } = request;
      const body = typeof raw === "string" ? raw : raw ? new TextDecoder().decode(raw as Uint8Array) : "";
      sent.push({
        method: request.method,
        path: request.path,
        query: request.query,
        headers: request.headers,
        body,
      });
      const { Readable } = await import("node:stream");
      return {
        response: {
          statusCode: answer.status ?? 200,
          headers: { ...answer.headers },
          body: Readable.from([Buffer.from(answer.body ?? "")]),
        },
      };
    },
  },
});
