/** The IAM policy of a state machine: it may call what its definition names, start its children, and write its own traces and logs. */

import { byCodeUnit } from "../kube.ts";
import { arn, executionArns, functionArn, machineArn, type Place } from "./place.ts";
import type { Policy, Statement } from "./policy.ts";

/** A state machine as data: its name, and a definition in which `${name}` stands for a function, a machine or the bucket. */
export type NamedDefinition = { readonly name: string; readonly definition: object };

const PLACEHOLDER = /\$\{([a-z0-9-]+)\}/g;
const DYNAMIC = /^\{% \$[a-z]+ %\}$/;

const placeholdersIn = (value: unknown): readonly string[] =>
  [...JSON.stringify(value).matchAll(PLACEHOLDER)].map(([, name = ""]) => name);

type State = {
  readonly Resource?: string;
  readonly Arguments?: Readonly<Record<string, unknown>>;
  readonly ItemReader?: { readonly Arguments: Readonly<Record<string, unknown>> };
  readonly ResultWriter?: { readonly Arguments: Readonly<Record<string, unknown>> };
  readonly ItemProcessor?: Body & { readonly ProcessorConfig?: { readonly Mode: string } };
  readonly Branches?: readonly Body[];
};
type Body = { readonly States: Readonly<Record<string, State>> };

/** Every state, those of branches and maps among them. */
const statesOf = (body: Body): readonly State[] =>
  Object.values(body.States).flatMap((state) => [
    state,
    ...(state.ItemProcessor ? statesOf(state.ItemProcessor) : []),
    ...(state.Branches ?? []).flatMap(statesOf),
  ]);

const isLambda = (s: State) => s.Resource?.startsWith("arn:aws:states:::lambda:invoke") === true;
const isChild = (s: State) => s.Resource?.startsWith("arn:aws:states:::states:startExecution") === true;

export type Reach = {
  readonly functions: readonly string[];
  readonly machines: readonly string[];
  readonly reads: boolean;
  readonly writes: boolean;
  /** Has a distributed Map: it starts executions of itself. */
  readonly distributes: boolean;
};

/** A machine that calls what its input names may call what its callers name there, and nothing else. */
const namedFor = (machine: string, all: readonly NamedDefinition[]): readonly string[] =>
  all
    .flatMap(({ definition }) => statesOf(definition as Body))
    .filter((s) => isChild(s) && s.Arguments?.["StateMachineArn"] === `\${${machine}}`)
    .flatMap((s) => placeholdersIn(s.Arguments?.["Input"] ?? {}));

/** What a machine reaches, read out of its definition and of those that start it. */
export const reachOf = ({ name, definition }: NamedDefinition, all: readonly NamedDefinition[]): Reach => {
  const states = statesOf(definition as Body);
  const sorted = (names: readonly string[]) => [...new Set(names)].sort(byCodeUnit);
  const called = states.filter(isLambda).map((s) => String(s.Arguments?.["FunctionName"] ?? ""));
  return {
    functions: sorted([
      ...called.flatMap((text) => placeholdersIn(text)),
      ...(called.some((text) => DYNAMIC.test(text)) ? namedFor(name, all) : []),
    ]),
    machines: sorted(
      states.filter(isChild).flatMap((s) => placeholdersIn(s.Arguments?.["StateMachineArn"] ?? "")),
    ),
    reads: states.some((s) => s.ItemReader !== undefined),
    writes: states.some((s) => s.ResultWriter !== undefined),
    distributes: states.some((s) => s.ItemProcessor?.ProcessorConfig?.Mode === "DISTRIBUTED"),
  };
};

const allow = (
  Sid: string,
  Action: readonly string[],
  Resource: readonly string[],
  Condition?: Statement["Condition"],
): Statement => ({ Sid, Effect: "Allow", Action, Resource, ...(Condition ? { Condition } : {}) });

