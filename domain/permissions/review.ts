/** Everything that a security review asks of a deployment: each function's and machine's rights, where they come from, and what is unusual in them. */

import { OWN_NAMESPACES } from "../bundle.ts";
import type { KubeObject } from "../kube.ts";
import { SIDES, type Side } from "../phases.ts";
import { GRANTS, WITHOUT_IAM } from "./actions.ts";
import { entryOf } from "./entries.ts";
import {
  type AccessEntry,
  accessEntryOf,
  manifestsOf,
  type PlannedFor,
  type Rbac,
  rbacOf,
} from "./kubernetes.ts";
import { machinePolicyOf, type NamedDefinition, UNSCOPED_OF_MACHINES } from "./machines.ts";
import { functionArn, functionName, machineArn, machineName, type Place } from "./place.ts";
import { baselineOf, type Declared, isInVpc, policyOf, type Statement, trustOf } from "./policy.ts";

export type FunctionReview = {
  readonly name: string;
  readonly does: string;
  readonly role: string;
  readonly inVpc: boolean;
  readonly trust: object;
  /** Out of `needs`. */
  readonly statements: readonly Statement[];
  /** What every function has to be one. */
  readonly baseline: readonly Statement[];
  /** Services with rights of their own, and what they are. */
  readonly outsideIam: Readonly<Record<string, string>>;
  readonly kubernetes: { readonly [S in Side]?: Rbac };
  readonly accessEntries: readonly AccessEntry[];
};

export type MachineReview = {
  readonly name: string;
  readonly role: string;
  readonly trust: object;
  readonly statements: readonly Statement[];
};

export type Review = {
  readonly functions: readonly FunctionReview[];
  readonly machines: readonly MachineReview[];
  /** Allowed on everything: what AWS gives no resource level, by action, with the reason and who has it. */
  readonly unscoped: readonly {
    readonly action: string;
    readonly why: string;
    readonly who: readonly string[];
  }[];
};

type Described = Declared & { readonly does: string };

const functionReview = (place: Place, step: Described, planned: PlannedFor | undefined): FunctionReview => {
  const sides = SIDES.filter((side) => step.needs.kubernetes?.[side] !== undefined);
  return {
    name: step.name,
    does: step.does,
    role: functionName(place, step.name),
    inVpc: isInVpc(step),
    trust: trustOf(place, "lambda.amazonaws.com", functionArn(place, step.name)),
    statements: policyOf(place, step).Statement,
    baseline: baselineOf(place, step),
    outsideIam: Object.fromEntries(Object.entries(WITHOUT_IAM).filter(([service]) => service in step.needs)),
    kubernetes: Object.fromEntries(sides.map((side) => [side, rbacOf(step, side, planned)])),
    accessEntries: sides.map((side) => accessEntryOf(place, place.clusters[side] ?? side, step)),
  };
};

const unscopedOf = (steps: readonly Declared[], machines: readonly NamedDefinition[]): Review["unscoped"] => {
  const found = new Map<string, { action: string; why: string; who: Set<string> }>();
  for (const { name, needs } of steps)
    for (const [service, entries] of Object.entries(needs))
      for (const text of Array.isArray(entries) ? (entries as readonly string[]) : []) {
        const { action } = entryOf(text);
        const grant = GRANTS[service]?.[action];
        if (grant?.on !== "everything") continue;
        const key = `${grant.iam}:${action}`;
        const row = found.get(key) ?? { action: key, why: grant.why ?? "", who: new Set<string>() };
        row.who.add(name);
        found.set(key, row);
      }
  const ofMachines = Object.entries(UNSCOPED_OF_MACHINES).map(([sid, why]) => ({
    action: sid === "Trace" ? "xray:*Segments, xray:*Sampling*" : "logs:*LogDelivery*",
    why,
    who: new Set(machines.map((m) => m.name)),
  }));
  return [...found.values(), ...ofMachines].map((row) => ({ ...row, who: [...row.who] }));
};

export const reviewOf = (
  place: Place,
  steps: readonly Described[],
  machines: readonly NamedDefinition[],
  planned?: PlannedFor,
): Review => ({
  functions: steps.map((step) => functionReview(place, step, planned)),
  machines: machines.map((machine) => ({
    name: machine.name,
    role: `${machineName(place, machine.name)}-machine`,
    trust: trustOf(place, "states.amazonaws.com", machineArn(place, machine.name)),
    statements: machinePolicyOf(place, machine, machines).Statement,
  })),
  unscoped: unscopedOf(steps, machines),
});

/** Every cluster has them. */
const GIVEN = ["default", "kube-system"];

const namespace = (name: string): KubeObject =>
  ({ apiVersion: "v1", kind: "Namespace", metadata: { name } }) as unknown as KubeObject;

/**
 * What an administrator applies to a cluster before Repot may do anything in it. A binding needs its namespace to be there: the target has none
 * of the plan's yet, and neither cluster has Repot's own.
 */
export const clusterManifests = (
  steps: readonly Declared[],
  side: Side,
  planned?: PlannedFor,
): readonly KubeObject[] => [
  ...(planned?.namespaces ?? [])
    .filter((name) => (side === "target" ? !GIVEN.includes(name) : OWN_NAMESPACES.includes(name)))
    .map(namespace),
  ...steps.flatMap((step) => manifestsOf(step, side, planned)),
];
