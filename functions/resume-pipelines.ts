/** Pipelines run again, and deploy to the target from now on. */

import { fieldOf } from "../adapters/effects/fields.ts";
import { PIPELINES } from "../domain/bundle.ts";
import { PAUSABLE, resumeOf } from "../domain/gitops.ts";
import { refOf } from "../domain/kube.ts";
import { BatchInput, makeNamed, type Named, slug } from "./batch.ts";
import { withJournal } from "./effect.ts";
import { objectsOf, orUnknown, setField } from "./objects.ts";
import { kubernetesOf } from "./run.ts";
import { step } from "./step.ts";

const RIGHTS = PAUSABLE.flatMap((p) => [`get ${p.resource}`, `patch ${p.resource}`]);

const SWITCH = { apiVersion: "v1", kind: "ConfigMap", ...PIPELINES } as const;

export const resumePipelines = step({
  name: "resume-pipelines",
  does: "Gives Argo CD and Flux on the target what they had, aims the pipelines' switch at the target, and only then turns it on.",
  input: BatchInput,
  needs: withJournal({ kubernetes: { source: ["get configmaps", "patch configmaps"], target: RIGHTS } }),
  run: async (input, context) => {
    const target = kubernetesOf(context, "target");
    const effects: Named[] = [];
    for (const planned of await objectsOf(context, input.run)) {
      if (!PAUSABLE.some((p) => p.kind === planned.kind)) continue;
      const live = await orUnknown(() => target.find(refOf(planned)));
      const resume = live && resumeOf(live, planned);
      if (live && resume)
        effects.push({
          move: `0.${slug(live.kind, live.metadata.namespace, live.metadata.name)}`,
          effect: setField("target", refOf(live), resume.path, resume.before, resume.after),
        });
    }
    const now = await kubernetesOf(context, "source").get(SWITCH);
    const turn = (field: "target" | "paused", after: string, order: number): Named => ({
      move: `${order}.${field}`,
      effect: setField("source", SWITCH, ["data", field], fieldOf(now, ["data", field]), after),
    });
    return makeNamed(
      context,
      { ...input, from: 0 },
      { step: "resume-pipelines", operation: "resume-pipelines" },
      [...effects, turn("target", "target", 1), turn("paused", "false", 2)],
    );
  },
});
