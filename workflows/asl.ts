/**
 * Amazon States Language (JSONata) as plain typed data, and the few helpers that our machines are written with.
 * The compiler checks that every `Next` names a state of the same machine. Reference: states-language.net and the Step Functions developer guide.
 */

import type { StepName } from "../functions/index.ts";

export type JSONata = `{% ${string} %}`;
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

export type Retrier = {
  readonly ErrorEquals: readonly string[];
  readonly IntervalSeconds?: number;
  readonly MaxAttempts?: number;
  readonly BackoffRate?: number;
  readonly MaxDelaySeconds?: number;
  readonly JitterStrategy?: "FULL" | "NONE";
};
export type Catcher<Name> = {
  readonly ErrorEquals: readonly string[];
  readonly Next: Name;
  readonly Assign?: Readonly<Record<string, Json>>;
  readonly Output?: Json;
};

type Then<Name> =
  | { readonly Next: Name; readonly End?: never }
  | { readonly End: true; readonly Next?: never };
type Common = {
  readonly Comment?: string;
  readonly Assign?: Readonly<Record<string, Json>>;
  readonly Output?: Json;
};
type Guarded<Name> = { readonly Retry?: readonly Retrier[]; readonly Catch?: readonly Catcher<Name>[] };

export type Task<Name> = Common &
  Then<Name> &
  Guarded<Name> & {
    readonly Type: "Task";
    readonly Resource: string;
    readonly Arguments: Readonly<Record<string, Json>>;
    readonly TimeoutSeconds: number | JSONata;
    readonly HeartbeatSeconds?: number | JSONata;
  };
export type Choice<Name> = Common & {
  readonly Type: "Choice";
  readonly Choices: readonly {
    readonly Condition: JSONata;
    readonly Next: Name;
    readonly Assign?: Readonly<Record<string, Json>>;
    readonly Output?: Json;
  }[];
  /** Required: a choice that can fall through is a bug. */
  readonly Default: Name;
};
export type Wait<Name> = Common &
  Then<Name> & { readonly Type: "Wait" } & (
    | { readonly Seconds: number | JSONata }
    | { readonly Timestamp: string }
  );
export type Pass<Name> = Common & Then<Name> & { readonly Type: "Pass" };
export type Succeed = Common & { readonly Type: "Succeed" };
export type Fail = {
  readonly Type: "Fail";
  readonly Error: string | JSONata;
  readonly Cause: string | JSONata;
  readonly Comment?: string;
};
export type Parallel<Name> = Common &
  Then<Name> &
  Guarded<Name> & {
    readonly Type: "Parallel";
    readonly Arguments?: Json;
    readonly Branches: readonly Machine[];
  };
export type MapState<Name> = Common &
  Then<Name> &
  Guarded<Name> & {
    readonly Type: "Map";
    readonly Items?: Json;
    readonly ItemReader?: {
      readonly Resource: string;
      readonly ReaderConfig: { readonly InputType: "JSON" | "JSONL"; readonly MaxItems?: number | JSONata };
      readonly Arguments: Readonly<Record<string, Json>>;
    };
    readonly ItemSelector?: Readonly<Record<string, Json>>;
    readonly ItemBatcher?: {
      readonly MaxItemsPerBatch?: number;
      readonly MaxInputBytesPerBatch?: number;
      readonly BatchInput?: Json;
    };
    readonly MaxConcurrency: number | JSONata;
    readonly ToleratedFailureCount?: number | JSONata;
    readonly ToleratedFailurePercentage?: number | JSONata;
    readonly Label?: string;
    readonly ResultWriter?: {
      readonly Resource: string;
      readonly Arguments: Readonly<Record<string, Json>>;
      readonly WriterConfig?: {
        readonly Transformation: "NONE" | "COMPACT" | "FLATTEN";
        readonly OutputType: "JSON" | "JSONL";
      };
    };
    readonly ItemProcessor: Machine & {
      readonly ProcessorConfig?: {
        readonly Mode: "INLINE" | "DISTRIBUTED";
        readonly ExecutionType?: "STANDARD";
      };
    };
  };

export type State<Name> =
  | Task<Name>
  | Choice<Name>
  | Wait<Name>
  | Pass<Name>
  | Succeed
  | Fail
  | Parallel<Name>
  | MapState<Name>;

/** States with an entry; the body of a Map or a branch, too. */
export type Machine<Name extends string = string> = {
  readonly StartAt: NoInfer<Name>;
  readonly States: { readonly [K in Name]: State<NoInfer<Name>> };
};

export type StateMachine<Name extends string = string> = Machine<Name> & {
  readonly Comment: string;
  readonly QueryLanguage: "JSONata";
  readonly TimeoutSeconds: number;
};

/** A machine with its name; the name is its placeholder, its file and its ARN's last part. */
export type NamedMachine = { readonly name: string; readonly definition: StateMachine };

