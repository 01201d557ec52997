/** Questions and votes, through the steps: who may, when, for which plan, how often; and what happens when somebody dies in between. */

import { describe, expect, it } from "vitest";
import type { Question } from "../../domain/approvals.ts";
import { keys } from "../../domain/journal.ts";
import { askPeople } from "../../functions/ask-people.ts";
import { countHold } from "../../functions/count-hold.ts";
import { expireQuestion } from "../../functions/expire-question.ts";
import { pagePerson } from "../../functions/page-person.ts";
import { prepareQuestion, quorumOf } from "../../functions/prepare-question.ts";
import type { FaultHook } from "../../simulator/services/seam.ts";
import { makeStepBench, RUN, type StepBench, smallPlan } from "./bench.ts";
import { batch, slackVote, type Told, work } from "./voting.ts";

const QUESTION: Question = {
  id: "cut-traffic",
  kind: "approval",
  phase: "cut-traffic",
  sentence: "Delegate the zone.",
  choices: ["granted", "denied"],
  quorum: 0,
};

const withQuorum = (quorum: number) =>
  smallPlan(
    {},
    {
      approvals: {
        approvers: [
          { person: "amara", role: "lead" },
          { person: "jonas", role: "on-call" },
        ],
        quorum,
      },
    },
  );

/** Asked, with a task that waits. */
const asked = async (quorum = 1, fault?: FaultHook) => {
  const bench = makeStepBench({ plan: withQuorum(quorum), ...(fault ? { fault } : {}) });
  bench.put(keys.started(RUN.migration, "e"), { execution: "e", requester: "AROASOMEBODY:else" });
  const { arn, token } = await bench.waiting("asks");
  await bench.run(askPeople, { question: QUESTION, token });
  const status = () => bench.engine.describe(arn).status;
  const output = () => bench.engine.describe(arn).output;
  return {
    bench,
    status,
    output,
    vote: (person: string, choice: string, plan = RUN.plan) => voting(bench, person, choice, plan),
  };
};
const voting = (bench: StepBench, person: string, choice: string, plan = RUN.plan) => {
  return told(
    bench,
    slackVote(bench, person, { migration: RUN.migration, plan, question: QUESTION.id, choice }),
  );
};
/** What was said of one vote; rejects where it is to be delivered again. */
const told = async (bench: StepBench, message: unknown, sender?: string): Promise<Told> => {
  const { told, warned, again } = await work(bench, batch(bench, [message], sender));
  if (again.length > 0) throw new Error(warned.join());
  return told[0] ?? { counted: false, sentence: "" };
};
const decision = (bench: StepBench) => bench.json(keys.decision(RUN.migration, QUESTION.id));

describe("a quorum", () => {
  it.each([
    ["is the question's own where it has one", { quorum: 3 }, 3],
    ["is else the plan's", {}, 2],
    ["is else, for the decommissioning, the plan's for that", { phase: "decommission" as const }, 4],
    [
      "of the decommissioning is the question's own as well",
      { phase: "decommission" as const, quorum: 1 },
      1,
    ],
  ])("%s", (_, over, quorum) => {
    const { settings } = smallPlan(
      {},
      {
        approvals: {
          approvers: ["a", "b", "c", "d"].map((person) => ({ person, role: "lead" })),
          quorum: 2,
          decommissionQuorum: 4,
        },
      },
    );
    expect(quorumOf({ ...QUESTION, ...over } as never, settings)).toBe(quorum);
  });
});

