/** What steps declared, what they used of it, and what they were denied: the simulator's IAM and RBAC, and the report's list of unused rights. */

import { byCodeUnit } from "../../domain/kube.ts";
import { type Asked, coveredBy } from "../../domain/permissions/entries.ts";
import type { Side } from "../../domain/phases.ts";
import type { Needs } from "../../functions/step.ts";
import type { Invocation, SeamOptions, ServiceName } from "./seam.ts";

export type PermissionBook = {
  /** Whether the step declares an action of a service on what is asked for; notes the entries that it used, or the denial. */
  readonly may: (invocation: Invocation, service: ServiceName, action: string, asked?: Asked) => boolean;
  /** The same for a Kubernetes verb on a resource of one side. */
  readonly mayKubernetes: (
    invocation: Invocation,
    side: Side,
    verb: string,
    resource: string,
    namespace?: string,
  ) => boolean;
  /** By step, `service:action` of what was necessary: some call would have been denied without this one entry. */
  readonly used: ReadonlyMap<string, ReadonlySet<string>>;
  /** By step, what was asked for without being declared. */
  readonly denied: ReadonlyMap<string, ReadonlySet<string>>;
  /** Declared and never necessary (nothing needed it, or another entry covers the same), by step, sorted; steps without any are left out. */
  readonly unused: (
    steps: readonly { readonly name: string; readonly needs: Needs }[],
  ) => Readonly<Record<string, readonly string[]>>;
};

/** `route53:GetChange`, `kubernetes:target:patch deployments/scale`: every declared permission as one string. */
export const permissionsOf = (needs: Needs): readonly string[] =>
  Object.entries(needs)
    .flatMap(([service, declared]) =>
      Array.isArray(declared)
        ? (declared as readonly string[]).map((action) => `${service}:${action}`)
        : Object.entries((declared ?? {}) as Readonly<Record<string, readonly string[]>>).flatMap(
            ([side, entries]) => entries.map((entry) => `${service}:${side}:${entry}`),
          ),
    )
    .sort(byCodeUnit);

const READS = new Set(["get", "list", "watch"]);

const isNarrower = (declared: readonly string[], action: string): boolean =>
  declared.some((entry) => entry.startsWith(`${action} `));

/** A denial names what was asked for, where the action itself is declared for something else. */
const whatOf = (action: string, { key, changes = [] }: Asked): string =>
  [
    action,
    ...(key === undefined ? [] : [key]),
    ...changes.map((c) => `${c.action} ${c.type} ${c.name}`),
  ].join(" ");

/** Whether a call that an entry covers would be denied without it. */
const isNecessary = (
  declared: readonly string[],
  entry: string,
  action: string,
  asked: Asked,
  zone: string,
): boolean =>
  coveredBy(
    declared.filter((text) => text !== entry),
    action,
    asked,
    zone,
  ) === undefined;

/** By step and service: actions that have nothing left to be weighed or noted under the rights that are declared now. */
const makeSettled = () => {
  const settled = new WeakMap<Needs, Map<string, Set<string>>>();
  const actionsOf = ({ needs, step }: Invocation, service: ServiceName): Set<string> => {
    // Steps may share a declaration, and a step that is deployed anew may have another one.
    const steps = settled.get(needs) ?? new Map<string, Set<string>>();
    settled.set(needs, steps);
    const actions = steps.get(`${step} ${service}`) ?? new Set();
    steps.set(`${step} ${service}`, actions);
    return actions;
  };
  return {
    has: (invocation: Invocation, service: ServiceName, action: string): boolean =>
      actionsOf(invocation, service).has(action),
    add: (invocation: Invocation, service: ServiceName, action: string): void => {
      actionsOf(invocation, service).add(action);
    },
  };
};

export const makePermissionBook = (
  options: Pick<SeamOptions, "onPermission" | "isPlanned" | "mayWriteIn" | "zone">,
): PermissionBook => {
  const used = new Map<string, Set<string>>();
  const denied = new Map<string, Set<string>>();
  const note = (step: string, service: ServiceName, action: string, allowed: boolean): boolean => {
    const book = allowed ? used : denied;
    const entries = book.get(step) ?? new Set<string>();
    book.set(step, entries);
    const entry = `${service}:${action}`;
    if (!allowed || !entries.has(entry)) options.onPermission?.(step, service, action, allowed);
    entries.add(entry);
    return allowed;
  };
  const settled = makeSettled();
  const mayKubernetes: PermissionBook["mayKubernetes"] = (invocation, side, verb, resource, namespace) => {
    const declared = invocation.needs.kubernetes?.[side] ?? [];
    const exact = `${verb} ${resource}`;
    const isOutside = namespace !== undefined && options.mayWriteIn?.(namespace) === false;
    if (isOutside && !READS.has(verb))
      return note(invocation.step, "kubernetes", `${side}:${exact} in ${namespace}`, false);
    const planned = `${verb} planned`;
    const covered = declared.includes(planned) && options.isPlanned?.(resource) === true;
    // An entry beside a wider one that covers the same call is not what lets it through.
    if (declared.includes(exact) && !covered)
      return note(invocation.step, "kubernetes", `${side}:${exact}`, true);
    // As RBAC has it: nothing of ours declares one, and an invariant sees where it lets something through.
    const wild = covered
      ? undefined
      : [`${verb} *`, `* ${resource}`, "* *"].find((w) => declared.includes(w));
    const used = covered ? planned : (wild ?? exact);
    return note(invocation.step, "kubernetes", `${side}:${used}`, covered || wild !== undefined);
  };
  const zone = options.zone ?? "";
  return {
    used,
    denied,
    mayKubernetes,
    may: (invocation, service, action, asked = {}) => {
      if (service === "kubernetes")
        throw new Error("Kubernetes rights are asked for by side: mayKubernetes.");
      const declared: readonly string[] = invocation.needs[service] ?? [];
      if (settled.has(invocation, service, action)) return true;
      const entries = coveredBy(declared, action, asked, zone);
      if (entries === undefined)
        return note(
          invocation.step,
          service,
          isNarrower(declared, action) ? whatOf(action, asked) : action,
          false,
        );
      const before = used.get(invocation.step);
      // One that has been necessary before needn't be weighed again.
      for (const entry of entries)
        if (before?.has(`${service}:${entry}`) || isNecessary(declared, entry, action, asked, zone))
          note(invocation.step, service, entry, true);
      // Declared for everything, and on record as necessary: whatever else the action is asked for, nothing is to be weighed or noted.
      if (entries[0] === action && used.get(invocation.step)?.has(`${service}:${action}`))
        settled.add(invocation, service, action);
      return true;
    },
    unused: (steps) => {
      const rows = steps
        .map((step) => {
          const seen = used.get(step.name);
          return [step.name, permissionsOf(step.needs).filter((p) => !seen?.has(p))] as const;
        })
        .filter(([, left]) => left.length > 0)
        .sort(([a], [b]) => byCodeUnit(a, b));
      return Object.fromEntries(rows);
    },
  };
};
