/** Votes at the same moment, denials, a Slack that is down, and where the task token is and isn't. */

import { describe, expect, it as test } from "vitest";
import { keys } from "../../domain/journal.ts";
import { DEPLOYED } from "../../simulator/services/deployed.ts";
import { answers, asked, deliver, QUESTION, record, seen, struck } from "./asked.ts";
import { RUN } from "./bench.ts";

describe("two workers at once", () => {
  test.each<[string, readonly [user: string, choice: string][]]>([
    [
      "on two votes that both complete the quorum",
      [
        ["U0AMARA", "granted"],
        ["U0JONAS", "granted"],
      ],
    ],
    [
      "on a grant and a denial",
      [
        ["U0AMARA", "granted"],
        ["U0JONAS", "denied"],
      ],
    ],
    [
      "on a denial and a rollback",
      [
        ["U0AMARA", "denied"],
        ["U0JONAS", "roll-back"],
      ],
    ],
  ])("%s decide once, and answer with the same", async (_, clicks) => {
    const it = await asked(1);
    await Promise.all(clicks.map(([user, choice]) => deliver(it.bench, it.vote(user, choice))));
    const { decision, unheard } = record(it.bench);
    await it.bench.clock.run(() => it.bench.engine.describe(it.arn).status !== "RUNNING");
    expect(it.bench.engine.describe(it.arn).output).toMatchObject({ decision: decision?.decision });
    expect([answers(it.bench).filter((o) => o === "applied").length, unheard]).toEqual([1, false]);
    expect(seen(it), "whoever was outvoted reads it in the message").toMatchObject({
      text: expect.stringContaining("Decided: "),
      whispers: [],
    });
  });

  test("need both votes where the quorum is two: one of them sees both", async () => {
    const it = await asked(2);
    await Promise.all(["U0AMARA", "U0JONAS"].map((user) => deliver(it.bench, it.vote(user))));
    expect(record(it.bench).decision).toEqual({ decision: "granted", by: ["amara", "jonas"] });
    expect([answers(it.bench).filter((o) => o === "applied").length, record(it.bench).unheard]).toEqual([
      1,
      false,
    ]);
  });
});

describe("a denial", () => {
  test("that comes at the very moment of the grant is told that it has stopped nothing, and what would", async () => {
    const other = { decides: () => {} };
    const it = await asked(1, (call) => {
      if (call.moment === "before" && call.mutating && call.subject.endsWith("decision.json"))
        other.decides();
      return undefined;
    });
    other.decides = () =>
      it.bench.put(keys.decision(RUN.migration, QUESTION.id), { decision: "granted", by: ["amara"] });
    const { told } = await it.click("U0JONAS", "denied");
    expect(told[0]?.counted).toBe(false);
    expect(seen(it).whispers).toEqual([
      "U0JONAS: Your click was not counted. Decided: granted. To take it back: `repot rollback shop-1`.",
    ]);
  });

  test.each(["denied", "roll-back"])(
    "%s by another after one has approved, without a quorum",
    async (choice) => {
      const it = await asked(3);
      await it.click("U0AMARA");
      await it.click("U0JONAS", choice);
      expect(record(it.bench).decision).toEqual({ decision: choice, by: ["jonas"] });
      await it.bench.clock.run(() => it.bench.engine.describe(it.arn).status !== "RUNNING");
      expect(it.bench.engine.describe(it.arn).output).toMatchObject({ decision: choice });
    },
  );
});

describe("Slack", () => {
  test("that is down when a decision is to be shown shows it with the next click, whoever's", async () => {
    const it = await asked(1);
    it.slack.setDown(true);
    await it.click("U0AMARA");
    expect(seen(it).buttons, "the message is as it was").toBe(3);
    it.slack.setDown(false);
    await it.click("U0JONAS");
    expect(seen(it)).toMatchObject({ text: expect.stringContaining("by amara"), buttons: 0 });
  });
});

describe("the task token", () => {
  test("is in the record of the question and nowhere else: no message, log line, error, key, or other object", async () => {
    const lines: string[] = [];
    const it = await asked(2, struck("throttled"));
    const noted = (message: string, fields: object = {}) =>
      void lines.push(`${message} ${JSON.stringify(fields)}`);
    Object.assign(it.bench.context.log, { info: noted, warn: noted, error: noted });
    const told = [];
    for (const user of ["U0AMARA", "U0JONAS", "U0JONAS", "U0NOBODY"]) told.push(await it.click(user));
    it.bench.secrets.put(DEPLOYED.slackSecretId, "{}");
    told.push(await it.click("U0MEI"));
    const isRecord = (key: string) => key === keys.approval(RUN.migration, QUESTION.id);
    const others = [...it.bench.stored].filter(([key]) => !isRecord(key));
    const everything = JSON.stringify([
      lines,
      told,
      it.slack.all(),
      it.slack.whispers(),
      it.bench.posts,
      others,
    ]);
    expect(it.token.length).toBeGreaterThan(20);
    expect(everything).not.toContain(it.token);
    expect(it.bench.stored.get(keys.approval(RUN.migration, QUESTION.id))).toContain(it.token);
  });
});
