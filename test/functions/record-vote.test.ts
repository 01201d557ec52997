/** The worker behind the door: what it believes, and what people see of it in Slack. */

import { describe, expect, it } from "vitest";
import type { Button } from "../../domain/clicks.ts";
import { keys } from "../../domain/journal.ts";
import { askPeople } from "../../functions/ask-people.ts";
import { expireQuestion } from "../../functions/expire-question.ts";
import { DEPLOYED, SLACK_APP } from "../../simulator/services/deployed.ts";
import { buttonsIn, makeSlackService } from "../../simulator/services/slack.ts";
import { QUESTION } from "./asked.ts";
import { makeStepBench, RUN, smallPlan } from "./bench.ts";
import { batch, slackVote, work } from "./voting.ts";

const APPROVERS = [
  { person: "amara", role: "lead", slack: "U0AMARA", aws: "AROAADMIN:amara@example.com" },
  { person: "jonas", role: "on-call", slack: "U0JONAS" },
  { person: "mei", role: "on-call", slack: "U0MEI", aws: "AROAADMIN:mei@example.com" },
];
const button = (choice: string, over: Partial<Button> = {}): Button => ({
  migration: RUN.migration,
  plan: RUN.plan,
  question: QUESTION.id,
  choice,
  ...over,
});

/** Asked, in a Slack that keeps what it is told; started by Mei. */
const asked = async (quorum = 2) => {
  // The bench's clock is made before Slack, which needs it.
  const late = { slack: undefined as ReturnType<typeof makeSlackService> | undefined };
  const bench = makeStepBench({
    plan: smallPlan({}, { approvals: { approvers: APPROVERS, quorum } }),
    slack: (request, caller) => late.slack?.handle(request, caller) ?? { status: 500, headers: {}, body: "" },
  });
  const slack = makeSlackService({ clock: bench.clock, app: SLACK_APP });
  late.slack = slack;
  bench.put(keys.started(RUN.migration, "e"), { execution: "e", requester: "AROAADMIN:mei@example.com" });
  const { arn, token } = await bench.waiting("asks");
  await bench.run(askPeople, { question: QUESTION, token });
  const click = (user: string, choice = "granted", over: Partial<Button> = {}) =>
    work(bench, batch(bench, [slackVote(bench, user, button(choice, over))]));
  const message = () => slack.all()[0];
  const votes = () => [...bench.stored.keys()].filter((k) => k.includes("/votes/")).length;
  const status = () => bench.engine.describe(arn).status;
  return { bench, slack, token, click, message, votes, status };
};

