/** Simulated Systems Manager: change calendars and their refusals, as the API reference of GetCalendarState has them. No server here has the API. */

import { GetCalendarStateCommand, type GetCalendarStateCommandInput } from "@aws-sdk/client-ssm";
import { describe, expect, it } from "vitest";
import { seeCalendars } from "../../adapters/change-calendar.ts";
import { Forbidden, Invalid } from "../../domain/errors.ts";
import { makeSsm } from "../../simulator/services/ssm.ts";
import { makeBench } from "./harness.ts";

const NEEDS = { ssm: ["GetCalendarState"] };
const at = (iso: string) => Date.parse(iso);
const closed = (from: string, to: string) => ({ from: at(from), to: at(to) });
const bench = () =>
  makeBench(
    (clock) => ({
      ssm: makeSsm(clock, [
        { name: "freeze", closed: [closed("2026-12-20T00:00:00Z", "2027-01-04T00:00:00Z")] },
        { name: "sales", closed: [closed("2027-01-04T00:00:00Z", "2027-01-06T00:00:00Z")] },
        { name: "quiet", closed: [] },
      ]).handlers,
    }),
    { needs: NEEDS },
  );
const ask = (names: readonly string[], moment: string, needs: object = NEEDS) =>
  bench().asStep((aws) => seeCalendars(aws.ssm, names, new Date(moment)), needs);
const send = (input: GetCalendarStateCommandInput) =>
  bench().asStep((aws) => aws.ssm.send(new GetCalendarStateCommand(input)));

describe("GetCalendarState", () => {
  it.each([
    [
      "open, and until when",
      ["freeze"],
      "2026-12-01T00:00:00Z",
      { state: "open", changesAt: at("2026-12-20T00:00:00Z") },
    ],
    [
      "closed from its first second",
      ["freeze"],
      "2026-12-20T00:00:00Z",
      { state: "closed", changesAt: at("2027-01-04T00:00:00Z") },
    ],
    ["open again at its end, and for good", ["freeze"], "2027-01-04T00:00:00Z", { state: "open" }],
    ["open for ever", ["quiet"], "2026-12-01T00:00:00Z", { state: "open" }],
    [
      "closed if one of two is; the next change is when both are open",
      ["freeze", "sales"],
      "2026-12-25T00:00:00Z",
      { state: "closed", changesAt: at("2027-01-06T00:00:00Z") },
    ],
  ])("answers %s", async (_, names, moment, expected) => {
    expect(await ask(names, moment)).toEqual(expected);
  });

  it("refuses a calendar that isn't there", async () => {
    await expect(ask(["freezer"], "2026-12-01T00:00:00Z")).rejects.toThrow(Invalid);
    await expect(ask(["freezer"], "2026-12-01T00:00:00Z")).rejects.toThrow("InvalidDocument");
  });

  it("refuses who hasn't declared it", async () => {
    await expect(ask(["freeze"], "2026-12-01T00:00:00Z", {})).rejects.toThrow(Forbidden);
  });

  it.each([
    ["no calendar", { CalendarNames: [] }],
    ["a time that is none", { CalendarNames: ["freeze"], AtTime: "tomorrow" }],
  ])("refuses %s", async (_, input) => {
    await expect(send(input)).rejects.toMatchObject({
      name: "ValidationException",
    });
  });

  it("asks about the moment that is meant, which may lie ahead", async () => {
    const answer = await send({
      CalendarNames: ["freeze"],
      AtTime: "2026-12-24T18:00:00+01:00",
    });
    expect(answer).toMatchObject({ State: "CLOSED", AtTime: "2026-12-24T17:00:00Z" });
  });
});
