/** Do the webhooks and aggregated APIs whose turn has come stand on the target, as on the source, with somebody behind them? Changes nothing. */

import type { Verdict } from "../domain/gates.ts";
import { hookServices } from "../domain/hooks.ts";
import { refOf, sentenceOf } from "../domain/kube.ts";
import { nameOf } from "../domain/plan.ts";
import { workloadsBehind } from "../domain/queries.ts";
import { unexplained } from "./equality.ts";
import { gate } from "./gate.ts";
import { type DueHook, dueHooks } from "./hooks.ts";
import { kubernetesOf, planOf, type SlimPlan } from "./run.ts";
import type { Context } from "./step.ts";
import { judge } from "./verdicts.ts";
import { refOfItem, statusOf } from "./workload.ts";

export const observeHooks = gate({
  name: "observe-hooks",
  does: "Compares each webhook configuration and aggregated API whose backends have been moved, and counts the ready pods behind those that must answer.",
  needs: {
    kubernetes: {
      source: ["list planned"],
      target: ["list planned", "get daemonsets", "get deployments", "get statefulsets"],
    },
  },
  patience: { pollSeconds: 15, holdSecondsMax: 1_200 },
  measure: async ({ run, subject }, context) => {
    const plan = await planOf(context, run);
    const due = await dueHooks(context, run, Number(subject.replace(/\D/g, "")));
    if (due.length === 0) return [nothingDue(context, plan)];
    const verdicts: Verdict[] = [];
    for (const hook of due) verdicts.push(stands(context, plan, hook), await answers(context, plan, hook));
    return verdicts;
  },
});

const nothingDue = (context: Context, plan: SlimPlan): Verdict =>
  judge(context, true, {
    check: "hooks/due",
    subject: plan.platform,
    sentence: "No webhook and no aggregated API has its turn yet.",
    remedy: "",
    value: 0,
    threshold: "0, or all of them standing",
    samples: plan.workloads.length,
    source: "the plan's objects",
  });

const stands = (context: Context, plan: SlimPlan, { source, target }: DueHook): Verdict => {
  const who = sentenceOf(refOf(source));
  const fields = target ? unexplained(source, target, plan.changes).map((d) => d.field) : [];
  return judge(context, target !== undefined && fields.length === 0, {
    check: "hooks/equal",
    subject: who,
    sentence:
      target === undefined
        ? `${who} is not on the target.`
        : fields.length === 0
          ? `${who} is on the target as on the source.`
          : `${who} differs from the source in ${fields.slice(0, 5).join(", ")}.`,
    remedy: "Bring it to the source's state by hand, then ask again.",
    value: target === undefined ? null : fields.length,
    threshold: "0 fields",
    samples: 1,
    source: "both API servers",
  });
};

/** A webhook that must answer and can't refuses what its rules take: nothing more starts then. */
const answers = async (context: Context, plan: SlimPlan, { source }: DueHook): Promise<Verdict> => {
  const who = sentenceOf(refOf(source));
  const services = hookServices(source, true);
  const behind = workloadsBehind(plan.workloads);
  const silent: string[] = [];
  for (const service of services) {
    const names = new Set(behind.get(service) ?? []);
    let ready = 0;
    for (const w of plan.workloads.filter((one) => names.has(nameOf(one)))) {
      const object = await kubernetesOf(context, "target").find(refOfItem(w));
      ready += object ? statusOf(object).ready : 0;
    }
    if (ready === 0) silent.push(service);
  }
  return judge(context, silent.length === 0 ? true : undefined, {
    check: "hooks/answers",
    subject: who,
    sentence:
      silent.length === 0
        ? `${who} has a ready pod behind each of the ${services.length} Services that must answer.`
        : `${who} must answer, and nobody is ready behind ${silent.join(", ")} on the target: it refuses what its rules take.`,
    remedy: "Bring up what is behind it; or set its failurePolicy to Ignore on the target for the move.",
    value: silent.length,
    threshold: "0 Services without a ready pod",
    samples: Math.max(1, services.length),
    source: "the target's workloads",
  });
};