describe("what people see", () => {
  it("is what will happen, on which grounds, and what undo costs, with a button for each choice and no token", async () => {
    const { message, token } = await asked();
    const text = JSON.stringify(message());
    for (const part of [
      "Delegate the zone.",
      RUN.plan,
      "2 approvers",
      "Undo costs",
      "back within",
      "Reaches",
      "Window",
      "Until",
    ])
      expect(text).toContain(part);
    expect(buttonsIn(message()).map((b) => b.text.text)).toEqual(["Approve", "Deny", "Roll back"]);
    expect(text).not.toContain(token);
  });

  it("follows the votes, and loses its buttons with the decision", async () => {
    const { click, message } = await asked();
    await click("U0AMARA");
    expect(message()?.text).toContain("1 of 2 have approved: amara.");
    expect(buttonsIn(message())).toHaveLength(3);
    await click("U0JONAS");
    expect(message()?.text).toContain("Decided: Approve, by amara, jonas.");
    expect(buttonsIn(message())).toEqual([]);
  });

  it("is brought up to date once for all clicks that come together, each of which is counted or told why not", async () => {
    const { bench, slack, message, token } = await asked();
    const users = ["U0AMARA", "U0NOBODY", "U0JONAS", "U0MEI"];
    const before = bench.calls.length;
    const { told } = await work(
      bench,
      batch(
        bench,
        users.map((user) => slackVote(bench, user, button("granted"))),
      ),
    );
    expect(told.map((t) => t.counted)).toEqual([true, false, true, false]);
    expect(message()?.text).toContain("Decided: Approve, by amara, jonas.");
    expect(slack.whispers().map((w) => w.user)).toEqual(["U0NOBODY", "U0MEI"]);
    const made = bench.calls.slice(before).map((call) => call.action);
    const times = (action: string) => made.filter((a) => a === action).length;
    // Two messages: the one that was posted, and the one that these clicks name.
    expect([times("chat.update"), times("GetSecretValue"), times("SendTaskSuccess")]).toEqual([2, 1, 1]);
    expect(JSON.stringify(message())).not.toContain(token);
  });

  it("says of an expired question that a click counts for nothing", async () => {
    const { bench, message } = await asked();
    await bench.run(expireQuestion, { question: QUESTION });
    expect(message()?.text).toContain("Nobody answered in time.");
    expect(buttonsIn(message())).toEqual([]);
  });

  it.each<[string, string, string, Partial<Button>, number, RegExp]>([
    ["whom no plan names", "U0NOBODY", "granted", {}, 0, /U0NOBODY is not an approver/],
    ["who started it", "U0MEI", "granted", {}, 0, /mei asked for it and can't grant it/],
    ["with an old plan's message", "U0AMARA", "granted", { plan: "older" }, 0, /another plan/],
    ["too late", "U0AMARA", "granted", {}, 14_400, /expired/],
    [
      "on a question that was never asked",
      "U0AMARA",
      "granted",
      { question: "other" },
      0,
      /no question other/,
    ],
  ])("tells somebody %s alone why the click didn't count", async (_, user, choice, over, later, why) => {
    const { bench, slack, click, votes, status } = await asked();
    bench.wait(later);
    const { told, again } = await click(user, choice, over);
    expect([told[0]?.counted, again, votes(), status()]).toEqual([false, [], 0, "RUNNING"]);
    expect(slack.whispers()).toEqual([{ user, text: expect.stringMatching(why) }]);
  });

  it("tells a second click on a decided question that it was decided", async () => {
    const { slack, click } = await asked(1);
    await click("U0AMARA");
    await click("U0AMARA");
    expect(slack.whispers().map((w) => w.text)).toEqual([
      "Your click was not counted. It was decided already: granted.",
    ]);
  });

  it("doesn't hold a decision up while Slack is down (a worker that tells first would)", async () => {
    const { bench, slack, click } = await asked(1);
    slack.setDown(true);
    const { told, again, warned } = await click("U0AMARA");
    expect([told[0], again]).toEqual([{ counted: true, sentence: "Decided: granted." }, []]);
    expect(warned.join()).toMatch(/could not be brought up to date/);
    expect(bench.json(keys.decision(RUN.migration, QUESTION.id))).toMatchObject({ decision: "granted" });
  });
});

describe("who needs no quorum", () => {
  it.each([
    ["denied", "U0JONAS"],
    ["roll-back", "U0JONAS"],
    ["denied", "U0MEI"],
  ])("%s by one (%s, also by who started it)", async (choice, user) => {
    const { bench, click } = await asked(3);
    await click(user, choice);
    expect(bench.json(keys.decision(RUN.migration, QUESTION.id))).toMatchObject({ decision: choice });
  });
});

describe("what the worker believes", () => {
  it("takes a terminal's vote by who the queue says has sent it, whatever the message claims", async () => {
    const { bench, votes } = await asked();
    const vote = { via: "terminal", button: button("granted") };
    const by = (sender: string, message: unknown = vote) => work(bench, batch(bench, [message], sender));
    expect((await by("AROAADMIN:amara@example.com")).told).toEqual([
      { counted: true, sentence: "1 of 2 have voted." },
    ]);
    expect((await by("AROAADMIN:somebody@example.com")).told[0]).toMatchObject({ counted: false });
    expect((await by("AROAADMIN:somebody@example.com", { ...vote, person: "jonas" })).again).toEqual(["m0"]);
    expect(votes()).toBe(1);
  });

  it("takes no approver without an id for whoever has none either", async () => {
    const { bench } = await asked();
    const { told } = await work(bench, batch(bench, [{ via: "terminal", button: button("granted") }], ""));
    expect(told[0]).toMatchObject({ counted: false });
  });

  it.each<[string, (bench: Awaited<ReturnType<typeof asked>>["bench"]) => unknown]>([
    [
      "signed by somebody else (who may write into the queue can't click for others)",
      (b) => slackVote(b, "U0AMARA", button("granted"), "another-secret-of-theirs"),
    ],
    [
      "that was taken down and put into the queue again ten minutes later",
      (b) => {
        const old = slackVote(b, "U0AMARA", button("granted"));
        b.wait(600);
        return old;
      },
    ],
    ["that is no vote", () => "{}"],
    ["that isn't JSON", () => "hello"],
  ])("leaves a message %s to the dead letters, and records nothing", async (_, message) => {
    const { bench, votes } = await asked();
    const { told, again } = await work(bench, batch(bench, [message(bench)]));
    expect([told, again, votes()]).toEqual([[], ["m0"], 0]);
  });

  it("takes the others of a batch in which one can't be taken", async () => {
    const { bench } = await asked();
    const { told, again } = await work(
      bench,
      batch(bench, ["hello", slackVote(bench, "U0AMARA", button("granted"))]),
    );
    expect([told.length, again]).toEqual([1, ["m0"]]);
  });

  it("names no key of the app when it can't read the secret", async () => {
    const { bench } = await asked();
    bench.secrets.put(DEPLOYED.slackSecretId, `{"botToken":"${SLACK_APP.botToken}`);
    const { warned } = await work(bench, batch(bench, [slackVote(bench, "U0AMARA", button("granted"))]));
    expect(warned.join()).toMatch(/is not JSON/);
    expect(warned.join()).not.toContain(SLACK_APP.botToken);
  });
});
