/** What is done about executions that ended where no Catch could see it: which way, and once. */

import { describe, expect, it } from "vitest";
import { keys } from "../../domain/journal.ts";
import { answerEndingListener } from "../../functions/answer-ending.ts";
import { reconcile } from "../../functions/reconcile.ts";
import { DEPLOYED } from "../../simulator/services/deployed.ts";
import { makeStepBench, RUN, type StepBench, smallPlan } from "./bench.ts";

const ARN = "arn:aws:states:eu-central-1:111122223333:execution:migrate-cluster:shop-1";
const BACK = "arn:aws:states:eu-central-1:111122223333:execution:roll-back:shop-1-by-hand";
const LOCKS = ["shop-kops", "shop-eks"].map(keys.lock);

type Seen = {
  readonly machine?: string;
  readonly status?: string;
  readonly error?: string;
  readonly input?: object;
  readonly redriveCount?: number;
  readonly stoppedAgoSeconds?: number;
};

/** A bench on which Step Functions remembers these executions, and notes what is started. */
const remembering = (executions: Readonly<Record<string, Seen>>, bench = makeStepBench()) => {
  const started: { name: string; input: unknown; stateMachineArn: string }[] = [];
  const send = async (command: {
    readonly constructor: { readonly name: string };
    readonly input: never;
  }) => {
    const input = command.input as {
      executionArn?: string;
      name: string;
      input: string;
      stateMachineArn: string;
    };
    if (command.constructor.name === "StartExecutionCommand") {
      if (started.some((s) => s.name === input.name))
        throw Object.assign(new Error("exists"), {
          name: "ExecutionAlreadyExists",
          $metadata: { httpStatusCode: 400 },
        });
      started.push({ ...input, input: JSON.parse(input.input) });
      return { executionArn: `arn:aws:states:eu-central-1:111122223333:execution:roll-back:${input.name}` };
    }
    const seen = executions[input.executionArn ?? ""];
    if (!seen)
      throw Object.assign(new Error("gone"), {
        name: "ExecutionDoesNotExist",
        $metadata: { httpStatusCode: 400 },
      });
    return {
      status: seen.status ?? "ABORTED",
      stateMachineArn: DEPLOYED.machineArn(seen.machine ?? "migrate-cluster"),
      input: JSON.stringify(seen.input ?? { plan: RUN.plan, requester: "AROA:somebody" }),
      error: seen.error,
      redriveCount: seen.redriveCount ?? 0,
      stopDate: new Date(bench.clock.now() - (seen.stoppedAgoSeconds ?? 600) * 1_000),
    };
  };
  const context = { ...bench.context, aws: { ...bench.context.aws, sfn: { send } as never } };
  const tell = (executionArn = ARN) =>
    bench.within(answerEndingListener.needs, () =>
      answerEndingListener.run({ detail: { executionArn } }, context),
    );
  const look = () => bench.within(reconcile.needs, () => reconcile.run({}, context));
  return { bench, started, tell, look };
};
const hold = (bench: StepBench, executions: readonly string[] = [ARN], released = false) => {
  for (const lock of LOCKS) bench.put(lock, { migration: RUN.migration, executions, released });
};
const effect = (bench: StepBench, operation = "0003-shift:shop/cart") =>
  bench.put(keys.entry({ migration: RUN.migration, operation, move: "0", direction: "forward" }), {});
const fence = (bench: StepBench, execution = BACK) =>
  bench.put(keys.fence(RUN.migration), { startedBy: "person", execution, at: "2026-03-03T02:00:00Z" });

