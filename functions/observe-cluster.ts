/** Is the target cluster there: active, of the planned version, and answering? Changes nothing. */

import { makeEks } from "../adapters/eks.ts";
import { AnswerLost, Transient } from "../domain/errors.ts";
import { gate } from "./gate.ts";
import { kubernetesOf, planOf } from "./run.ts";
import { judge } from "./verdicts.ts";

export const observeCluster = gate({
  name: "observe-cluster",
  does: "Asks EKS whether the target is active and its API server for its version.",
  needs: { eks: ["DescribeCluster"] },
  // EKS takes about ten minutes to create a control plane, and seldom less than eight.
  patience: { firstSeconds: 480, pollSeconds: 30, holdSecondsMax: 3_600 },
  measure: async ({ run }, context) => {
    const { settings } = await planOf(context, run);
    const { name, kubernetesVersion } = settings.target;
    const found = await makeEks(context.aws.eks).describe(name);
    const status = found?.status ?? "absent";
    const active = judge(
      context,
      status === "ACTIVE" ? true : status === "FAILED" || status === "DELETING" ? false : undefined,
      {
        check: "cluster/active",
        subject: name,
        sentence: `EKS says that the cluster ${name} is ${status}.`,
        remedy:
          "Look at the cluster's health issues in the EKS console; a failed cluster has to be deleted and created again.",
        value: status,
        threshold: "ACTIVE",
        samples: 1,
        source: "eks:DescribeCluster",
      },
    );
    if (active.verdict !== "pass") return [active];
    const version = await versionOf(() => kubernetesOf(context, "target").version());
    return [
      active,
      judge(context, version === undefined ? undefined : version === kubernetesVersion, {
        check: "cluster/version",
        subject: name,
        sentence:
          version === undefined
            ? `The API server of ${name} does not answer yet.`
            : `The API server of ${name} runs Kubernetes ${version}; the plan says ${kubernetesVersion}.`,
        remedy: "Make a new plan for the version that the cluster has.",
        value: version ?? null,
        threshold: kubernetesVersion,
        samples: version === undefined ? 0 : 1,
        source: "GET /version",
      }),
    ];
  },
});

/** `1.34` of `v1.34.2-eks-…`; undefined while nothing answers. */
const versionOf = async (
  ask: () => Promise<{ readonly major: string; readonly minor: string }>,
): Promise<string | undefined> => {
  try {
    const { major, minor } = await ask();
    return `${major}.${minor.replace(/\D.*$/, "")}`;
  } catch (error) {
    if (error instanceof AnswerLost || error instanceof Transient) return undefined;
    throw error;
  }
};
