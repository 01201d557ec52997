/** What an execution is started with: a small JSON that a person types into the console, or that `repot start` sends. */

import * as z from "zod";
import { Refused } from "./errors.ts";

const Example = `{"plan": "plans/HASH/plan.json", "hash": "HASH"}`;

/** What a person types is short; what is longer is a mistake, and would not fit into the sentence about it. */
const CHARS_MAX = 256;
const text = z.string().max(CHARS_MAX);

const StartSchema = z.strictObject({
  /** The plan's key in the bucket, or its hash alone. */
  plan: text,
  /** The SHA-256 that the approvers know; may be left out where `plan` is the hash itself. */
  hash: text.optional(),
  /** The migration's name; the plan's own where absent. */
  migration: text.optional(),
  /** Who starts it, `UserId` of `aws sts get-caller-identity`: `repot start` fills it in. */
  requester: text.min(1).optional(),
});

export type Start = {
  readonly plan: string;
  readonly migration: string | undefined;
  readonly requester: string | null;
};

/** @throws Refused with a sentence that says what to type instead. */
export const readStart = (input: unknown): Start => {
  const parsed = StartSchema.safeParse(input);
  if (!parsed.success)
    throw new Refused(`${whatIsWrong(parsed.error)} Start it with ${Example}. Nothing was started.`);
  const { plan, hash, migration, requester } = parsed.data;
  const named = /^(?:plans\/)?([A-Za-z0-9-]+)(?:\/plan\.json)?$/.exec(plan)?.[1];
  if (named === undefined)
    throw new Refused(
      `${JSON.stringify(plan.slice(0, 120))} is no plan of the bucket. Start it with ${Example}. Nothing was started.`,
    );
  if (hash !== undefined && hash !== named)
    throw new Refused(
      `The plan at ${plan} has the hash ${named.slice(0, 12)}…, the start names ${hash.slice(0, 12)}…. Start the plan that was approved. Nothing was started.`,
    );
  if (hash === undefined && plan !== named)
    throw new Refused(
      `The start names a plan and not its hash. Start it with ${Example}: the hash is what the approvers sign. Nothing was started.`,
    );
  return { plan: named, migration, requester: requester ?? null };
};

const whatIsWrong = (error: z.ZodError): string => {
  const [issue] = error.issues;
  if (issue?.code === "unrecognized_keys")
    return `The input has a field ${JSON.stringify((issue.keys[0] ?? "").slice(0, 120))} that a start doesn't know.`;
  const field = issue?.path.join(".") ?? "";
  if (field === "") return "The input is no JSON object.";
  if (issue?.code === "too_big")
    return `The input's field "${field}" is longer than ${CHARS_MAX} characters.`;
  return issue?.code === "too_small"
    ? `The input's field "${field}" is empty.`
    : `The input's field "${field}" is missing or is no text.`;
};
