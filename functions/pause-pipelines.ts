/** The first moment that a developer could notice: pipelines stop, by the central switch and where controllers deploy by themselves. */

import { fieldOf } from "../adapters/effects/fields.ts";
import { PIPELINES } from "../domain/bundle.ts";
import { PAUSABLE, pauseOf } from "../domain/gitops.ts";
import { refOf } from "../domain/kube.ts";
import { BatchInput, makeNamed, type Named, slug } from "./batch.ts";
import { withJournal } from "./effect.ts";
import { objectsOf, setField } from "./objects.ts";
import { kubernetesOf } from "./run.ts";
import { step } from "./step.ts";

const RESOURCES = ["configmaps", ...PAUSABLE.map((p) => p.resource)];

const SWITCH = { apiVersion: "v1", kind: "ConfigMap", ...PIPELINES } as const;

export const pausePipelines = step({
  name: "pause-pipelines",
  does: "Turns the pipelines' switch on the source to paused, takes Argo CD's automatic sync off and suspends Flux, each as it was on record.",
  input: BatchInput,
  needs: withJournal({ kubernetes: { source: RESOURCES.flatMap((r) => [`get ${r}`, `patch ${r}`]) } }),
  run: async (input, context) => {
    const source = kubernetesOf(context, "source");
    const now = await source.get(SWITCH);
    const effects: Named[] = [
      {
        move: "0.switch",
        effect: setField("source", SWITCH, ["data", "paused"], fieldOf(now, ["data", "paused"]), "true"),
      },
    ];
    for (const planned of (await objectsOf(context, input.run)).filter((o) => pauseOf(o) !== undefined)) {
      const live = await source.find(refOf(planned));
      const pause = live && pauseOf(live);
      if (live && pause)
        effects.push({
          move: `1.${slug(live.kind, live.metadata.namespace, live.metadata.name)}`,
          effect: setField("source", refOf(live), pause.path, pause.before, pause.after),
        });
    }
    return makeNamed(
      context,
      { ...input, from: 0 },
      { step: "pause-pipelines", operation: "pause-pipelines" },
      effects,
    );
  },
});
