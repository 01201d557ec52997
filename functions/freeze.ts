/** What the steps of the freeze share: on which sides it can stand, and which users go on. */

import { FREEZE_MINOR_MIN, scalersOf } from "../domain/freeze-policy.ts";
import { SIDES, type Side } from "../domain/phases.ts";
import { objectsOf } from "./objects.ts";
import { kubernetesOf, planOf, type Run } from "./run.ts";
import type { Context } from "./step.ts";

/** Sides whose API servers have admission policies. */
export const freezableSides = async (
  context: Context,
): Promise<{ readonly able: readonly Side[]; readonly unable: readonly Side[] }> => {
  const able: Side[] = [];
  const unable: Side[] = [];
  for (const side of SIDES) {
    const { major, minor } = await kubernetesOf(context, side).version();
    const has = Number(major) > 1 || Number.parseInt(minor, 10) >= FREEZE_MINOR_MIN;
    (has ? able : unable).push(side);
  }
  return { able, unable };
};

/** The platform's own autoscalers; never a pipeline, whatever it is granted. */
export const exemptOf = async (context: Context, run: Run): Promise<readonly string[]> => {
  const { settings } = await planOf(context, run);
  return scalersOf(
    await objectsOf(context, run),
    settings.pipelines.map((p) => p.user),
  );
};
