/** The steps of a cut over simulated zones: TTLs lowered and waited out, the delegation there and back, and the old zone that follows. */

import { GetCalendarStateCommand, type GetCalendarStateCommandOutput } from "@aws-sdk/client-ssm";
import { mockClient } from "aws-sdk-client-mock";
import { describe, expect, it } from "vitest";
import { applyEffect } from "../../adapters/effects/index.ts";
import type { RecordSet } from "../../domain/effects.ts";
import { keys } from "../../domain/journal.ts";
import { checkWindow } from "../../functions/check-window.ts";
import { compareWithStart } from "../../functions/compare-with-start.ts";
import { delegateZone } from "../../functions/delegate-zone.ts";
import { lowerTtls } from "../../functions/lower-ttls.ts";
import { measureOldTtls } from "../../functions/measure-old-ttls.ts";
import { measureTtls } from "../../functions/measure-ttls.ts";
import { observeDelegation } from "../../functions/observe-delegation.ts";
import { observeOldZone } from "../../functions/observe-old-zone.ts";
import { observeTargetTraffic } from "../../functions/observe-target-traffic.ts";
import { observeTtls } from "../../functions/observe-ttls.ts";
import { recordStart } from "../../functions/record-start.ts";
import { repointOldZone } from "../../functions/repoint-old-zone.ts";
import { restoreTtls } from "../../functions/restore-ttls.ts";
import { turnBack } from "../../functions/turn-back.ts";
import { HOST, makeStepBench, RECORDS, RUN, smallPlan, ZONE } from "./bench.ts";
import { ALL, built, change, find, gateInput, NEW, records, through, undoAll, zones } from "./dns-bench.ts";

describe("record-start and lower-ttls", () => {
  it("keep the first reading, whatever is there later", async () => {
    const bench = makeStepBench();
    await bench.run(recordStart);
    const first = bench.stored.get(keys.start(RUN.migration));
    const { old } = await zones(bench);
    await change(bench, old, { ...NEW, ttlSeconds: 60 });
    await bench.run(recordStart);
    expect(bench.stored.get(keys.start(RUN.migration))).toBe(first);
  });

  it("lower everything that is higher, wait for the longest old TTL, and say so to every server", async () => {
    const bench = makeStepBench();
    await bench.run(recordStart);
    expect(await through(bench, () => bench.run(lowerTtls))).toMatchObject({ next: null });
    expect(await through(bench, () => bench.run(lowerTtls)), "again: everything stands").toEqual({
      next: null,
      made: 0,
    });
    expect(await bench.run(measureOldTtls), "the old TTL on record counts, not the lowered one").toEqual({
      waitSeconds: 172_800 + 120,
    });
    const { parent, old } = await zones(bench);
    expect((await records(bench, old)).map((r) => r.ttlSeconds)).toEqual(expect.arrayContaining([60]));
    expect((await records(bench, old)).every((r) => (r.ttlSeconds ?? 0) <= 60)).toBe(true);
    expect((await find(bench, parent, "NS"))?.ttlSeconds).toBe(60);
    expect((await find(bench, old, "SOA"))?.values?.[0]).toMatch(/ 60$/);
    bench.wait(120);
    expect(await bench.run(observeTtls, gateInput(1))).toMatchObject({ verdict: "pass" });
    await undoAll(bench);
    expect((await records(bench, old)).find((r) => r.name === `docs.${ZONE}.`)?.ttlSeconds).toBe(3_600);
    expect((await find(bench, parent, "NS"))?.ttlSeconds).toBe(172_800);
    expect(await bench.run(compareWithStart, { watcher: "w" })).toMatchObject({ verdict: "pass" });
  });

  it("don't write an address of yesterday over what somebody changed after the reading", async () => {
    const bench = makeStepBench();
    await bench.run(recordStart);
    const { old } = await zones(bench);
    await change(bench, old, { name: `${HOST}.`, type: "A", ttlSeconds: 300, values: ["203.0.113.77"] });
    const { next } = await bench.run(lowerTtls);
    await expect(through(bench, () => bench.run(lowerTtls, { from: next }))).rejects.toThrow();
    expect((await find(bench, old, "A", HOST))?.values).toEqual(["203.0.113.77"]);
  });

  it("lower nothing without a start on record", async () => {
    const bench = makeStepBench();
    await expect(bench.run(lowerTtls)).rejects.toThrow(/not recorded.*nothing was lowered/);
    expect(bench.changes()).toEqual([]);
  });

  it("observe-ttls fails while a server still gives the old one", async () => {
    expect(await makeStepBench().run(observeTtls, gateInput(1))).toMatchObject({ verdict: "fail" });
  });
});

it("measure-ttls adds the delegation's and the longest record's TTL, and knows an alias by its 60 s", async () => {
  const alias: RecordSet = {
    name: `${HOST}.`,
    type: "A",
    alias: { hostedZoneId: "Z35SXDOTRQ7X7K", dnsName: "a.elb.amazonaws.com." },
  };
  const bench = makeStepBench({ records: [alias] });
  expect(await bench.run(measureTtls)).toEqual({
    waitSeconds: 172_800 + 60 + 30,
    recordWaitSeconds: 60 + 30,
  });
});

