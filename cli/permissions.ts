/** `repot permissions`: who may do what, for a security review; and the manifests that let Repot into both clusters. */

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { writeWhole } from "../adapters/files.ts";
import type { KubeObject } from "../domain/kube.ts";
import { manifestsOf, type Rule } from "../domain/permissions/kubernetes.ts";
import type { Place } from "../domain/permissions/place.ts";
import { clusterScoped, plannedNamespaces, plannedResources } from "../domain/permissions/planned.ts";
import type { Statement } from "../domain/permissions/policy.ts";
import {
  clusterManifests,
  type FunctionReview,
  type Review,
  reviewOf,
} from "../domain/permissions/review.ts";
import { SIDES } from "../domain/phases.ts";
import type { Plan } from "../domain/plan.ts";
import { steps } from "../functions/index.ts";
import { listeners } from "../functions/listeners.ts";
import { machines } from "../workflows/index.ts";
import { printable } from "./format.ts";
import type { Io } from "./io.ts";
import { loadPlan } from "./plan.ts";

export type PermissionsOptions = {
  /** A plan.json or manifests; without them `planned` stands for nothing in particular. */
  readonly inputs: readonly string[];
  readonly json: boolean;
  /** Where source.yaml, target.yaml and access-entries.json go. */
  readonly manifests?: string;
  readonly stage: string;
  readonly account: string;
  readonly region: string;
};

const declared = [...steps, ...listeners];

/** @returns 0. @throws BadInput where the plan can't be read. */
export const permissions = async (
  options: PermissionsOptions,
  io: Pick<Io, "out" | "stdin">,
): Promise<number> => {
  const plan =
    options.inputs.length === 0 ? undefined : (await loadPlan(options.inputs, { decide: {} }, io.stdin)).plan;
  const planned = plan && {
    resources: plannedResources(plan),
    clusterScoped: clusterScoped(plan),
    namespaces: plannedNamespaces(plan),
  };
  const review = reviewOf(placeOf(options, plan), declared, machines, planned);
  if (options.manifests !== undefined) {
    const folder = options.manifests;
    await mkdir(folder, { recursive: true });
    for (const side of SIDES) {
      await writeManifests(join(folder, `${side}.yaml`), clusterManifests(declared, side, planned));
      await mkdir(join(folder, side), { recursive: true });
      for (const step of declared) {
        const own = manifestsOf(step, side, planned);
        if (own.length > 0) await writeManifests(join(folder, side, `${step.name}.yaml`), own);
      }
    }
    const entries = review.functions.flatMap((f) => f.accessEntries);
    await writeWhole(join(folder, "access-entries.json"), `${JSON.stringify(entries, null, 2)}\n`);
    io.out(
      `${folder} has source.yaml, target.yaml (and a file for each function in source/ and target/) and access-entries.json; docs/deploy.md says how they are applied.\n`,
    );
    return 0;
  }
  if (options.json) io.out(`${JSON.stringify(review, null, 2)}\n`);
  else for (const line of linesOf(review, plan)) io.out(`${printable(line)}\n`);
  return 0;
};

const writeManifests = (path: string, objects: readonly KubeObject[]): Promise<void> =>
  writeWhole(path, objects.map((object) => stringify(object)).join("---\n"));

/** Names as a deployment makes them; what only the account knows stands in capitals. */
const placeOf = ({ stage, account, region }: PermissionsOptions, plan: Plan | undefined): Place => {
  const prefix = `repot-${stage}`;
  return {
    partition: "aws",
    region,
    account,
    prefix,
    bucket: `${prefix}-memory-${account}`,
    keyArn: `arn:aws:kms:${region}:${account}:key/KEY`,
    zones: [plan?.settings.dns.zone ?? "ZONE"],
    clusters: {
      source: plan?.settings.source.name ?? "SOURCE",
      target: plan?.settings.target.name ?? "TARGET",
    },
    ...(plan?.settings.target.roleArn === undefined ? {} : { clusterRoleArn: plan.settings.target.roleArn }),
    changeCalendars: (plan?.settings.window.changeCalendars ?? []).map((c) => c.name),
    workQueues: (plan?.settings.queues ?? []).filter((q) => q.kind === "sqs").map((q) => q.queue),
    flowLogGroups:
      plan?.settings.network.flowLogGroup === undefined ? [] : [plan.settings.network.flowLogGroup],
  };
};

const statementLines = (statements: readonly Statement[]): readonly string[] =>
  statements.flatMap(({ Effect, Action, Resource, Condition }) => [
    `    ${Effect === "Deny" ? "never " : ""}${Action.join(", ")}`,
    ...Resource.map((resource) => `        on ${resource}`),
    ...Object.entries(Condition ?? {}).flatMap(([test, keys]) =>
      Object.entries(keys).map(([key, value]) => `        if ${key} ${test} ${[value].flat().join(", ")}`),
    ),
  ]);

const ruleLines = (rules: readonly Rule[], where: string): readonly string[] =>
  rules.map(({ apiGroups, resources, verbs }) => {
    const group = apiGroups.join(", ") || "core";
    return `    ${verbs.join(", ")} ${resources.join(", ")} (${group}) ${where}`;
  });

const functionLines = (f: FunctionReview, where: string): readonly string[] => [
  "",
  `${f.name}  ${f.inVpc ? "[in the VPC] " : ""}${f.does}`,
  ...(f.statements.length === 0 ? [] : [`  role ${f.role}`]),
  ...statementLines(f.statements),
  ...SIDES.flatMap((side) => {
    const rbac = f.kubernetes[side];
    if (!rbac) return [];
    return [
      `  Kubernetes, ${side}`,
      ...ruleLines(rbac.everywhere, "everywhere"),
      ...ruleLines(rbac.inNamespaces, where),
    ];
  }),
  ...Object.entries(f.outsideIam)
    .filter(([service]) => service !== "kubernetes")
    .map(([service, what]) => `  ${service}: ${what}`),
];

const linesOf = (review: Review, plan: Plan | undefined): readonly string[] => {
  const namespaces = plan ? plannedNamespaces(plan) : [];
  const where = plan ? `in ${namespaces.join(", ")}` : "in every namespace (a plan names them)";
  const answering = review.functions.filter((f) =>
    f.statements.some((s) => s.Action.some((action) => action.startsWith("states:SendTask"))),
  );
  return [
    `${review.functions.length} functions, ${review.machines.length} machines, a role each; every right comes from the function's needs.`,
    `Only ${answering.map((f) => f.name).join(", ") || "nobody"} may answer an execution that waits for people.`,
    "",
    "On everything, because AWS has no resource level:",
    ...review.unscoped.map(({ action, why, who }) => `    ${action}: ${why} (${who.join(", ")})`),
    "",
    "Every function beside its own rights: its own log lines; in the VPC also its network interfaces, which its own code is denied.",
    ...review.functions.flatMap((f) => functionLines(f, where)),
    ...review.machines.flatMap((m) => [
      "",
      `machine ${m.name}`,
      `  role ${m.role}`,
      ...statementLines(m.statements),
    ]),
  ];
};
