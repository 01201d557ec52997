/**
 * Systems Manager, as far as change calendars go: GetCalendarState over calendars that are open by default. Source: API reference; a calendar is
 * an SSM document, so a name that isn't one is an InvalidDocument. Events are half open: closed from their beginning, open again at their end.
 */

import {
  type GetCalendarStateCommandInput,
  type GetCalendarStateCommandOutput,
  InvalidDocument,
  SSMServiceException,
} from "@aws-sdk/client-ssm";
import type { Clock } from "../clock.ts";
import type { AwsHandlers } from "./seam-aws.ts";
import { knownFields } from "./seam-support.ts";

export type ChangeCalendar = {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly closed: readonly { readonly from: number; readonly to: number }[];
};

const refused = (message: string) =>
  new SSMServiceException({
    name: "ValidationException",
    message,
    $fault: "client",
    $metadata: { httpStatusCode: 400 },
  });

/** To the second, as the service writes it. */
const instant = (at: number): string => new Date(at).toISOString().replace(/\.\d{3}Z$/, "Z");

const isClosed = ({ closed }: ChangeCalendar, at: number): boolean =>
  closed.some(({ from, to }) => from <= at && at < to);

export const makeSsm = (
  clock: Pick<Clock, "now">,
  calendars: readonly ChangeCalendar[],
): { readonly handlers: AwsHandlers } => ({
  handlers: {
    GetCalendarState: (
      input: GetCalendarStateCommandInput,
    ): Omit<GetCalendarStateCommandOutput, "$metadata"> => {
      knownFields("ssm:GetCalendarState", input, ["CalendarNames", "AtTime"]);
      const names = input.CalendarNames ?? [];
      if (names.length === 0) throw refused("1 validation error detected: CalendarNames is required.");
      const at = input.AtTime === undefined ? clock.now() : Date.parse(input.AtTime);
      if (Number.isNaN(at)) throw refused(`AtTime ${input.AtTime} is not in ISO 8601 format.`);
      const asked = names.map((name) => {
        const found = calendars.find((c) => c.name === name);
        if (found) return found;
        throw new InvalidDocument({
          message: `Document with name ${name} does not exist.`,
          $metadata: { httpStatusCode: 400 },
        });
      });
      const stateAt = (moment: number) => (asked.some((c) => isClosed(c, moment)) ? "CLOSED" : "OPEN");
      const now = stateAt(at);
      const edges = asked.flatMap((c) => c.closed.flatMap(({ from, to }) => [from, to]));
      const next = edges.filter((edge) => edge > at && stateAt(edge) !== now);
      return {
        State: now,
        AtTime: instant(at),
        ...(next.length === 0 ? {} : { NextTransitionTime: instant(Math.min(...next)) }),
      };
    },
  },
});
