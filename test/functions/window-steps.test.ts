/** The last moment for a traffic step: what the window and the calendars leave of it, and that the delegation doesn't begin after it. */

import { GetCalendarStateCommand } from "@aws-sdk/client-ssm";
import { mockClient } from "aws-sdk-client-mock";
import { describe, expect, it } from "vitest";
import { applyEffect } from "../../adapters/effects/index.ts";
import { ownReference } from "../../adapters/effects/zones.ts";
import { checkWindow } from "../../functions/check-window.ts";
import { delegateZone } from "../../functions/delegate-zone.ts";
import { recordStart } from "../../functions/record-start.ts";
import type { FaultHook } from "../../simulator/services/seam.ts";
import { makeStepBench, RUN, type StepBench, smallPlan, ZONE } from "./bench.ts";

const ZONES = {
  s3: ["GetObject", "PutObject", "ListBucket"],
  route53: ["CreateHostedZone", "GetHostedZone", "ListHostedZonesByName", "ListResourceRecordSets"],
};

describe("check-window says until when the cut may begin", () => {
  // It is 02:02 in the night, UTC; the cut with its way back takes 14 minutes.
  const judged = async (end: string, calendar?: object) => {
    const changeCalendars = calendar === undefined ? {} : { changeCalendars: [{ name: "platform-freeze" }] };
    const window = { timeZone: "UTC", start: "01:00", end, ...changeCalendars };
    const bench = makeStepBench({ plan: smallPlan({}, { window }) });
    mockClient(bench.context.aws.ssm)
      .on(GetCalendarStateCommand)
      .resolves(calendar ?? {});
    const verdict = await bench.run(checkWindow, { step: "delegate-zone" });
    return { verdict: verdict.verdict, beginBefore: verdict.beginBefore?.slice(11, 19) };
  };

  it.each<[string, string, object | undefined, string | undefined]>([
    [
      "a quarter of an hour, where nothing closes: calendars are closed by hand, gates grow old",
      "05:00",
      undefined,
      "02:17:00",
    ],
    ["as long as both ways fit before the window closes", "02:20", undefined, "02:06:01"],
    [
      "as long as both ways fit before a calendar closes",
      "05:00",
      { State: "OPEN", NextTransitionTime: "2026-03-03T02:22:00Z" },
      "02:08:01",
    ],
    [
      "the earlier of both",
      "02:20",
      { State: "OPEN", NextTransitionTime: "2026-03-03T02:22:00Z" },
      "02:06:01",
    ],
    ["not at all where a calendar is closed", "05:00", { State: "CLOSED" }, undefined],
    [
      "not at all where a calendar's next change is over: it has changed since",
      "05:00",
      { State: "OPEN", NextTransitionTime: "2026-03-03T01:59:00Z" },
      undefined,
    ],
    ["not at all where nobody knows", "05:00", { State: "OPEN", NextTransitionTime: "soon" }, undefined],
    ["not at all where the state is spelled otherwise", "05:00", { State: "open" }, undefined],
    [
      "not at all where there is no state",
      "05:00",
      { NextTransitionTime: "2026-03-03T09:00:00Z" },
      undefined,
    ],
  ])("%s", async (_, end, calendar, beginBefore) => {
    expect(await judged(end, calendar)).toEqual({
      verdict: beginBefore === undefined ? "unknown" : "pass",
      beginBefore,
    });
  });
});

describe("delegate-zone", () => {
  const built = async (fault?: FaultHook) => {
    const bench = makeStepBench(fault ? { fault } : {});
    await bench.run(recordStart);
    await bench.within(ZONES, () =>
      applyEffect(
        { kind: "create-zone", name: ZONE, callerReference: ownReference(RUN.migration) },
        bench.clients,
      ),
    );
    bench.wait(120);
    return bench;
  };
  const inSeconds = (bench: StepBench, seconds: number) =>
    new Date(bench.clock.now() + seconds * 1000).toISOString();
  const changes = (bench: StepBench) =>
    bench.calls.filter((c) => c.action === "ChangeResourceRecordSets").length;

  it("begins before that moment", async () => {
    const bench = await built();
    await bench.run(delegateZone, { beginBefore: inSeconds(bench, 60) });
    expect(changes(bench)).toBe(2);
  });

  it.each([0, -1])("doesn't begin %d s from it: a sentence, no intent and no change", async (seconds) => {
    const bench = await built();
    await expect(bench.run(delegateZone, { beginBefore: inSeconds(bench, seconds) })).rejects.toMatchObject({
      name: "WindowPassed",
      message: expect.stringMatching(
        /might begin until .*Nothing was changed, and the window is judged again/,
      ),
    });
    expect([changes(bench), [...bench.stored.keys()].filter((k) => k.includes("delegate-zone"))]).toEqual([
      0,
      [],
    ]);
  });

  it("is brought to its end after that moment where it has begun (a step that stops half way leaves two delegations)", async () => {
    let crashes = 0;
    const bench = await built((call) =>
      call.action === "ChangeResourceRecordSets" && call.moment === "after" && crashes-- > 0
        ? { kind: "crash" }
        : undefined,
    );
    const beginBefore = inSeconds(bench, 60);
    crashes = 1;
    await expect(bench.run(delegateZone, { beginBefore })).rejects.toThrow();
    bench.wait(3_600);
    expect(await bench.run(delegateZone, { beginBefore })).toEqual({ delegated: ZONE });
    expect(bench.denied()).toEqual([]);
  });
});