describe("ask-people", () => {
  it("stores the record before it posts, and no button carries the token (a program that posts first would be asked before it can answer)", async () => {
    const { bench } = await asked();
    const order = bench.calls.filter((c) => c.mutating).map((c) => c.service);
    expect(order.indexOf("s3")).toBeLessThan(order.indexOf("slack"));
    expect(bench.posts).toHaveLength(1);
    expect(bench.posts[0]).not.toContain(bench.tokens[0]);
  });

  it("keeps the record where Slack is down, and a retry takes the new token and keeps the expiry", async () => {
    let down = true;
    const bench = makeStepBench({
      slack: () =>
        down ? { status: 503, headers: {}, body: "" } : { status: 200, headers: {}, body: '{"ok":true}' },
    });
    // A failure here would take a migration back because a chat is down.
    expect(await bench.run(askPeople, { question: QUESTION, token: "first" })).toEqual({
      asked: "cut-traffic",
    });
    expect(bench.posts.length).toBe(1);
    const first = bench.json(keys.approval(RUN.migration, QUESTION.id)) as { readonly expiresAt: string };
    down = false;
    bench.wait(600);
    await bench.run(askPeople, { question: QUESTION, token: "second" });
    expect(bench.json(keys.approval(RUN.migration, QUESTION.id))).toMatchObject({
      token: "second",
      expiresAt: first.expiresAt,
    });
    expect(bench.posts.length, "asked again, so posted").toBe(2);
    await bench.run(askPeople, { question: QUESTION, token: "second" });
    expect(bench.posts.length, "a message that stands isn't posted twice").toBe(2);
  });

  it("asks nobody once a rollback has begun", async () => {
    const bench = makeStepBench();
    bench.put(keys.fence(RUN.migration), { startedBy: "person", execution: "e", at: "2026-03-03T02:00:00Z" });
    await expect(bench.run(askPeople, { question: QUESTION, token: "t" })).rejects.toThrow(
      /rollback .* has begun/,
    );
    expect([bench.posts, bench.json(keys.approval(RUN.migration, QUESTION.id))]).toEqual([[], null]);
  });

  it.each([
    ["known", ["AROASOMEBODY:else"], 1, 1],
    ["not known: one person more, so that enough others have granted it", [], 1, 2],
    ["not known, where all have to grant it anyway", [], 2, 2],
  ])("takes its quorum where who started it is %s", async (_, requesters, quorum, needed) => {
    const bench = makeStepBench({ plan: withQuorum(quorum) });
    const starts = requesters.length > 0 ? requesters : [null];
    for (const [i, requester] of starts.entries())
      bench.put(keys.started(RUN.migration, `e${i}`), { execution: `e${i}`, requester });
    await bench.run(askPeople, { question: QUESTION, token: "t" });
    expect(bench.json(keys.approval(RUN.migration, QUESTION.id))).toMatchObject({
      quorum: needed,
      requesters,
    });
  });

  it("refuses to reuse a question for another plan, and leaves its token alone", async () => {
    const { bench } = await asked();
    bench.put(keys.plan("other"), withQuorum(1));
    const before = bench.stored.get(keys.approval(RUN.migration, QUESTION.id));
    await expect(
      bench.run(askPeople, { run: { ...RUN, plan: "other" }, question: QUESTION, token: "new" }),
    ).rejects.toThrow(/another plan|not about/);
    expect(bench.stored.get(keys.approval(RUN.migration, QUESTION.id))).toBe(before);
  });
});

describe("record-vote", () => {
  it("answers the task once enough different people have granted it", async () => {
    const { bench, vote, status, output } = await asked(2);
    expect(await vote("amara", "granted")).toMatchObject({ counted: true });
    expect(await vote("amara", "granted"), "the same click twice is one person").toMatchObject({
      counted: true,
    });
    expect(decision(bench)).toBeNull();
    await vote("jonas", "granted");
    expect(decision(bench)).toEqual({ decision: "granted", by: ["amara", "jonas"] });
    await bench.clock.run(() => status() !== "RUNNING");
    expect(output()).toMatchObject({ decision: "granted" });
  });

  it.each([
    ["by somebody who is no approver", "mallory", "granted", RUN.plan, 0, /not an approver/],
    ["for another plan", "amara", "granted", "other", 0, /another plan/],
    ["with a choice that isn't offered", "amara", "retry", RUN.plan, 0, /not among/],
    ["after the expiry", "amara", "granted", RUN.plan, 14_400, /expired/],
  ])("doesn't count a vote %s", async (_, person, choice, plan, later, why) => {
    const { bench, vote, status } = await asked();
    bench.wait(later);
    expect(await vote(person, choice, plan)).toEqual({
      counted: false,
      sentence: expect.stringMatching(why),
    });
    expect(decision(bench)).toBeNull();
    expect([...bench.stored.keys()].filter((k) => k.includes("/votes/"))).toEqual([]);
    expect(status()).toBe("RUNNING");
  });

  it("lets one denial end a question that others have granted, also by who had granted it (one vote a person would lose it)", async () => {
    const { bench, vote } = await asked(2);
    await vote("amara", "granted");
    await vote("amara", "denied");
    expect(decision(bench)).toEqual({ decision: "denied", by: ["amara"] });
  });

  it("doesn't let a later vote change what was decided", async () => {
    const { bench, vote } = await asked();
    await vote("amara", "granted");
    expect(await vote("jonas", "denied")).toMatchObject({ counted: false });
    expect(decision(bench)).toMatchObject({ decision: "granted" });
  });

  it("answers with the first decision where two come at the same moment", async () => {
    let bench: StepBench | undefined;
    const made = await asked(1, (call) => {
      if (call.moment === "before" && call.mutating && call.subject.endsWith("decision.json"))
        bench?.put(keys.decision(RUN.migration, QUESTION.id), { decision: "denied", by: ["jonas"] });
      return undefined;
    });
    bench = made.bench;
    expect(await made.vote("amara", "granted")).toMatchObject({ sentence: "Decided: denied." });
    await bench.clock.run(() => made.status() !== "RUNNING");
    expect(made.output()).toMatchObject({ decision: "denied" });
  });

  it.each(["amara", "jonas"])(
    "is finished by the next click (of %s) where it died between the decision and the answer",
    async (person) => {
      let crashes = 1;
      const made = await asked(1, (call) =>
        call.action === "SendTaskSuccess" && call.moment === "before" && crashes-- > 0
          ? { kind: "crash" }
          : undefined,
      );
      await expect(made.vote("amara", "granted")).rejects.toThrow();
      expect([decision(made.bench), made.status()]).toEqual([
        { decision: "granted", by: ["amara"] },
        "RUNNING",
      ]);
      await made.vote(person, "granted");
      await made.bench.clock.run(() => made.status() !== "RUNNING");
      expect(made.output()).toEqual({ decision: "granted", by: ["amara"] });
    },
  );

  it("takes a task that has its answer for no error", async () => {
    let crashes = 1;
    const made = await asked(1, (call) =>
      call.action === "SendTaskSuccess" && call.moment === "after" && crashes-- > 0
        ? { kind: "answer-lost" }
        : undefined,
    );
    await expect(made.vote("amara", "granted")).rejects.toThrow();
    await expect(made.vote("amara", "granted")).resolves.toMatchObject({ counted: false });
  });

  it("refuses a question that was never asked", async () => {
    const bench = makeStepBench();
    expect(await voting(bench, "amara", "granted")).toEqual({
      counted: false,
      sentence: expect.stringMatching(/no question/),
    });
    expect([...bench.stored.keys()].filter((k) => k.includes("/votes/"))).toEqual([]);
  });
});

