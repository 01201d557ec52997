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
  person: z.string(),
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

export const Approvals = z.strictObject({
  approvers: z.array(Approver).min(1),
  quorum: z.number().int().min(1).max(20).default(1),
  /** Decommission takes two people. */
  decommissionQuorum: z.number().int().min(1).max(20).default(2),
  expiresAfterSeconds: seconds.default(14_400),
});
