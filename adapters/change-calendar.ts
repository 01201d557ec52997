/** SSM Change Calendar: whether all of some calendars are open at a moment, and when that changes. Source: API reference, GetCalendarState. */

import { GetCalendarStateCommand, type SSMClient } from "@aws-sdk/client-ssm";
import type { CalendarSeen } from "../domain/change-calendar.ts";
import { calling } from "./aws.ts";

/**
 * @param names Names or ARNs of the calendars; one that is closed closes them all.
 * @returns unknown for a state that is neither, or a time that is none.
 * @throws Invalid without such a calendar, Forbidden, Throttled, Transient or AnswerLost.
 */
export const seeCalendars = async (
  ssm: SSMClient,
  names: readonly string[],
  at: Date,
): Promise<CalendarSeen> => {
  const { State, NextTransitionTime } = await calling(`look at the change calendar ${names.join(", ")}`, () =>
    ssm.send(new GetCalendarStateCommand({ CalendarNames: [...names], AtTime: at.toISOString() })),
  );
  const changesAt = NextTransitionTime ? Date.parse(NextTransitionTime) : undefined;
  if ((State !== "OPEN" && State !== "CLOSED") || Number.isNaN(changesAt))
    return {
      state: "unknown",
      why: `SSM answered ${State ?? "no state"}, next ${NextTransitionTime ?? "never"}.`,
    };
  const state = State === "OPEN" ? "open" : "closed";
  return changesAt === undefined ? { state } : { state, changesAt };
};