describe("expire-question", () => {
  it("decides for nobody, once, and a late grant counts for nothing", async () => {
    const { bench, vote, status } = await asked();
    bench.wait(14_400);
    expect(await bench.run(expireQuestion, { question: QUESTION })).toEqual({ decision: "expired", by: [] });
    expect(await bench.run(expireQuestion, { question: QUESTION })).toEqual({ decision: "expired", by: [] });
    expect(await vote("amara", "granted")).toMatchObject({ counted: false });
    expect([decision(bench), status()]).toEqual([{ decision: "expired", by: [] }, "RUNNING"]);
  });

  it("gives way to an answer that came just before (a blind write would overrule a granted question)", async () => {
    const { bench, vote } = await asked();
    await vote("amara", "granted");
    expect(await bench.run(expireQuestion, { question: QUESTION })).toMatchObject({ decision: "granted" });
  });
});

describe("prepare-question", () => {
  it.each([
    [0, 60],
    [14_400, 14_400],
    [31_536_000, 1_036_800],
  ])(
    "lets a question of %d s live for %d s: machines wait for two weeks at most",
    async (expiresAfterSeconds, expected) => {
      const bench = makeStepBench({
        plan: smallPlan(
          {},
          { approvals: { approvers: [{ person: "amara", role: "lead" }], expiresAfterSeconds } },
        ),
      });
      expect(await bench.run(prepareQuestion, { question: QUESTION })).toEqual({
        expiresAfterSeconds: expected,
      });
    },
  );
});

describe("count-hold", () => {
  const hold = (bench: StepBench, subject: string, holder: string) =>
    bench.run(countHold, { phase: "move-workloads", subject, sentence: "It doesn't stand.", holder });

  it("counts holders, not calls, and stops after three", async () => {
    const bench = makeStepBench();
    const seen = [];
    for (const holder of ["a", "a", "b", "c", "d"]) seen.push(await hold(bench, "shop/cart", holder));
    expect(seen.map((s) => [s.number, s.mayRetry])).toEqual([
      [1, true],
      [1, true],
      [2, true],
      [3, true],
      [4, false],
    ]);
    expect(new Set(seen.map((s) => s.question)).size).toBe(4);
  });

  it("keeps things apart whose names look alike in a key (one question would answer both)", async () => {
    const bench = makeStepBench();
    const [first, second] = [
      await hold(bench, "shop/cart-x, before", "a"),
      await hold(bench, "shop-cart/x, before", "b"),
    ];
    expect(first.question).not.toBe(second.question);
    expect(second.number).toBe(1);
  });
});

describe("page-person", () => {
  const FORWARD = {
    migration: RUN.migration,
    operation: "0003-shift:shop/cart",
    move: "1-source-down",
    direction: "forward",
  } as const;

  it("says the command to run by hand, and never stops what called it", async () => {
    const bench = makeStepBench({ slack: () => ({ status: 200, headers: {}, body: "<html>proxy</html>" }) });
    bench.put(keys.entry(FORWARD), {
      ...FORWARD,
      step: "scale-workload",
      recordedAt: "2026-03-03T02:00:00Z",
      effect: {
        kind: "set-field",
        cluster: "source",
        object: { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "cart" },
        path: ["spec", "replicas"],
        before: 4,
        after: 2,
      },
    });
    expect(
      await bench.run(pagePerson, {
        visit: "e, 02:00",
        sentence: "It doesn't come back.",
        entry: [keys.entry(FORWARD)],
      }),
    ).toEqual({ paged: false });
    expect(bench.logged[0]).toContain(
      `kubectl --context source patch -n shop deployment.v1.apps/cart --type merge -p '{"spec":{"replicas":4}}'`,
    );
  });
});
