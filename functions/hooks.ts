/** The webhooks and aggregated APIs of the plan, on both sides: those whose backends have been moved by now. */

import { isDue } from "../domain/hooks.ts";
import type { KubeObject } from "../domain/kube.ts";
import { bothSides, keyIn, wantedOf } from "./equality.ts";
import { planOf, type Run } from "./run.ts";
import type { Context } from "./step.ts";

export type DueHook = {
  /** As it is on the source now. */
  readonly source: KubeObject;
  readonly target: KubeObject | undefined;
};

/** @param wavesOver Waves that have been moved. */
export const dueHooks = async (
  context: Context,
  run: Run,
  wavesOver: number,
): Promise<readonly DueHook[]> => {
  const plan = await planOf(context, run);
  const due = (await wantedOf(context, run, "hooks"))
    .map((w) => w.object)
    .filter((o) => isDue(o, plan, wavesOver));
  if (due.length === 0) return [];
  const { source, target } = await bothSides(context, due);
  return due.flatMap((object) => {
    const left = source.byKey.get(keyIn(object));
    return left ? [{ source: left, target: target.byKey.get(keyIn(object)) }] : [];
  });
};
