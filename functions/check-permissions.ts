/** Preflight, permissions: who we are, what the source's API server and the bucket let us do, and whether enough people may approve. */

import { whoAmI } from "../adapters/sts.ts";
import type { Observed } from "../domain/checks/judging.ts";
import {
  judgeApprovers,
  judgeBucket,
  judgeCaller,
  judgeRights,
  type RightSeen,
} from "../domain/checks/permissions.ts";
import { AnswerLost, Conflict, Forbidden, Invalid, NotFound } from "../domain/errors.ts";
import { keys } from "../domain/journal.ts";
import { asking, check } from "./check.ts";
import { bucketOf, kubernetesOf, planOf, type Run, type SlimPlan } from "./run.ts";
import type { Context } from "./step.ts";

/** Kinds that the machines scale: one of each is tried, by a write that the server checks and doesn't make. */
const SCALED = [
  { kind: "Deployment", resource: "deployments" },
  { kind: "StatefulSet", resource: "statefulsets" },
] as const;

export const checkPermissions = check({
  name: "check-permissions",
  does: "Asks who we are, tries the source's scale by dry run, proves that the bucket refuses a second writer, counts the approvers.",
  needs: {
    sts: ["GetCallerIdentity"],
    kubernetes: {
      source: [
        "get deployments/scale",
        "get statefulsets/scale",
        "patch deployments/scale",
        "patch statefulsets/scale",
      ],
    },
  },
  measure: async (run, context) => {
    const at = context.now().toISOString();
    const plan = await planOf(context, run);
    return [
      judgeCaller(await asking(() => whoAmI(context.aws.sts)), plan.settings.source.name, at),
      judgeRights(await tryRights(context, plan), scalableOf(plan).length, plan.settings.source.name, at),
      judgeBucket(await secondWriter(context, run), context.bucket, at),
      judgeApprovers(plan, at),
    ];
  },
});

const scalableOf = (plan: SlimPlan) =>
  plan.workloads.filter((w) => SCALED.some(({ kind }) => kind === w.kind));

/** Scales one workload of each kind to what it is, as a dry run: RBAC and admission both have their say, nothing changes. */
const tryRights = async (context: Context, plan: SlimPlan): Promise<readonly RightSeen[]> => {
  const source = kubernetesOf(context, "source");
  const rights: RightSeen[] = [];
  for (const { kind, resource } of SCALED) {
    const workload = plan.workloads.find((w) => w.kind === kind);
    if (!workload) continue;
    const { apiVersion, namespace, name } = workload;
    const right = `patch ${resource}/scale`;
    rights.push(
      await outcomeOf(right, async () => {
        const { wanted } = await source.readScale({ apiVersion, kind, namespace, name });
        await source.scale({ apiVersion, kind, namespace, name }, wanted, { dryRun: true });
      }),
    );
  }
  return rights;
};

/** A refusal is an answer here, not a failure of the check. */
const outcomeOf = async (right: string, attempt: () => Promise<void>): Promise<RightSeen> => {
  try {
    await attempt();
    return { right, outcome: "granted", sentence: "" };
  } catch (error) {
    if (error instanceof Forbidden || error instanceof Invalid)
      return { right, outcome: "refused", sentence: error.message };
    if (error instanceof NotFound) return { right, outcome: "absent", sentence: error.message };
    if (error instanceof AnswerLost) return { right, outcome: "unanswered", sentence: error.message };
    throw error;
  }
};

/** Writes two contents under one key: the second has to be refused. A repeated invocation finds its first and tries the second again. */
const secondWriter = (context: Context, run: Run): Promise<Observed<"refused" | "accepted">> =>
  asking(async () => {
    const bucket = bucketOf(context);
    const key = keys.evidence(run.migration, "preflight", "check-permissions/second-writer");
    await bucket.putNew(key, { writer: "first" });
    try {
      await bucket.putNew(key, { writer: "second" });
      return "accepted";
    } catch (error) {
      if (error instanceof Conflict) return "refused";
      throw error;
    }
  });
