/** A freeze counts once a change was refused: by dry runs, since a policy becomes effective up to a second after it was written. */

import { Forbidden, Invalid } from "../domain/errors.ts";
import { FREEZE_POLICY, FREEZE_PROBE } from "../domain/freeze-policy.ts";
import type { Verdict } from "../domain/gates.ts";
import type { KubeObject } from "../domain/kube.ts";
import type { Side } from "../domain/phases.ts";
import { freezableSides } from "./freeze.ts";
import { gate } from "./gate.ts";
import { kubernetesOf, planOf } from "./run.ts";
import type { Context } from "./step.ts";
import { judge } from "./verdicts.ts";

const RIGHTS = ["create deployments"];

export const proveFreeze = gate({
  name: "prove-freeze",
  does: "Tries, as a dry run on both sides, what must be refused (an object that nobody may create) and what must go through (Repot's own).",
  needs: { kubernetes: { source: RIGHTS, target: RIGHTS } },
  patience: { pollSeconds: 2, holdSecondsMax: 120 },
  measure: async ({ run }, context) => {
    const plan = await planOf(context, run);
    const { able, unable } = await freezableSides(context);
    const verdicts: Verdict[] = unable.map((side) => cannot(context, side));
    // On the source, in each namespace that has workloads; the target's don't exist yet.
    const namespaces = [...new Set(plan.workloads.map((w) => w.namespace))]
      .filter((n) => n !== "kube-system")
      .slice(0, NAMESPACES_MAX);
    for (const side of able)
      for (const namespace of side === "source" ? namespaces : ["default"])
        verdicts.push(
          await isRefused(context, side, namespace),
          await isLetThrough(context, side, namespace),
        );
    return verdicts;
  },
});

/** The policy selects namespaces by rule, not by list: a sample proves it. */
const NAMESPACES_MAX = 20;

const dryRun = async (
  context: Context,
  side: Side,
  namespace: string,
  name: string,
): Promise<string | undefined> => {
  try {
    await kubernetesOf(context, side).create(probe(namespace, name), { dryRun: true });
    return undefined;
  } catch (error) {
    if (error instanceof Invalid || error instanceof Forbidden) return error.message;
    throw error;
  }
};

const isRefused = async (context: Context, side: Side, namespace: string): Promise<Verdict> => {
  const refusal = await dryRun(context, side, namespace, FREEZE_PROBE);
  // A refusal for another reason (a quota, another policy) proves nothing about ours.
  const byUs = refusal?.includes(`ValidatingAdmissionPolicy '${FREEZE_POLICY}'`) === true;
  return judge(context, byUs ? true : refusal === undefined ? false : undefined, {
    check: "freeze/refuses",
    subject: `${side} ${namespace}`,
    sentence: byUs
      ? `The ${side} refuses changes of workloads in ${namespace}.`
      : `The ${side} ${refusal === undefined ? "still lets a change" : "refuses, but not by our policy, a change"} of workloads in ${namespace} ${refusal === undefined ? "through" : ""}.`,
    remedy: `kubectl --context ${side} get validatingadmissionpolicybinding ${FREEZE_POLICY}: was it deleted, or is the policy in error?`,
    value: refusal === undefined ? "accepted" : "refused",
    threshold: `refused by ${FREEZE_POLICY}`,
    samples: 1,
    source: `dry run: create Deployment ${namespace}/${FREEZE_PROBE}`,
  });
};

const LET_THROUGH = "repot-may-change";

const isLetThrough = async (context: Context, side: Side, namespace: string): Promise<Verdict> => {
  const refusal = await dryRun(context, side, namespace, LET_THROUGH);
  return judge(context, refusal === undefined, {
    check: "freeze/lets-repot",
    subject: `${side} ${namespace}`,
    sentence:
      refusal === undefined
        ? `Repot may still change workloads in ${namespace} on the ${side}.`
        : `Repot itself is refused in ${namespace} on the ${side}: ${refusal}`,
    remedy: "Look at the groups of Repot's identity: the policy lets the group repot through.",
    value: refusal === undefined ? "accepted" : "refused",
    threshold: "accepted",
    samples: 1,
    source: `dry run: create Deployment ${namespace}/${LET_THROUGH}`,
  });
};

const cannot = (context: Context, side: Side): Verdict =>
  judge(context, false, {
    check: "freeze/possible",
    subject: side,
    sentence: `The API server of the ${side} has no admission policies: they came with Kubernetes 1.30.`,
    remedy:
      "Freeze this cluster by another way (a webhook, or taking the deployers' rights) and make that part of the plan, or upgrade it.",
    value: false,
    threshold: "Kubernetes 1.30",
    samples: 1,
    source: "GET /version",
  });

/** A Deployment that any cluster would take; it never comes into being. */
const probe = (namespace: string, name: string): KubeObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name, namespace },
  spec: {
    replicas: 0,
    selector: { matchLabels: { "app.kubernetes.io/name": name } },
    template: {
      metadata: { labels: { "app.kubernetes.io/name": name } },
      spec: { containers: [{ name: "pause", image: "registry.k8s.io/pause:3.10" }] },
    },
  },
});
