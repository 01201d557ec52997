/** On the way back the target goes, too. What was given up on before is then looked at without it: nothing of it runs there any more. */

import { makeEks } from "../adapters/eks.ts";
import { AnswerLost } from "../domain/errors.ts";
import { planOf, type Run } from "./run.ts";
import type { Context } from "./step.ts";

type Undoing<T> = {
  readonly undo: (context: Context) => Promise<T>;
  /** Whether it is about something on the target itself. */
  readonly isThere: boolean;
  /** What it comes to where that is gone. */
  readonly gone: () => Promise<T>;
};

/**
 * Undoes something; where the target doesn't answer and EKS says that there is none, without it.
 * @throws AnswerLost where there is one that doesn't answer: the state machine asks again.
 */
export const orWithoutTarget = async <T>(context: Context, run: Run, of: Undoing<T>): Promise<T> => {
  try {
    return await of.undo(context);
  } catch (error) {
    if (!(error instanceof AnswerLost) || (await isThereStill(context, run))) throw error;
    return of.isThere ? of.gone() : of.undo(emptied(context));
  }
};

const isThereStill = async (context: Context, run: Run): Promise<boolean> => {
  const { settings } = await planOf(context, run);
  const found = await makeEks(context.aws.eks).describe(settings.target.name);
  return found !== undefined && found.status !== "DELETING";
};

const NOTHING = {
  status: 404,
  headers: {},
  body: JSON.stringify({
    kind: "Status",
    apiVersion: "v1",
    status: "Failure",
    reason: "NotFound",
    code: 404,
  }),
};

/** Whatever is asked of the target isn't there. */
const emptied = (context: Context): Context => ({
  ...context,
  http: (request) =>
    request.url.startsWith(context.endpoints.kubernetes.target)
      ? Promise.resolve(NOTHING)
      : context.http(request),
});