/** Names a machine. One definition serves AWS, the rehearsal, the pictures and the tests. */
export const stateMachine = <const Name extends string>(
  name: string,
  definition: Omit<StateMachine<Name>, "QueryLanguage">,
): NamedMachine => ({
  name,
  definition: { QueryLanguage: "JSONata", ...definition } as unknown as StateMachine,
});

/** Faults of the platform, not of the migration: the step reads back what it finds, so the same call may be made again. */
export const transient: Retrier = {
  ErrorEquals: [
    "Transient",
    "Throttled",
    "Conflict",
    "AnswerLost",
    "NotAsIntended",
    "Lambda.TooManyRequestsException",
    "Lambda.ServiceException",
    "Lambda.SdkClientException",
    "Lambda.AWSLambdaException",
    "Lambda.Unknown",
    "Sandbox.Timedout",
    "States.Timeout",
  ],
  IntervalSeconds: 2,
  MaxAttempts: 8,
  BackoffRate: 2,
  MaxDelaySeconds: 60,
  JitterStrategy: "FULL",
};

/** A child could not be started yet; once it runs, its own failures are its own. */
const busy: Retrier = {
  ErrorEquals: ["StepFunctions.ExecutionLimitExceededException", "StepFunctions.ThrottlingException"],
  IntervalSeconds: 5,
  MaxAttempts: 8,
  BackoffRate: 2,
  MaxDelaySeconds: 60,
  JitterStrategy: "FULL",
};

type Fields<Name> = Common & Then<Name> & Pick<Guarded<Name>, "Catch"> & { readonly TimeoutSeconds?: number };

/** Calls a step. It times out after 30 seconds (the fence relies on it) and is retried after transient errors. */
export const call = <const Name extends string>(
  step: StepName,
  payload: Readonly<Record<string, Json>>,
  fields: Fields<Name>,
): Task<Name> => callAny(`\${${step}}`, payload, fields);

/** Tells people something: once for each time that an execution comes by this state, however often the call is retried. */
export const tell = <const Name extends string>(
  payload: { readonly sentence: string; readonly entry?: string },
  fields: Fields<Name>,
): Task<Name> =>
  call(
    "page-person",
    {
      run: "{% $run %}",
      visit: "{% $states.context.Execution.Id & ', ' & $states.context.State.EnteredTime %}",
      ...payload,
    },
    fields,
  );

/** Calls the step that the input names (by placeholder, so by ARN once it is deployed). */
export const callAny = <const Name extends string>(
  functionName: string,
  payload: Readonly<Record<string, Json>>,
  fields: Fields<Name>,
): Task<Name> => ({
  Type: "Task",
  Resource: "arn:aws:states:::lambda:invoke",
  Arguments: { FunctionName: functionName, Payload: payload },
  TimeoutSeconds: 30,
  Retry: [transient],
  ...fields,
});

/** The guard holds the run: whatever would begin waits for as long as people may take to answer, and then the phase fails. */
export const held: Retrier = {
  ErrorEquals: ["Held"],
  IntervalSeconds: 30,
  MaxAttempts: 1_440,
  BackoffRate: 1,
};

/** A `call` that begins something, and waits while the guard holds the run. */
export const begin = <const Name extends string>(
  step: StepName,
  payload: Readonly<Record<string, Json>>,
  fields: Fields<Name>,
): Task<Name> => ({ ...call(step, payload, fields), Retry: [held, transient] });

/** What a `call` returned. */
export const RESULT = "{% $states.result.Payload %}";

/** Runs another machine to its end; its output is the result. */
export const child = <const Name extends string>(
  machine: string,
  input: Readonly<Record<string, Json>>,
  fields: Fields<Name> & { readonly TimeoutSeconds: number },
): Task<Name> => ({
  Type: "Task",
  Resource: "arn:aws:states:::states:startExecution.sync:2",
  Arguments: {
    StateMachineArn: `\${${machine}}`,
    Input: { ...input, AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID: "{% $states.context.Execution.Id %}" },
  },
  Retry: [busy],
  ...fields,
});

/**
 * The error of the innermost machine or function. A failed child arrives as States.TaskFailed with a description of the whole execution
 * as its cause, a failed function with its message as JSON; without this, every level would wrap the one below until nobody can read it.
 */
const inner = (field: "Error" | "Cause") => {
  const said = field === "Error" ? "$c.Error" : "$exists($c.Error) ? $c.Cause : $c.errorMessage";
  // A timeout says nothing of itself: whoever reads the record learns which state it was.
  const silent =
    field === "Error"
      ? "$e.Error"
      : "$e.Cause != '' ? $e.Cause : $states.context.State.Name & ' got no answer in time: ' & $e.Error & '.'";
  return `{% ($e := $states.errorOutput; $c := $substring($e.Cause, 0, 1) = '{' ? $parse($e.Cause) : {}; $said := ${said}; $exists($said) and $said != '' ? $said : (${silent})) %}` as const;
};

