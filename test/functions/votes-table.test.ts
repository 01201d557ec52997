/**
 * Every way in which a click can come to nothing, or come twice: what the person sees, what is on record, and what Step Functions is sent. One row,
 * one case; the wrong program that a row catches is in its name.
 */

import { describe, expect, it as test } from "vitest";
import { keys } from "../../domain/journal.ts";
import { askPeople } from "../../functions/ask-people.ts";
import { expireQuestion } from "../../functions/expire-question.ts";
import { steps } from "../../functions/index.ts";
import { listeners } from "../../functions/listeners.ts";
import { type Asked, answers, asked, deliver, QUESTION, record, refuse, seen, struck } from "./asked.ts";
import { RUN } from "./bench.ts";

describe("a click that comes twice", () => {
  test("is one vote and one answer where SQS delivers it again, and its person is told nothing (a worker that takes it for a second click tells them that theirs wasn't counted)", async () => {
    const it = await asked(2);
    const [first, second] = [it.vote("U0AMARA"), it.vote("U0JONAS")];
    await deliver(it.bench, first);
    await deliver(it.bench, first);
    expect([record(it.bench).votes, answers(it.bench)]).toEqual([["amara"], []]);
    await deliver(it.bench, second);
    it.bench.wait(180);
    const { told, again } = await deliver(it.bench, second);
    expect([told[0]?.counted, again]).toEqual([true, []]);
    expect(record(it.bench)).toMatchObject({
      votes: ["amara", "jonas"],
      decision: { decision: "granted", by: ["amara", "jonas"] },
      unheard: false,
    });
    expect(seen(it)).toEqual({
      text: expect.stringContaining("Decided: Approve, by amara, jonas."),
      buttons: 0,
      whispers: [],
    });
  });

  test("was given in time and stays so, though its second delivery comes after the expiry", async () => {
    const it = await asked(1, struck("throttled"));
    it.bench.wait(14_300);
    const message = it.vote("U0AMARA");
    expect((await deliver(it.bench, message)).again).toEqual(["m0"]);
    it.bench.wait(180);
    const { told, again } = await deliver(it.bench, message);
    expect([told[0]?.counted, again, answers(it.bench).at(-1)]).toEqual([true, [], "applied"]);
    expect(seen(it).whispers).toEqual([]);
  });

  test("is a second click where the person clicked twice: told once that it is decided", async () => {
    const it = await asked(1);
    await it.click("U0AMARA");
    it.bench.wait(2);
    await it.click("U0AMARA");
    expect(record(it.bench).votes).toEqual(["amara"]);
    expect(seen(it).whispers).toEqual([
      "U0AMARA: Your click was not counted. It was decided already: granted.",
    ]);
  });

  test("and is a replay of what Slack signed, within its 300 seconds, gives nobody a second vote", async () => {
    const it = await asked(3);
    const message = it.vote("U0AMARA");
    await deliver(it.bench, message);
    it.bench.wait(120);
    await deliver(it.bench, message);
    await deliver(it.bench, message);
    expect(record(it.bench)).toMatchObject({ votes: ["amara"], decision: null });
  });
});

describe("the age of what Slack signed", () => {
  test.each([
    ["as long as the door may take and the age that it allows", 303, []],
    ["longer than that", 304, ["m0"]],
  ])("is judged by the worker at SQS's word, %s", async (_, seconds, dead) => {
    const it = await asked(2);
    const message = it.vote("U0AMARA");
    it.bench.wait(
      seconds - (it.bench.clock.now() / 1000 - Number((message as { timestamp: string }).timestamp)),
    );
    expect((await deliver(it.bench, message)).again).toEqual(dead);
  });
});

