/**
 * The migration that everybody would do first: a new cluster, everything restored and started there at once, DNS switched, the source
 * stopped. No TTL is lowered, nothing is waited for, nothing is compared, nobody is asked.
 */

import type { Json, NamedMachine, Task } from "../../../workflows/asl.ts";
import { call, child, each, otherwise, REFAIL, RESULT, stateMachine, watch } from "../../../workflows/asl.ts";
import { machines as realMachines } from "../../../workflows/index.ts";

/** All workloads at once, a call each. */
const everything = (label: string, side: "source" | "target", next: string) => ({
  Type: "Map" as const,
  Label: label,
  ItemReader: {
    Resource: "arn:aws:states:::s3:getObject",
    ReaderConfig: { InputType: "JSON" as const },
    Arguments: { Bucket: "${bucket}", Key: "{% 'plans/' & $run.plan & '/waves/retire.json' %}" },
  },
  ItemSelector: { run: "{% $run %}", item: "{% $states.context.Map.Item.Value %}" },
  MaxConcurrency: 100,
  ItemProcessor: {
    ProcessorConfig: { Mode: "DISTRIBUTED" as const, ExecutionType: "STANDARD" as const },
    StartAt: side === "target" ? "Take what starts" : "Take what stops",
    States: side === "target" ? STARTS : STOPS,
  },
  Output: {},
  Next: next,
  Catch: otherwise("Failed"),
});

const TAKES = {
  Type: "Pass" as const,
  Assign: { run: "{% $states.input.run %}", item: "{% $states.input.item %}" },
};
const OPERATION = "{% $item.operations.retire %}";

/** A task that ends its item; its errors are the item's. */
const last = (step: Parameters<typeof call>[0], payload: Readonly<Record<string, Json>>): Task<string> =>
  call<string>(step, { run: "{% $run %}", item: "{% $item %}", ...payload }, { Output: {}, End: true });

const STARTS = {
  "Take what starts": { ...TAKES, Next: "It is the target's now" },
  "It is the target's now": call<string>(
    "take-ownership",
    { run: "{% $run %}", item: "{% $item %}", owner: "target", move: "0-owner" },
    { Next: "Schedule?" },
  ),
  "Schedule?": {
    Type: "Choice" as const,
    Choices: [{ Condition: "{% $item.kind = 'CronJob' %}" as const, Next: "Resume" }],
    Default: "Start",
  },
  Resume: last("suspend-schedule", { side: "target", suspend: false, move: "1-naive-resume" }),
  Start: last("scale-workload", {
    side: "target",
    replicas: "{% $item.replicas %}",
    operation: OPERATION,
    move: "1-naive-start",
  }),
};

const STOPS = {
  "Take what stops": { ...TAKES, Next: "Is it a schedule?" },
  "Is it a schedule?": {
    Type: "Choice" as const,
    Choices: [{ Condition: "{% $item.kind = 'CronJob' %}" as const, Next: "Suspend" }],
    Default: "Stop",
  },
  Suspend: last("suspend-schedule", { side: "source", suspend: true, move: "2-naive-suspend" }),
  Stop: last("scale-workload", { side: "source", replicas: 0, operation: OPERATION, move: "2-naive-stop" }),
};

const STAGES = ["definitions", "cluster", "namespaces", "last"] as const;

/** Restores stage after stage: without that there would be nothing to start. */
const restores = Object.fromEntries(
  STAGES.flatMap((stage, index) => [
    [
      `Restore ${stage}`,
      each<string>("restore-workloads", stage, { Next: `Restored ${stage}`, Catch: otherwise("Failed") }),
    ],
    [
      `Restored ${stage}`,
      watch<string>("observe-restore", "move-workloads", stage, {
        Next: STAGES[index + 1] === undefined ? "Complete" : `Restore ${STAGES[index + 1]}`,
        Catch: otherwise("Failed"),
      }),
    ],
  ]),
);

const migrate = stateMachine<string>("migrate-cluster", {
  Comment: "Everything at once.",
  TimeoutSeconds: 2_592_000,
  StartAt: "Read the plan",
  States: {
    "Read the plan": call<string>(
      "validate-start",
      {
        start: "{% $states.input %}",
        machine: "migrate-cluster",
        execution: "{% $states.context.Execution.Id %}",
      },
      {
        Assign: { run: "{% $states.result.Payload.run %}", started: RESULT, poll: 15 },
        Next: "Remember the start",
      },
    ),
    "Remember the start": call<string>("record-start", { run: "{% $run %}" }, { Next: "Build" }),
    Build: child<string>(
      "build-target",
      { run: "{% $run %}", poll: "{% $poll %}" },
      { TimeoutSeconds: 172_800, Next: "Snapshot", Catch: otherwise("Failed") },
    ),
    Snapshot: call<string>(
      "take-snapshot",
      { run: "{% $run %}", name: "freeze" },
      { Next: "Is it whole?", Catch: otherwise("Failed") },
    ),
    "Is it whole?": watch<string>("observe-snapshot", "freeze", "freeze", {
      Next: "Restore definitions",
      Catch: otherwise("Failed"),
    }),
    ...restores,
    Complete: each<string>("complete-restore", "objects", { Next: "Links", Catch: otherwise("Failed") }),
    Links: each<string>("link-services", "balancers", {
      Next: "Have links names?",
      Catch: otherwise("Failed"),
    }),
    "Have links names?": watch<string>("observe-balancers", "move-workloads", "links", {
      Next: "Link",
      Catch: otherwise("Failed"),
    }),
    Link: each<string>("link-services", "services", {
      Next: "Have hosts balancers?",
      Catch: otherwise("Failed"),
    }),
    "Have hosts balancers?": watch<string>("observe-balancers", "move-workloads", "hosts", {
      Next: "Fill the zone",
      Catch: otherwise("Failed"),
    }),
    "Fill the zone": each<string>("fill-zone", "hosts", {
      Next: "Start everything",
      Catch: otherwise("Failed"),
    }),
    "Start everything": everything("Start", "target", "Switch DNS"),
    "Switch DNS": call<string>(
      "delegate-zone",
      { run: "{% $run %}" },
      { Next: "Stop everything", Catch: otherwise("Failed") },
    ),
    "Stop everything": everything("Stop", "source", "Done"),
    Done: { Type: "Succeed" },
    Failed: REFAIL,
  },
});

/** Nobody retires anything: a naive migration is over when the source is stopped. */
const nothing = stateMachine<string>("decommission", {
  Comment: "Nothing.",
  TimeoutSeconds: 60,
  StartAt: "Nothing",
  States: { Nothing: { Type: "Succeed" } },
});

export const naive: readonly NamedMachine[] = realMachines.map(
  (machine) => [migrate, nothing].find((own) => own.name === machine.name) ?? machine,
);
