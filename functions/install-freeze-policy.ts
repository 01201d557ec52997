/** Both clusters refuse changes of workloads by everybody but Repot, their own controllers and break-glass. */

import { freezeObjects } from "../domain/freeze-policy.ts";
import { BatchInput, createdTogether, makeNamed } from "./batch.ts";
import { withJournal } from "./effect.ts";
import { exemptOf, freezableSides } from "./freeze.ts";
import { planOf } from "./run.ts";
import { step } from "./step.ts";

const RIGHTS = ["validatingadmissionpolicies", "validatingadmissionpolicybindings"].flatMap((r) => [
  `get ${r}`,
  `create ${r}`,
]);

export const installFreezePolicy = step({
  name: "install-freeze-policy",
  does: "Creates the admission policy and its binding on each side whose API server has them; whether it is effective is proved by prove-freeze.",
  input: BatchInput,
  needs: withJournal({ kubernetes: { source: RIGHTS, target: RIGHTS } }),
  run: async (input, context) => {
    const { settings } = await planOf(context, input.run);
    const objects = freezeObjects(
      input.run.migration,
      settings.target.name,
      await exemptOf(context, input.run),
    );
    const { able } = await freezableSides(context);
    return makeNamed(
      context,
      input,
      { step: "install-freeze-policy", operation: "install-freeze-policy" },
      able.flatMap((side) => createdTogether(side, side, objects)),
    );
  },
});
