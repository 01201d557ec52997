/** Has the source changed since the snapshot in a way that the target hasn't? And does the freeze still stand? Changes nothing. */

import { isUnknownKind } from "../adapters/kubernetes.ts";
import { FREEZE_POLICY } from "../domain/freeze-policy.ts";
import type { Verdict } from "../domain/gates.ts";
import type { KubeObject } from "../domain/kube.ts";
import { SIDES, type Side } from "../domain/phases.ts";
import { type Drifted, driftOf, isCarried } from "./drift.ts";
import { gate } from "./gate.ts";
import { kubernetesOf } from "./run.ts";
import type { Context } from "./step.ts";
import { judge } from "./verdicts.ts";

const BINDING = "validatingadmissionpolicybindings";

export const observeDrift = gate({
  name: "observe-drift",
  does: "Compares the source with the snapshot; what break-glass changed passes once the target has it too. An administrator can delete a freeze: that is looked at as well.",
  needs: {
    kubernetes: {
      source: ["list planned", `get ${BINDING}`],
      target: ["list planned", `get ${BINDING}`],
    },
  },
  measure: async ({ run }, context) => {
    const { drifted, compared } = await driftOf(context, run);
    const frozen: Verdict[] = [];
    for (const side of SIDES) frozen.push(...(await frozenOn(context, side)));
    const left = drifted.filter((d) => !isCarried(d));
    return [
      ...frozen,
      ...left.slice(0, 40).map((d) => isDrifted(context, d)),
      judge(context, left.length === 0, {
        check: "drift/none",
        subject: "source",
        sentence: `${compared} objects compared with the snapshot: ${drifted.length} changed since, ${drifted.length - left.length} of them on both sides.`,
        remedy: "Carry each change to the target, or take it back on the source.",
        value: left.length,
        threshold: "0 changes that the target lacks",
        samples: compared,
        source: "the source's API against the snapshot",
      }),
    ];
  },
});

const isDrifted = (context: Context, { object, source, fields, secret, came }: Drifted): Verdict => {
  const what = !source
    ? "is gone"
    : came
      ? "came"
      : secret
        ? "was written"
        : `changed in ${fields
            .slice(0, 5)
            .map((d) => d.field)
            .join(", ")}`;
  return judge(context, false, {
    check: "drift/object",
    subject: object,
    sentence: `${object} ${what} on the source since the snapshot, and the target doesn't have that.`,
    remedy:
      "Make the same change on the target by break-glass, or take it back on the source; then ask again.",
    value: what,
    threshold: "as in the snapshot, or the same on both sides",
    samples: 1,
    source: "the source's API against the snapshot",
  });
};

/** Whether the freeze stands on a side; nothing where the server is too old to have known any. */
const frozenOn = async (context: Context, side: Side): Promise<readonly Verdict[]> => {
  const ref = {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicyBinding",
    name: FREEZE_POLICY,
  };
  try {
    return [isFrozen(context, side, await kubernetesOf(context, side).find(ref))];
  } catch (error) {
    if (isUnknownKind(error)) return [];
    throw error;
  }
};

const isFrozen = (context: Context, side: Side, binding: KubeObject | undefined): Verdict =>
  judge(context, binding !== undefined, {
    check: "drift/freeze",
    subject: side,
    sentence: binding ? `The freeze stands on the ${side}.` : `Somebody deleted the freeze on the ${side}.`,
    remedy: "Find out who deleted the binding and why; roll back, or have the freeze installed again.",
    value: binding ? "present" : "absent",
    threshold: "present",
    samples: 1,
    source: `ValidatingAdmissionPolicyBinding ${FREEZE_POLICY}`,
  });