describe("answer-ending", () => {
  it.each(["ABORTED", "TIMED_OUT"])(
    "takes a migration back that %s, once, however often it is told",
    async (status) => {
      const { bench, started, tell } = remembering({ [ARN]: { status } });
      hold(bench);
      effect(bench);
      expect(await tell()).toMatchObject({ way: "back" });
      await tell();
      await tell();
      expect(started).toEqual([
        {
          stateMachineArn: DEPLOYED.machineArn("roll-back"),
          name: expect.stringMatching(/^shop-1-back-[0-9a-f]{16}$/),
          input: { run: RUN, startedBy: "event" },
        },
      ]);
      expect(bench.denied()).toEqual([]);
    },
  );

  it("starts the rollback with the next telling where it died between the record and the start", async () => {
    const { bench, started, tell } = remembering({ [ARN]: {} });
    hold(bench);
    effect(bench);
    await tell();
    const done = [...bench.stored.keys()].filter((k) => k.includes("/ended/") && k.endsWith("!done.json"));
    expect(done).toHaveLength(1);
    // As if the mark had never been written: the name alone keeps it at one.
    const undone = remembering({ [ARN]: {} });
    hold(undone.bench);
    effect(undone.bench);
    for (const [key, value] of bench.stored)
      if (key.includes("/ended/") && !key.includes("!done")) undone.bench.put(key, JSON.parse(value));
    await undone.tell();
    expect(undone.started.map((s) => s.name)).toEqual(started.map((s) => s.name));
  });

  it.each<[string, Seen, (bench: StepBench) => void, string]>([
    ["runs (again)", { status: "RUNNING" }, hold, "none"],
    ["has succeeded", { status: "SUCCEEDED" }, hold, "none"],
    [
      "failed with an error that its own Catch has seen",
      { status: "FAILED", error: "RolledBack" },
      hold,
      "none",
    ],
    ["is another machine's", { machine: "shift" }, hold, "none"],
    ["was started with nonsense", { input: { plan: 7 } }, hold, "none"],
    ["was refused at the door, because another holds the lock", {}, (b) => hold(b, ["arn:first"]), "none"],
    ["is over and has given its clusters back", {}, (b) => hold(b, [ARN], true), "none"],
    ["changed nothing", {}, hold, "release"],
    [
      "had delegated the zone: the target serves, and only people go back",
      {},
      (b) => {
        hold(b);
        effect(b, "0042-delegate-zone");
      },
      "page",
    ],
    [
      "was retiring the source: there is no way back",
      { machine: "decommission" },
      (b) => {
        hold(b);
        effect(b);
      },
      "page",
    ],
    [
      "failed in the service itself (no Catch sees States.Runtime)",
      { status: "FAILED", error: "States.Runtime" },
      (b) => {
        hold(b);
        effect(b);
      },
      "back",
    ],
  ])("goes the right way with one that %s", async (_, seen, before, way) => {
    const { bench, started, tell } = remembering({ [ARN]: seen });
    before(bench);
    if (way !== "release" && way !== "page") effect(bench);
    expect(await tell()).toMatchObject({ way });
    expect(started.length).toBe(way === "back" ? 1 : 0);
    expect(bench.posts.length).toBe(way === "page" ? 1 : 0);
    if (way === "release")
      for (const lock of LOCKS) expect(bench.json(lock)).toMatchObject({ released: true });
  });

  it("gives nothing back while a function of the execution may still change something (an effect after the release is nobody's)", async () => {
    const seen: Record<string, Seen> = { [ARN]: { stoppedAgoSeconds: 20 } };
    const { bench, started, tell } = remembering(seen);
    hold(bench);
    await expect(tell()).rejects.toMatchObject({ name: "Transient" });
    for (const lock of LOCKS) expect(bench.json(lock)).toMatchObject({ released: false });
    // The function that was at work has recorded its intent meanwhile.
    effect(bench);
    seen[ARN] = { stoppedAgoSeconds: 80 };
    expect(await tell()).toMatchObject({ way: "back" });
    expect(started).toHaveLength(1);
  });

  it("of another migration's execution takes nothing back, and touches no lock", async () => {
    const { bench, started, tell } = remembering({ [ARN]: {} });
    for (const lock of LOCKS) bench.put(lock, { migration: "other-1", executions: [ARN], released: false });
    effect(bench);
    expect(await tell()).toMatchObject({ way: "none", sentence: "It held no cluster." });
    expect(started).toEqual([]);
    for (const lock of LOCKS)
      expect(bench.json(lock)).toMatchObject({ migration: "other-1", released: false });
  });

  it("starts one rollback where two are told at the same moment, and where the reconciler is told as well", async () => {
    const { bench, started, tell, look } = remembering({ [ARN]: {} });
    hold(bench);
    effect(bench);
    const told = await Promise.allSettled([tell(), tell(), look()]);
    expect(told.some((t) => t.status === "fulfilled")).toBe(true);
    await tell();
    await look();
    expect(new Set(started.map((s) => s.name)).size).toBe(1);
    expect(started).toHaveLength(1);
  });

  it("starts it once in either order of event and reconciler", async () => {
    for (const order of [
      ["tell", "look"],
      ["look", "tell"],
    ] as const) {
      const ways = remembering({ [ARN]: {} });
      hold(ways.bench);
      effect(ways.bench);
      for (const way of order) await ways[way]();
      expect(ways.started).toHaveLength(1);
    }
  });

  it("leaves a migration alone that another execution carries on", async () => {
    const second = `${ARN}-again`;
    const { bench, started, tell } = remembering({ [ARN]: {}, [second]: { status: "RUNNING" } });
    hold(bench, [ARN, second]);
    effect(bench);
    expect(await tell()).toMatchObject({ way: "none", sentence: expect.stringContaining(second) });
    expect(started).toEqual([]);
  });

  it.each([
    ["is under way", "RUNNING", "none", 0],
    ["fell with it", "ABORTED", "back", 1],
  ])("looks whether the rollback that the fence names %s", async (_, status, way, starts) => {
    const { bench, started, tell } = remembering({ [ARN]: {}, [BACK]: { machine: "roll-back", status } });
    hold(bench);
    effect(bench);
    fence(bench);
    expect(await tell()).toMatchObject({ way });
    expect(started.length).toBe(starts);
  });

  it.each<[string, Seen, string]>([
    ["was stopped by hand: nobody starts it again against that hand", {}, "page"],
    [
      "fell with its parent: that one's ending answers it",
      { input: { run: RUN, AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID: ARN } },
      "none",
    ],
    ["has said itself what is left", { status: "FAILED", error: "RollbackIncomplete" }, "none"],
  ])("of a rollback that %s", async (_, seen, way) => {
    const { bench, started, tell } = remembering({
      [ARN]: {},
      [BACK]: { machine: "roll-back", input: { run: RUN }, ...seen },
    });
    hold(bench);
    expect(await tell(BACK)).toMatchObject({ way });
    expect([started.length, bench.posts.length]).toEqual([0, way === "page" ? 1 : 0]);
  });

  it("waits for the end of the execution that had started a rollback, where the events come in the other order (a page would send somebody to what goes on by itself)", async () => {
    const input = { run: RUN, AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID: ARN };
    const seen: Record<string, Seen> = {
      [ARN]: { status: "RUNNING" },
      [BACK]: { machine: "roll-back", input },
    };
    const { bench, started, tell } = remembering(seen);
    hold(bench);
    effect(bench);
    fence(bench);
    await expect(tell(BACK)).rejects.toMatchObject({ name: "Transient" });
    expect(bench.posts).toEqual([]);
    seen[ARN] = {};
    expect(await tell(ARN)).toMatchObject({ way: "back" });
    expect(await tell(BACK)).toMatchObject({ way: "none" });
    expect([started.length, bench.posts.length]).toEqual([1, 0]);
  });

  it("tells people of a rollback that ended under an execution which has said itself what is left", async () => {
    const input = { run: RUN, AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID: ARN };
    const { bench, tell } = remembering({
      [ARN]: { status: "FAILED", error: "RollbackIncomplete" },
      [BACK]: { machine: "roll-back", input },
    });
    hold(bench);
    expect(await tell(BACK)).toMatchObject({ way: "page" });
    expect(bench.posts).toHaveLength(1);
  });

  it("counts a second end of a redriven execution as another ending", async () => {
    const again: Record<string, Seen> = { [ARN]: {} };
    const { bench, tell } = remembering(again);
    hold(bench);
    effect(bench, "0042-delegate-zone");
    await tell();
    again[ARN] = { redriveCount: 1 };
    await tell();
    expect(bench.posts.length, "people are told of each").toBe(2);
  });

  it("fails where people can't be told, so that it is tried again (a page that is lost leaves the platform where it is)", async () => {
    const down = makeStepBench({ slack: () => ({ status: 503, headers: {}, body: "" }) });
    const { bench, tell } = remembering({ [ARN]: {} }, down);
    hold(bench);
    effect(bench, "0042-delegate-zone");
    await expect(tell()).rejects.toMatchObject({ name: "Transient" });
  });
});

describe("reconcile", () => {
  it("answers an ending that no event told of, after the event had its time", async () => {
    const fresh: Record<string, Seen> = { [ARN]: { stoppedAgoSeconds: 30 } };
    const { bench, started, look } = remembering(fresh);
    hold(bench);
    effect(bench);
    expect(await look()).toEqual({ found: 0 });
    fresh[ARN] = { stoppedAgoSeconds: 180 };
    expect(await look()).toEqual({ found: 1 });
    expect(await look(), "once").toEqual({ found: 0 });
    expect(started).toHaveLength(1);
    expect(bench.denied()).toEqual([]);
  });

  it("finds nothing where the event came, and looks at no migration that is over", async () => {
    const { bench, tell, look } = remembering({ [ARN]: {} });
    hold(bench);
    effect(bench);
    await tell();
    expect(await look()).toEqual({ found: 0 });
    const over = remembering({}, makeStepBench({ plan: smallPlan() }));
    hold(over.bench, [ARN], true);
    expect(await over.look()).toEqual({ found: 0 });
  });
});