describe("who may is judged at the click", () => {
  const withdraw = ({ bench }: Asked, person: string, body: unknown = { withdrawn: true }) =>
    bench.put(keys.withdrawn(person), body);

  test.each<[string, unknown, boolean]>([
    ["was taken away between question and click", { withdrawn: true }, false],
    ["was taken away in words that nobody can read", "gone", false],
    ["was taken away and given back", { withdrawn: false }, true],
  ])("a right that %s", async (_, body, counted) => {
    const it = await asked(2);
    withdraw(it, "amara", body);
    const { told } = await it.click("U0AMARA");
    expect([told[0]?.counted, record(it.bench).votes]).toEqual([counted, counted ? ["amara"] : []]);
    if (!counted) expect(seen(it).whispers[0]).toMatch(/right of amara to answer was taken away/);
  });

  test("takes an earlier vote away with the right (a program that counts what is stored goes by somebody who has left)", async () => {
    const it = await asked(2);
    await it.click("U0AMARA");
    withdraw(it, "amara");
    await it.click("U0JONAS");
    expect(record(it.bench)).toMatchObject({ votes: ["amara", "jonas"], decision: null });
    expect(seen(it).text).toContain("1 of 2 have approved: jonas.");
    await it.click("U0MEI");
    expect(record(it.bench).decision).toEqual({ decision: "granted", by: ["jonas", "mei"] });
  });

  test("and no function of ours may write who may", () => {
    const writes = [...steps, ...listeners].flatMap(({ name, needs }) =>
      (needs.s3 ?? []).filter((entry) => entry.startsWith("PutObject")).map((entry) => `${name} ${entry}`),
    );
    expect(writes.length).toBeGreaterThan(20);
    expect(writes.filter((entry) => !/ PutObject (clusters|migrations)\//.test(entry))).toEqual([]);
  });

  test("takes nobody for an approver because that one's name is their id in Slack", async () => {
    const it = await asked(1);
    const { told } = await it.click("U0SOMEBODY");
    expect(told[0]).toEqual({ counted: false, sentence: "U0SOMEBODY is not an approver of this plan." });
    expect(record(it.bench)).toMatchObject({ votes: [], decision: null });
  });
});

describe("a click that nobody waits for", () => {
  test("because the execution has ended is said to change nothing (a message that says Decided: Approve would be believed)", async () => {
    const it = await asked(1);
    it.bench.engine.stop(it.arn, "ByHand", "");
    const { told, again } = await it.click("U0AMARA");
    expect([told[0]?.counted, again]).toEqual([false, []]);
    expect(record(it.bench)).toMatchObject({ unheard: true });
    expect(seen(it)).toEqual({
      text: expect.stringMatching(/Answered with Approve, by amara, when nobody waited .* changes nothing/),
      buttons: 0,
      whispers: [expect.stringMatching(/Nobody waits for an answer .* `repot status shop-1`/)],
    });
  });

  test("because a rollback has begun is stored nowhere", async () => {
    const it = await asked(1);
    it.bench.put(keys.fence(RUN.migration), {
      startedBy: "event",
      execution: "e",
      at: "2026-03-03T02:00:00Z",
    });
    await it.click("U0AMARA");
    expect([record(it.bench), answers(it.bench)]).toEqual([
      { votes: [], decision: null, unheard: false },
      [],
    ]);
    expect(seen(it)).toEqual({
      text: expect.stringContaining("A rollback has begun: there is nothing left to decide."),
      buttons: 0,
      whispers: [expect.stringMatching(/A rollback of shop-1 has begun/)],
    });
  });

  test.each(["denied", "roll-back"])(
    "because it was granted before: %s says what still stops it",
    async (choice) => {
      const it = await asked(1);
      await it.click("U0AMARA");
      await it.click("U0JONAS", choice);
      expect(record(it.bench).decision).toEqual({ decision: "granted", by: ["amara"] });
      expect(seen(it).whispers).toEqual([
        "U0JONAS: Your click was not counted. It was decided already: granted. To take it back: `repot rollback shop-1`.",
      ]);
    },
  );

  test("because it came after the expiry, while nobody has noted that yet, and after", async () => {
    const it = await asked(1);
    it.bench.wait(14_400);
    await it.click("U0AMARA");
    expect(seen(it)).toMatchObject({ text: expect.stringContaining("Nobody answered in time."), buttons: 0 });
    await it.bench.run(expireQuestion, { question: QUESTION });
    await it.click("U0JONAS");
    expect(record(it.bench)).toEqual({
      votes: [],
      decision: { decision: "expired", by: [] },
      unheard: false,
    });
    expect([answers(it.bench), seen(it).whispers.length]).toEqual([[], 2]);
  });
});

describe("Step Functions, asked for the answer,", () => {
  test.each(["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])(
    "refuses with %s: decided once, said to be unheard, and not tried for ever",
    async (name) => {
      const it = await asked(1);
      refuse(it, name);
      const { again } = await it.click("U0AMARA");
      expect(again).toEqual([]);
      expect(record(it.bench)).toMatchObject({ decision: { decision: "granted" }, unheard: true });
    },
  );

  test.each([
    ["is throttled", "throttled"],
    ["fails", "server-error"],
  ] as const)("%s: the decision stands, the message comes again, and the answer with it", async (_, kind) => {
    const it = await asked(1, struck(kind));
    const message = it.vote("U0AMARA");
    expect((await deliver(it.bench, message)).again).toEqual(["m0"]);
    expect(record(it.bench)).toMatchObject({ decision: { decision: "granted" }, unheard: false });
    it.bench.wait(180);
    expect((await deliver(it.bench, message)).again).toEqual([]);
    await it.bench.clock.run(() => it.bench.engine.describe(it.arn).status !== "RUNNING");
    expect(it.bench.engine.describe(it.arn).output).toEqual({ decision: "granted", by: ["amara"] });
    expect([record(it.bench).unheard, seen(it).whispers]).toEqual([false, []]);
  });

  test("had asked anew meanwhile: the answer goes to the token that is on record now", async () => {
    const other = { swap: () => {} };
    const it = await asked(1, (call) => {
      if (call.action === "SendTaskSuccess" && call.moment === "before") other.swap();
      return undefined;
    });
    // Between the worker's reading of the record and its answer the state was tried again.
    const fresh = await it.bench.waiting("asks-again");
    const key = keys.approval(RUN.migration, QUESTION.id);
    it.bench.engine.stop(it.arn, "", "");
    other.swap = () => it.bench.put(key, { ...(it.bench.json(key) as object), token: fresh.token });
    await it.click("U0AMARA");
    await it.bench.clock.run(() => it.bench.engine.describe(fresh.arn).status !== "RUNNING");
    expect(it.bench.engine.describe(fresh.arn).output).toMatchObject({ decision: "granted" });
    expect(record(it.bench).unheard).toBe(false);
  });

  test("asks anew after the decision: nobody is asked, and the machine goes by what stands (one that waits would wait for hours)", async () => {
    const it = await asked(1);
    it.bench.engine.stop(it.arn, "", "");
    await it.click("U0AMARA");
    const fresh = await it.bench.waiting("asks-again");
    await expect(it.bench.run(askPeople, { question: QUESTION, token: fresh.token })).rejects.toMatchObject({
      name: "AlreadyDecided",
    });
    expect(await it.bench.run(expireQuestion, { question: QUESTION })).toEqual({
      decision: "granted",
      by: ["amara"],
    });
    expect(it.slack.all()).toHaveLength(1);
  });
});