/** Children are waited for by a rule that Step Functions keeps itself. */
const childrenOf = (place: Place, machines: readonly string[]): readonly Statement[] => {
  if (machines.length === 0) return [];
  const rule = arn(place, "events", "rule/StepFunctionsGetEventsForStepFunctionsExecutionRule");
  return [
    allow(
      "StartChildren",
      ["states:StartExecution"],
      machines.map((m) => machineArn(place, m)),
    ),
    allow(
      "WatchAndStopChildren",
      ["states:DescribeExecution", "states:StopExecution"],
      machines.flatMap((m) => executionArns(place, m)),
    ),
    allow("HearOfChildren", ["events:DescribeRule", "events:PutRule", "events:PutTargets"], [rule]),
  ];
};

const mapsOf = (place: Place, name: string, reach: Reach): readonly Statement[] => {
  const objects = [`arn:${place.partition}:s3:::${place.bucket}/plans/*`].concat(
    `arn:${place.partition}:s3:::${place.bucket}/migrations/*`,
  );
  const via = { StringEquals: { "kms:ViaService": `s3.${place.region}.amazonaws.com` } };
  return [
    ...(reach.distributes
      ? [
          allow("StartItsOwnMaps", ["states:StartExecution"], [machineArn(place, name)]),
          allow(
            "WatchAndStopItsOwnMaps",
            ["states:DescribeExecution", "states:StopExecution"],
            executionArns(place, name),
          ),
        ]
      : []),
    ...(reach.reads
      ? [
          allow("ReadItems", ["s3:GetObject"], objects),
          allow("KeyOfTheBucket", ["kms:Decrypt"], [place.keyArn], via),
        ]
      : []),
    ...(reach.writes
      ? [
          allow("WriteResults", ["s3:PutObject"], objects),
          allow("KeyForResults", ["kms:GenerateDataKey"], [place.keyArn], via),
        ]
      : []),
  ];
};

/** The delivery of logs and X-Ray know no resources. Source: the Step Functions developer guide, logging and tracing. */
const OBSERVING: readonly Statement[] = [
  allow(
    "DeliverLogs",
    [
      "logs:CreateLogDelivery",
      "logs:DeleteLogDelivery",
      "logs:DescribeLogGroups",
      "logs:DescribeResourcePolicies",
      "logs:GetLogDelivery",
      "logs:ListLogDeliveries",
      "logs:PutResourcePolicy",
      "logs:UpdateLogDelivery",
    ],
    ["*"],
  ),
  allow(
    "Trace",
    ["xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments"],
    ["*"],
  ),
];

/** Actions of a machine's role that AWS gives no resource level, with the reason; reviewed like those of functions. */
export const UNSCOPED_OF_MACHINES: Readonly<Record<string, string>> = {
  DeliverLogs: "vended log delivery: AWS has no resource level for it",
  Trace: "X-Ray takes segments and sampling without a resource",
};

export const machinePolicyOf = (
  place: Place,
  machine: NamedDefinition,
  all: readonly NamedDefinition[],
): Policy => {
  const reach = reachOf(machine, all);
  const called: readonly Statement[] =
    reach.functions.length === 0
      ? []
      : [
          allow(
            "CallItsSteps",
            ["lambda:InvokeFunction"],
            reach.functions.map((step) => functionArn(place, step)),
          ),
        ];
  return {
    Version: "2012-10-17",
    Statement: [
      ...called,
      ...childrenOf(place, reach.machines),
      ...mapsOf(place, machine.name, reach),
      ...OBSERVING,
    ],
  };
};

/** The definition with ARNs in place of its placeholders, as it is deployed. @throws Error for a name that isn't deployed. */
export const definitionText = (
  place: Place,
  { name, definition }: NamedDefinition,
  known: { readonly functions: readonly string[]; readonly machines: readonly string[] },
): string =>
  JSON.stringify(definition).replaceAll(PLACEHOLDER, (_, thing: string) => {
    if (thing === "bucket") return place.bucket;
    if (known.functions.includes(thing)) return functionArn(place, thing);
    if (known.machines.includes(thing)) return machineArn(place, thing);
    throw new Error(`${name} names ${thing}, which is neither a function nor a machine.`);
  });
