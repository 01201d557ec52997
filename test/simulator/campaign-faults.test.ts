/** Faults of the function service itself: a function that dies with its answer, one that runs twice, one that nobody waits for any more. */

import { expect, it } from "vitest";
import * as z from "zod";
import type { Context, Step } from "../../functions/step.ts";
import { Clock } from "../../simulator/clock.ts";
import { type FaultRequest, makeFaults } from "../../simulator/faults/strikes.ts";
import { makeRandom } from "../../simulator/random.ts";
import { makeLambda } from "../../simulator/rehearsal/lambda.ts";
import { makeSeam } from "../../simulator/services/seam.ts";

/** What happened, each with the second in which it did. */
const watch = async (faults: readonly FaultRequest[], attempts = 1): Promise<readonly string[]> => {
  const clock = new Clock(0);
  const seen: string[] = [];
  const note = (what: string) => seen.push(`${Math.round(clock.elapsedSeconds())} s ${what}`);
  const active = makeFaults(faults, { clock, emit: () => {}, world: () => ({}) });
  const seam = makeSeam({ clock, random: makeRandom(1), fault: active.hook });
  const patch = () =>
    seam.pass<string>({
      call: { service: "kubernetes", action: "patch deployments", mutating: true, subject: "web" },
      input: {},
      permission: undefined,
      run: () => {
        note("effect");
        return "";
      },
      deny: () => "",
      strike: () => {
        throw new Error("struck");
      },
      lost: () => new Error("lost"),
      refusal: () => undefined,
      isAnswer: () => false,
    });
  const step: Step = {
    name: "scale-workload",
    does: "Scales.",
    input: z.unknown(),
    needs: {},
    run: async () => {
      await patch();
      note("end");
      return {};
    },
  };
  const invoke = makeLambda({
    clock,
    context: () => ({}) as Context,
    steps: [step],
    onInvocation: () => {},
    faults: active,
  });
  const request = {
    functionName: step.name,
    payload: {},
    execution: { arn: "arn", machine: "scale", name: "one" },
    state: "Scale",
  };
  const attempt = (left: number): void => {
    invoke(request).then(
      () => note("answer"),
      (error: Error) => {
        note(error.name);
        if (left > 1) clock.after(2_000, () => attempt(left - 1));
      },
    );
  };
  clock.after(0, () => attempt(attempts));
  await clock.run(() => false);
  return seen;
};

const at = (kind: string, more: Partial<FaultRequest> = {}): FaultRequest => ({
  kind,
  step: "scale-workload",
  ...more,
});

it.each([
  ["nothing", [], ["0 s effect", "0 s end", "0 s answer"]],
  [
    "crash-before-return",
    [at("crash-before-return")],
    ["0 s effect", "0 s end", "0 s Lambda.Unknown", "2 s effect", "2 s end", "2 s answer"],
  ],
  ["duplicate", [at("duplicate")], ["0 s effect", "0 s end", "0 s effect", "0 s end", "0 s answer"]],
  [
    "zombie",
    [at("zombie")],
    ["0 s Lambda.SdkClientException", "2 s effect", "2 s end", "2 s answer", "20 s effect", "20 s end"],
  ],
  [
    "a zombie that doesn't live to see its effect",
    [at("zombie", { seconds: 31 })],
    ["0 s Lambda.SdkClientException", "2 s effect", "2 s end", "2 s answer"],
  ],
  [
    "a crash that lets one occasion pass",
    [at("crash-after-effect", { skip: 1 }), at("duplicate")],
    ["0 s effect", "0 s end", "0 s effect", "0 s Lambda.Unknown", "2 s effect", "2 s end", "2 s answer"],
  ],
])("%s", async (_, faults, expected) => {
  expect(await watch(faults, 3)).toEqual(expected);
});
