/** The target may be changed again; the source stays refused, and says where things are now. */

import { fieldOf } from "../adapters/effects/fields.ts";
import { FREEZE_POLICY, freezeObjects, freezeValidations, MOVED_SENTENCE } from "../domain/freeze-policy.ts";
import type { Json, KubeObject } from "../domain/kube.ts";
import { operationOf } from "../domain/operations.ts";
import { BatchInput, place } from "./batch.ts";
import { forward, withJournal } from "./effect.ts";
import { exemptOf } from "./freeze.ts";
import { deleteObject, orUnknown, setField } from "./objects.ts";
import { kubernetesOf, planOf } from "./run.ts";
import { step } from "./step.ts";

const POLICIES = "validatingadmissionpolicies";
const BINDINGS = "validatingadmissionpolicybindings";

const POLICY = {
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingAdmissionPolicy",
  name: FREEZE_POLICY,
} as const;

export const liftFreeze = step({
  name: "lift-freeze",
  does: "Deletes the freeze on the target, binding first, and replaces its sentence on the source.",
  input: BatchInput,
  needs: withJournal({
    kubernetes: {
      source: [`get ${POLICIES}`, `patch ${POLICIES}`],
      target: [POLICIES, BINDINGS].flatMap((r) => [`get ${r}`, `delete ${r}`]),
    },
  }),
  run: async ({ run }, context) => {
    const plan = await planOf(context, run);
    const at = { step: "lift-freeze", operation: operationOf(plan, "lift-freeze") };
    const exempt = await exemptOf(context, run);
    const { name } = plan.settings.target;

    const make = forward(context, run, at.step);
    const source = await orUnknown(() => kubernetesOf(context, "source").find(POLICY));
    if (source) {
      const path = ["spec", "validations"];
      // The server may have filled in fields of its own; only the sentence changes.
      const after = sentenced(source, freezeValidations(MOVED_SENTENCE(name), exempt)[0]?.message ?? "");
      await make({ ...at, move: "0.source" }, setField("source", POLICY, path, fieldOf(source, path), after));
    }
    const target = kubernetesOf(context, "target");
    let made = source ? 1 : 0;
    for (const [index, object] of [...freezeObjects(run.migration, name, exempt)].reverse().entries()) {
      const found = await orUnknown(() =>
        target.find({ apiVersion: object.apiVersion, kind: object.kind, name: object.metadata.name }),
      );
      if (!found) continue;
      await make({ ...at, move: `1.target.${place(index)}` }, deleteObject("target", object, found));
      made += 1;
    }
    return { next: null, made };
  },
});

const sentenced = (policy: KubeObject, message: string): Json => {
  const validations = fieldOf(policy, ["spec", "validations"]);
  return (Array.isArray(validations) ? validations : []).map((v) => ({ ...(v as object), message })) as Json;
};
