/**
 * Amazon States Language (JSONata) as plain typed data, and the few helpers that our machines are written with.
 * The compiler checks that every `Next` names a state of the same machine. Reference: states-language.net and the Step Functions developer guide.
 */

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
      readonly ReaderConfig: { readonly InputType: "JSON" | "JSONL" };
      readonly Arguments: Readonly<Record<string, Json>>;
    };
    readonly ItemSelector?: Readonly<Record<string, Json>>;
    readonly ItemBatcher?: { readonly MaxItemsPerBatch?: number; readonly BatchInput?: Json };
    readonly MaxConcurrency: number | JSONata;
    readonly ToleratedFailureCount?: number | JSONata;
    readonly ToleratedFailurePercentage?: number | JSONata;
    readonly Label?: string;
    readonly ResultWriter?: { readonly Resource: string; readonly Arguments: Readonly<Record<string, Json>> };
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