describe("delegate-zone", () => {
  it("changes parent and old apex, keeps the old servers on record, and is seen at every server", async () => {
    const { bench, parent, old, fresh } = await built();
    const before = (await find(bench, parent, "NS"))?.values;
    expect(await bench.run(observeDelegation, gateInput(1))).toMatchObject({ verdict: "unknown" });
    await through(bench, () => bench.run(delegateZone));
    await bench.run(delegateZone);
    bench.wait(120);
    const servers = (await find(bench, fresh, "NS"))?.values;
    expect([(await find(bench, parent, "NS"))?.values, (await find(bench, old, "NS"))?.values]).toEqual([
      servers,
      servers,
    ]);
    expect(await bench.run(observeDelegation, gateInput(2))).toMatchObject({ verdict: "pass" });
    await undoAll(bench);
    expect([(await find(bench, parent, "NS"))?.values, (await find(bench, old, "NS"))?.values]).toEqual([
      before,
      before,
    ]);
  });

  it("goes on after a crash between its two changes, with the first old values", async () => {
    let crashes = 0;
    const { bench, parent, old } = await built((call) =>
      call.action === "ChangeResourceRecordSets" && call.moment === "after" && crashes-- > 0
        ? { kind: "crash" }
        : undefined,
    );
    const before = (await find(bench, parent, "NS"))?.values;
    crashes = 1;
    await expect(bench.run(delegateZone)).rejects.toThrow();
    expect((await find(bench, parent, "NS"))?.values).not.toEqual(before);
    bench.wait(60);
    await through(bench, () => bench.run(delegateZone));
    bench.wait(60);
    await undoAll(bench);
    expect([(await find(bench, parent, "NS"))?.values, (await find(bench, old, "NS"))?.values]).toEqual([
      before,
      before,
    ]);
  });

  it("needs the new zone", async () => {
    await expect(makeStepBench().run(delegateZone)).rejects.toThrow(/does not exist yet/);
  });

  it("doesn't guess between two zones of one name that are not ours", async () => {
    const { bench } = await built();
    await bench.within(ALL, () =>
      applyEffect({ kind: "create-zone", name: ZONE, callerReference: "somebody-elses" }, bench.clients),
    );
    await expect(bench.run(delegateZone)).rejects.toThrow(/only one of them can be the live one/);
    expect(bench.changes().filter((c) => c.includes("Change"))).toHaveLength(1);
  });
});
describe("repoint-old-zone", () => {
  it("gives the old zone's hosts the new records, leaves the rest, and comes back", async () => {
    const { bench, old, fresh } = await built();
    const mail = { name: `mail.${ZONE}.`, type: "A", ttlSeconds: 60 } as const;
    await change(bench, fresh, { ...mail, values: ["192.0.2.25"] });
    await change(bench, old, { ...mail, values: ["192.0.2.26"] });
    expect(await bench.run(observeOldZone, gateInput(1))).toMatchObject({ verdict: "unknown" });
    expect(await bench.run(repointOldZone)).toEqual({ next: null, made: 1 });
    await bench.run(repointOldZone);
    bench.wait(120);
    expect((await find(bench, old, "A", HOST))?.values).toEqual(NEW.values);
    expect((await records(bench, old)).find((r) => r.type === "CNAME")).toEqual(RECORDS[1]);
    expect((await find(bench, old, "A", mail.name))?.values, "changed by somebody else meanwhile").toEqual([
      "192.0.2.26",
    ]);
    expect(await bench.run(observeOldZone, gateInput(2))).toMatchObject({ verdict: "pass" });
    await undoAll(bench);
    expect((await find(bench, old, "A", HOST))?.values).toEqual(["192.0.2.10"]);
  });

  it("finds its own entries where a record was added between two tries (numbers instead of names would collide)", async () => {
    const { bench, old, fresh } = await built();
    await bench.run(repointOldZone);
    bench.wait(60);
    await change(bench, fresh, { name: `${HOST}.`, type: "AAAA", ttlSeconds: 60, values: ["2001:db8::7"] });
    expect(await through(bench, () => bench.run(repointOldZone))).toEqual({ next: null, made: 1 });
    expect((await find(bench, old, "AAAA", HOST))?.values).toEqual(["2001:db8::7"]);
  });
});

describe("on the way back", () => {
  it("turn-back does nothing where nobody was ever delegated, else names the old servers in the new zone", async () => {
    const { bench, fresh, old } = await built();
    const home = (await find(bench, old, "NS"))?.values;
    expect(await bench.run(turnBack)).toEqual({ turned: false });
    await through(bench, () => bench.run(delegateZone));
    bench.wait(120);
    await through(bench, () => bench.run(turnBack));
    expect(await bench.run(turnBack)).toEqual({ turned: true });
    expect((await find(bench, fresh, "NS"))?.values).toEqual(home);
  });

  it("observe-target-traffic passes where nobody was delegated, and waits out TTLs where metrics are down, but not for ever", async () => {
    const { bench } = await built();
    expect(await bench.run(observeTargetTraffic, { polls: 0 })).toMatchObject({ verdict: "pass" });
    await through(bench, () => bench.run(delegateZone));
    expect(await bench.run(observeTargetTraffic, { polls: 0 })).toMatchObject({ verdict: "unknown" });
    expect(await bench.run(observeTargetTraffic, { polls: 240 })).toMatchObject({ verdict: "pass" });
  });
});

