/** Who deploys, who approves, and when the work may be done. */

import * as z from "zod";
import { seconds } from "./shapes.ts";

export const Pipeline = z.strictObject({
  name: z.string(),
  /** Who it is to the Kubernetes API: a user, a group or a service account. */
  user: z.string(),
  groups: z.array(z.string()).default([]),
  /** Workloads it deploys, `namespace/name`. */
  deploys: z.array(z.string()),
  /** Mean deploys a day. */
  deploysPerDay: z.number().nonnegative().max(1_000).default(2),
});

export const Approver = z.strictObject({
  /** Names an object of the record, so without what a key of ours means something by. */
  person: z.string().regex(/^[^/!\s][^/!]{0,99}$/, "is a name of at most 100 characters without / and !"),
  role: z.string(),
  /** Slack's id of the user (`U…`). Who has none can't answer in Slack. */
  slack: z.string().min(1).optional(),
  /** `UserId` of `aws sts get-caller-identity`. Who has none can't answer from a terminal. */
  aws: z.string().min(1).optional(),
  /** How long this person takes in a rehearsal. */
  answersAfterSeconds: seconds.default(240),
});

export const Window = z.strictObject({
  timeZone: z.string(),
  /** 1 is Monday, 7 is Sunday. Empty means every day. */
  weekdays: z.array(z.number().int().min(1).max(7)).default([]),
  /** Local time, `HH:MM`. */
  start: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/),
  end: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/),
  /** Days (`YYYY-MM-DD`) on which the window is to open; where given, only those. */
  days: z.array(z.string().regex(/^\d{4}-\d\d-\d\d$/)).default([]),
  /** SSM Change Calendars that have to be open as well, by name or ARN. */
  changeCalendars: z
    .array(
      z.strictObject({
        name: z
          .string()
          .regex(
            /^(arn:[^:]+:ssm:[^:]+:\d{12}:document\/)?[A-Za-z0-9_.-]{3,128}$/,
            "is no name or ARN of a calendar",
          ),
        /** When it is closed in a rehearsal; the real one is asked. */
        closed: z
          .array(
            z
              .strictObject({ from: z.iso.datetime({ offset: true }), to: z.iso.datetime({ offset: true }) })
              .refine(({ from, to }) => Date.parse(from) < Date.parse(to), "ends before it begins"),
          )
          .default([]),
      }),
    )
    .max(10)
    .optional(),
});

/** Two entries for one person would be two votes of one; two people with one id would be one that nobody can tell apart. */
const distinct = (
  approvers: readonly z.output<typeof Approver>[],
  issue: (path: readonly (string | number)[], message: string) => void,
): void => {
  const ids = {
    person: (a: z.output<typeof Approver>) => a.person,
    // Who has no id is known to Slack by the name, so the two are one space.
    slack: (a: z.output<typeof Approver>) => a.slack ?? a.person,
    aws: (a: z.output<typeof Approver>) => a.aws,
  };
  for (const [field, idOf] of Object.entries(ids)) {
    const seen = new Map<string, number>();
    for (const [index, approver] of approvers.entries()) {
      const id = idOf(approver);
      if (id === undefined) continue;
      const other = seen.get(id);
      if (other !== undefined)
        issue([index, field], `is ${JSON.stringify(id)}, as of approver ${other}: a vote is one person's`);
      seen.set(id, index + 1);
    }
  }
};

export const Approvals = z.strictObject({
  approvers: z
    .array(Approver)
    .min(1)
    .superRefine((approvers, context) =>
      distinct(approvers, (path, message) => context.addIssue({ code: "custom", path: [...path], message })),
    ),
  quorum: z.number().int().min(1).max(20).default(1),
  /** Decommission takes two people. */
  decommissionQuorum: z.number().int().min(1).max(20).default(2),
  expiresAfterSeconds: seconds.default(14_400),
});