/** Keeps what went wrong in `$error` and `$cause`, and goes on at `next`. @param errors Which errors; all of them where it isn't said. */
export const otherwise = <const Name extends string>(
  next: Name,
  errors: readonly string[] = ["States.ALL"],
): readonly Catcher<Name>[] => [
  { ErrorEquals: errors, Next: next, Assign: { error: inner("Error"), cause: inner("Cause") } },
];

/** Fails with what `otherwise` kept. */
export const REFAIL: Fail = { Type: "Fail", Error: "{% $error %}", Cause: "{% $cause %}" };

/**
 * Watches a gate (a step that returns a verdict) until it passes, or until people chose to roll back. Subjects are unique within a phase.
 * @param fields `after`: seconds before the first look, where what was begun a moment ago can't be done sooner.
 */
export const watch = <const Name extends string>(
  gate: StepName,
  phase: string,
  subject: string,
  fields: Fields<Name> & { readonly item?: Json; readonly after?: number },
): Task<Name> => {
  const { item = null, after = 0, ...rest } = fields;
  return child("watch-gates", { run: "{% $run %}", phase, gate: `\${${gate}}`, subject, item, after }, {
    TimeoutSeconds: 1_209_600,
    ...rest,
  } as Fields<Name> & {
    readonly TimeoutSeconds: number;
  });
};

/** Calls a step in batches until it has nothing left to do; for steps that work off a list. */
export const each = <const Name extends string>(
  step: StepName,
  subject: string,
  fields: Fields<Name>,
): Task<Name> =>
  child("in-batches", { run: "{% $run %}", step: `\${${step}}`, subject }, {
    TimeoutSeconds: 86_400,
    Output: {},
    ...fields,
  } as Fields<Name> & {
    readonly TimeoutSeconds: number;
  });

/** The input of `scale` for the item that a machine moves: a side, a number, and the move by which the journal knows it. */
export const scaling = (
  side: "source" | "target",
  replicas: number | string,
  move: string,
): Readonly<Record<string, Json>> => ({
  run: "{% $run %}",
  phase: "{% $phase %}",
  item: "{% $item %}",
  side,
  replicas,
  operation: "{% $item.operations.move %}",
  move,
  poll: "{% $poll %}",
});

/** Asks people what to do about what a machine last saw (`$seen`); where they let it go on, it does so at `Next`. */
export const askPerson = <const Name extends string>(
  subject: string,
  fields: Fields<Name>,
  sentence = "{% $seen.sentence %}",
): Task<Name> =>
  child("hold", { run: "{% $run %}", phase: "{% $phase %}", subject, sentence }, {
    TimeoutSeconds: 1_209_600,
    ...fields,
  } as Fields<Name> & {
    readonly TimeoutSeconds: number;
  });

/** After a look (`$seen`, counted in `$polls`): on when it passes, another look while the item's deadline lasts, else the way for what doesn't come. */
export const inTime = <const Then extends string, const Again extends string, const Late extends string>(
  pass: Then,
  again: Again,
  late: Late,
): Choice<Then | Again | Late> => ({
  Type: "Choice",
  Choices: [
    { Condition: "{% $seen.verdict = 'pass' %}", Next: pass },
    { Condition: "{% $polls * $poll < $item.readyDeadlineSeconds %}", Next: again },
  ],
  Default: late,
});

/** A stage of a copy, by the step of its way; what is tried again is counted in `$again`. */
export const copying = <const Next extends string>(
  step: "copy-volumes" | "return-volumes",
  attempt: string,
  stage: "snapshot" | "restore" | "unmark",
  next: Next,
): Task<Next | "Failed"> =>
  call<Next | "Failed">(
    step,
    { run: "{% $run %}", item: "{% $item %}", attempt, again: "{% $again %}", stage },
    { Next: next, Catch: otherwise("Failed") },
  );

/** A look at a stage of a copy, kept in `$seen` and counted in `$asked`. */
export const lookingAtCopy = <const Next extends string>(
  way: "forward" | "back",
  attempt: string,
  copy: string,
  stage: "gone" | "snapshot" | "restore" | "started",
  next: Next,
): Task<Next | "Failed"> =>
  call<Next | "Failed">(
    "observe-copy",
    {
      run: "{% $run %}",
      item: "{% $item %}",
      way,
      attempt,
      copy,
      again: "{% $again %}",
      stage,
      asked: "{% $asked %}",
      watcher: "{% $states.context.Execution.Name %}",
    },
    { Assign: { seen: RESULT, asked: "{% $asked + 1 %}" }, Next: next, Catch: otherwise("Failed") },
  );