it("restore-ttls gives the delegation and the new zone the old TTLs, once", async () => {
  const { bench, parent, fresh } = await built();
  await through(bench, () => bench.run(lowerTtls));
  bench.wait(120);
  await through(bench, () => bench.run(restoreTtls));
  await bench.run(restoreTtls);
  expect([
    (await find(bench, parent, "NS"))?.ttlSeconds,
    (await find(bench, fresh, "NS"))?.ttlSeconds,
  ]).toEqual([172_800, 172_800]);
});

describe("check-window", () => {
  // It is two in the night of a Tuesday, UTC.
  it.each([
    ["delegate-zone", { start: "01:00", end: "05:00" }, "pass"],
    ["delegate-zone", { start: "03:00", end: "05:00" }, "unknown"],
    ["delegate-zone", { start: "01:00", end: "02:05" }, "unknown"],
    ["delegate-zone", { start: "03:00", end: "03:10" }, "fail"],
    ["freeze", { start: "03:00", end: "05:00" }, "pass"],
  ])("judges %s in %j as %s: the step and its way back have to fit", async (step, window, verdict) => {
    const bench = makeStepBench({
      plan: smallPlan(
        { price: { stateTransitions: 0, doubleRunningHours: 0, freezeMinutes: 90 } },
        { window: { timeZone: "UTC", ...window } },
      ),
    });
    expect(await bench.run(checkWindow, { step })).toMatchObject({ verdict });
  });

  describe("where the window names a change calendar", () => {
    const calendar = () => {
      const bench = makeStepBench({
        plan: smallPlan(
          { price: { stateTransitions: 0, doubleRunningHours: 0, freezeMinutes: 90 } },
          {
            window: {
              timeZone: "UTC",
              start: "01:00",
              end: "05:00",
              changeCalendars: [{ name: "platform-freeze" }],
            },
          },
        ),
      });
      return { bench, ssm: mockClient(bench.context.aws.ssm) };
    };

    it("asks for it by name, for the moment at which the cut would begin", async () => {
      const { bench, ssm } = calendar();
      ssm.on(GetCalendarStateCommand).resolves({ State: "OPEN" });
      expect(await bench.run(checkWindow, { step: "delegate-zone" })).toMatchObject({ verdict: "pass" });
      expect(await bench.run(checkWindow, { step: "freeze" })).toMatchObject({ verdict: "pass" });
      expect(ssm.commandCalls(GetCalendarStateCommand).map((call) => call.args[0].input)).toEqual([
        { CalendarNames: ["platform-freeze"], AtTime: expect.stringMatching(/^2026-03-03T02:02/) },
        { CalendarNames: ["platform-freeze"], AtTime: expect.stringMatching(/^2026-03-03T03:32/) },
      ]);
    });

    it.each([
      [
        "closed",
        { State: "CLOSED", NextTransitionTime: "2026-03-03T03:00:00Z" },
        /is closed until 2026-03-03 03:00/,
      ],
      [
        "about to close",
        { State: "OPEN", NextTransitionTime: "2026-03-03T02:01:00Z" },
        /closes at 2026-03-03 02:01/,
      ],
      ["in a state that nobody knows", { State: "AJAR" }, /isn't known: SSM answered AJAR/],
    ])("holds while it is %s", async (_, answer, sentence) => {
      const { bench, ssm } = calendar();
      ssm.on(GetCalendarStateCommand).resolves(answer as GetCalendarStateCommandOutput);
      const verdict = await bench.run(checkWindow, { step: "delegate-zone" });
      expect(verdict).toMatchObject({ verdict: "unknown", sentence: expect.stringMatching(sentence) });
    });

    it.each(["InvalidDocument", "AccessDeniedException", "InternalServerError"])(
      "holds while it can't be asked (%s)",
      async (name) => {
        const { bench, ssm } = calendar();
        ssm
          .on(GetCalendarStateCommand)
          .rejects(Object.assign(new Error(name), { name, $metadata: { httpStatusCode: 400 } }));
        const verdict = await bench.run(checkWindow, { step: "delegate-zone" });
        expect(verdict).toMatchObject({ verdict: "unknown", waitSeconds: 1_800 });
        expect((verdict as { readonly sentence: string }).sentence).toContain(name);
      },
    );

    it("isn't asked while the window itself is shut", async () => {
      const { bench, ssm } = calendar();
      bench.wait(4 * 3_600);
      expect(await bench.run(checkWindow, { step: "delegate-zone" })).toMatchObject({ verdict: "unknown" });
      expect(ssm.commandCalls(GetCalendarStateCommand)).toEqual([]);
    });
  });
});
