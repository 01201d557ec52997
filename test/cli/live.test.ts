/** The commands of a deployed Repot, each with its refusals: sentences and exit codes; and the real functions behind them. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { keys } from "../../domain/journal.ts";
import { planHash } from "../../domain/planning/build.ts";
import { type Account, makeAccount, userId } from "./account.ts";
import { approved, HASH, M, TEXT } from "./approved.ts";
// Loaded before the virtual clock runs: it knows nothing of a disk.
import "../../cli/answer.ts";
import "../../cli/follow.ts";
import "../../cli/rollback.ts";
import "../../cli/start.ts";
import "../../cli/status.ts";

let directory = "";
const file = (name: string) => join(directory, name);
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "repot-live-"));
  writeFileSync(file("plan.json"), TEXT);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const start = (account: Account, ...more: readonly string[]) =>
  account.repot("operator", ["start", file("plan.json"), "--hash", HASH, "--detach", ...more]);
/** Started by an operator, and asking. */
const asking = async (): Promise<Account> => {
  const account = makeAccount();
  expect((await start(account)).code).toBe(0);
  await account.wait(5);
  return account;
};
const approve = (account: Account, person: string, ...more: readonly string[]) =>
  account.repot(person, ["approve", M, "--plan", HASH.slice(0, 12), ...more]);

describe("start", () => {
  test("stores the plan, starts the execution with the caller as its requester, and says which", async () => {
    const account = await asking();
    expect(account.engine.describe(`repot-prod-migrate-cluster:${M}`)).toMatchObject({
      status: "RUNNING",
      input: { plan: keys.plan(HASH), hash: HASH, requester: userId("operator") },
    });
    expect(account.json(keys.approval(M, "cut-traffic"))).toMatchObject({
      plan: HASH,
      quorum: 2,
      requesters: [userId("operator")],
    });
  });

  test.each<[string, string, string, RegExp]>([
    [
      "another hash than was approved",
      approved(),
      "0123456789abcdef",
      /has the hash [0-9a-f]{12}, not 0123456789ab/,
    ],
    ["too few digits of it", approved(), "01234", /at least 12 digits/],
    [
      "assumptions that nobody confirmed",
      approved({ assumptions: ["The window is at night."] }),
      "",
      /Assumed, and nobody's word yet: The window/,
    ],
    [
      "an open decision",
      approved({ open: [{ workload: "shop/db", question: "shop/db holds data.", offered: ["rebuild"] }] }),
      "",
      /shop\/db holds data/,
    ],
    [
      "an approver who can't answer",
      approved({}, [{ person: "amara", role: "lead" }]),
      "",
      /amara can't answer anything/,
    ],
  ])("refuses a plan with %s: exit 7, nothing stored", async (_, text, hash, why) => {
    const account = makeAccount();
    writeFileSync(file("other.json"), text);
    const { code, io } = await account.repot("operator", [
      "start",
      file("other.json"),
      "--hash",
      hash || planHash(text),
    ]);
    expect([code, io.stderr()]).toEqual([7, expect.stringMatching(why)]);
    expect(account.s3.get(keys.plan(planHash(text)))).toBeUndefined();
  });

  test("starts the end of the source by the same plan, under a name of its own", async () => {
    const account = makeAccount();
    const { code, io } = await start(account, "--decommission");
    expect([code, io.stderr()]).toEqual([
      0,
      expect.stringMatching(/the decommissioning of shop-1 has started/),
    ]);
    expect(account.engine.describe(`repot-prod-decommission:${M}-decommission`)).toMatchObject({
      input: { plan: keys.plan(HASH), hash: HASH, requester: userId("operator") },
    });
    expect(() => account.engine.describe(`repot-prod-migrate-cluster:${M}`)).toThrow();
  });

  test("refuses a second migration of either cluster, naming the first", async () => {
    for (const cluster of ["shop-kops", "shop-eks"]) {
      const account = makeAccount();
      account.put(keys.lock(cluster), { migration: "shop-0", executions: ["arn:first"], released: false });
      const { code, io } = await start(account);
      expect([code, io.stderr()]).toEqual([7, expect.stringMatching(/being moved by shop-0 \(arn:first\)/)]);
    }
  });

  test("says the first state's sentence where the same migration runs already", async () => {
    const account = await asking();
    const { code, io } = await account.repot("mei", ["start", file("plan.json"), "--hash", HASH]);
    expect([code, io.stderr()]).toEqual([
      7,
      expect.stringMatching(/ClusterBusy: shop-1 is running already .*migrate-cluster:shop-1\)/),
    ]);
  });

  test("is detached by Ctrl-C: exit 130, a sentence, and the migration goes on", async () => {
    const account = makeAccount();
    const { code, io } = await account.repot("operator", ["start", file("plan.json"), "--hash", HASH], {
      interruptAfter: 4,
    });
    expect([code, io.stderr()]).toEqual([130, expect.stringMatching(/Detached\. shop-1 goes on by itself/)]);
    expect(account.engine.describe(`repot-prod-migrate-cluster:${M}`).status).toBe("RUNNING");
  });
});

describe("approve and deny", () => {
  test("count people by their credentials, and tell what is on record", async () => {
    const account = await asking();
    const first = await approve(account, "amara");
    expect([first.code, first.io.stdout()]).toEqual([
      0,
      'Recorded: amara chose "granted". Others are still waited for.\n',
    ]);
    const again = await approve(account, "amara");
    expect(again.io.stdout()).toMatch(/^Recorded/);
    const second = await approve(account, "jonas");
    expect([second.code, second.io.stdout()]).toEqual([0, "Decided: granted, by amara, jonas.\n"]);
    await account.wait(5);
    expect(account.engine.describe(`repot-prod-migrate-cluster:${M}`).status).toBe("SUCCEEDED");
    expect(account.slack.all()[0]?.text, "and Slack's readers see it").toMatch(
      /Decided: Approve, by amara, jonas/,
    );
  });

  test("deny takes one", async () => {
    const account = await asking();
    const { code, io } = await account.repot("mei", ["deny", M, "--plan", HASH]);
    expect([code, io.stdout()]).toEqual([0, "Decided: denied, by mei.\n"]);
  });

  test.each<[string, string, readonly string[], RegExp]>([
    [
      "of somebody whom the plan doesn't name",
      "mallory",
      [M, "--plan", HASH],
      /You are AROAMALLORY.*amara, jonas, mei may answer/,
    ],
    [
      "for another plan",
      "amara",
      [M, "--plan", "ffffffffffff"],
      /has the hash [0-9a-f]{12}, not ffffffffffff/,
    ],
    [
      "of a migration that isn't there",
      "amara",
      ["shop-9", "--plan", HASH],
      /no migration shop-9 in stage prod; there are shop-1/,
    ],
    [
      "to a question that isn't open",
      "amara",
      [M, "--plan", HASH, "--question", "thaw"],
      /no open question thaw; open are cut-traffic/,
    ],
  ])("refuse an answer %s: exit 7, nothing sent", async (_, person, args, why) => {
    const account = await asking();
    const { code, io } = await account.repot(person, ["approve", ...args]);
    expect([code, io.stderr()]).toEqual([7, expect.stringMatching(why)]);
    await account.wait(30);
    expect(account.json(keys.decision(M, "cut-traffic"))).toBeNull();
  });

  test.each<[string, (account: Account) => void, RegExp]>([
    [
      "once a rollback has begun",
      (a) => a.put(keys.fence(M), { startedBy: "person", execution: "by-hand", at: "2026-03-03T02:00:00Z" }),
      /A rollback of shop-1 has begun/,
    ],
    [
      "of somebody whose right was taken away",
      (a) => a.put(keys.withdrawn("amara"), { withdrawn: true }),
      /The right of amara to answer was taken away/,
    ],
  ])("refuse an answer %s: exit 7, nothing sent", async (_, happens, why) => {
    const account = await asking();
    happens(account);
    for (const command of ["approve", "deny"]) {
      const { code, io } = await account.repot("amara", [command, M, "--plan", HASH]);
      expect([code, io.stderr()]).toEqual([7, expect.stringMatching(why)]);
    }
    await account.wait(30);
    expect(account.json(keys.decision(M, "cut-traffic"))).toBeNull();
  });

  test("refuse the grant of who started it", async () => {
    const account = makeAccount();
    await account.repot("amara", ["start", file("plan.json"), "--hash", HASH, "--detach"]);
    await account.wait(5);
    const { code, io } = await approve(account, "amara");
    expect([code, io.stderr()]).toEqual([
      7,
      expect.stringMatching(/amara started shop-1 and can't grant it/),
    ]);
  });
});

describe("status and events", () => {
  test("status says what is asked, and how to answer: exit 5", async () => {
    const account = await asking();
    await approve(account, "amara");
    const { code, io } = await account.repot("operator", ["status", M]);
    expect(code).toBe(5);
    expect(io.stdout()).toMatch(/migrate-cluster shop-1: RUNNING/);
    expect(io.stdout()).toMatch(
      /asks cut-traffic: Delegate the zone\. \(1 of 2, until .*\)\n {4}repot approve shop-1 --plan [0-9a-f]{12}/,
    );
    const json = JSON.parse((await account.repot("operator", ["status", M, "--json"])).io.stdout());
    expect(json).toMatchObject({ plan: HASH, fenced: false, questions: [{ id: "cut-traffic", quorum: 2 }] });
  });

  test("events prints the record as it stands, and follows it to its end", async () => {
    const account = await asking();
    const now = await account.repot("operator", ["events", M, "--json"]);
    const lines = now.io
      .stdout()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(now.code).toBe(0);
    expect(lines[0]).toMatchObject({ type: "run", migration: M, plan: HASH });
    expect(lines).toContainEqual(expect.objectContaining({ type: "approval", status: "asked" }));
    expect(lines.map((l) => l.at)).toEqual(lines.map((l) => l.at).toSorted((a, b) => a - b));
    expect(now.io.stdout(), "no token").not.toMatch(/"token"/);
    await approve(account, "amara");
    await approve(account, "jonas");
    const end = await account.repot("operator", ["events", M, "--follow", "--json"]);
    expect([end.code, end.io.stderr()]).toEqual([0, expect.stringMatching(/runs on the target/)]);
    expect(end.io.stdout()).toMatch(/"status":"granted".*by amara, jonas/);
  });

  test("report writes both files, and is 5 while it runs", async () => {
    const account = await asking();
    const { code, io } = await account.repot("operator", ["report", M, "--out", file("report")]);
    expect([code, io.stdout().trim().split("\n").length]).toEqual([5, 2]);
    expect(readFileSync(join(directory, "report", "report.html"), "utf8")).toContain(M);
  });

  test.each(["status", "events", "report", "rollback"])(
    "%s of what isn't there is exit 7, and of no name exit 2",
    async (command) => {
      const account = makeAccount();
      const absent = await account.repot("operator", [command, "shop-9"]);
      expect([absent.code, absent.io.stderr()]).toEqual([
        7,
        expect.stringMatching(/no migration shop-9 in stage prod; none was ever started/),
      ]);
      expect((await account.repot("operator", [command, "No Such/Name"])).code).toBe(2);
    },
  );
});

describe("rollback", () => {
  test("starts the way back with what is on record, and follows it", async () => {
    const account = await asking();
    const { code, io } = await account.repot("operator", ["rollback", M]);
    expect([code, io.stderr()]).toEqual([
      4,
      expect.stringMatching(/The rollback has started: .*roll-back:shop-1-by-hand-1/),
    ]);
    expect(account.fence(M)).toBeDefined();
    expect(account.engine.describe(`repot-prod-migrate-cluster:${M}`).status).toBe("ABORTED");
  });

  test("is refused after the decommissioning", async () => {
    const account = await asking();
    account.put(
      keys.entry({
        migration: M,
        operation: "0011-retire-source:shop/cart",
        move: "0",
        direction: "forward",
      }),
      {},
    );
    const { code, io } = await account.repot("operator", ["rollback", M]);
    expect([code, io.stderr()]).toEqual([7, expect.stringMatching(/nothing to go back to/)]);
  });

  test("--print is the exact commands of this run, in the order of a rollback, and changes nothing", async () => {
    const account = await asking();
    const entry = (operation: string, move: string, effect: object) => {
      const of = { migration: M, operation, move, direction: "forward" } as const;
      account.put(keys.entry(of), { ...of, step: "a-step", recordedAt: "2026-03-03T02:00:00Z", effect });
      return keys.entry(of);
    };
    const cart = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "cart" };
    entry("0002-create-zone", "0", {
      kind: "create-zone",
      name: "live.example",
      callerReference: "repot-shop-1",
    });
    entry("0003-shift:shop/cart", "1-source-down", {
      kind: "set-field",
      cluster: "source",
      object: cart,
      path: ["spec", "replicas"],
      before: 4,
      after: 2,
    });
    const undone = entry("0005-hand-over:shop/scheduler", "0", {
      kind: "set-owner",
      thing: "shop/scheduler",
      before: "source",
      after: "target",
    });
    account.put(keys.done(undone.replace("/forward-", "/undo-")), { outcome: "made" });
    entry("0007-delegate-zone", "0", {
      kind: "set-record",
      zoneId: "ZPARENT",
      before: { name: "live.example.", type: "NS", ttlSeconds: 60, values: ["ns-1.old."] },
      after: { name: "live.example.", type: "NS", ttlSeconds: 60, values: ["ns-1.new."] },
    });
    const object = { apiVersion: "v1", kind: "Namespace", metadata: { name: "repot" } };
    const found = entry("0001-bundle", "0", { kind: "create-object", cluster: "source", object });
    const stood = { outcome: "stood", note: "It was there before us." };
    account.put(keys.done(found), stood);
    const objects = [object, { ...object, metadata: { name: "ours" } }];
    const several = entry("0001-bundle", "1", { kind: "create-objects", cluster: "source", objects });
    account.put(keys.done(several), { outcome: "made", each: [stood, { outcome: "made" }] });
    const { code, io } = await account.repot("operator", ["rollback", M, "--print"]);
    expect(io.stdout()).toContain("# 0001-bundle\n# Nothing to undo: It was there before us.\n");
    const lines = io
      .stdout()
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
    expect(code).toBe(0);
    expect(io.stdout()).toContain("5 of 6 effects are left to undo");
    expect(lines.map((line) => line.slice(0, 60))).toEqual([
      "set -u",
      expect.stringContaining('printf \'%s\' \'{"startedBy":"person"'),
      expect.stringContaining("aws s3api put-object --bucket repot-prod-memory-111122223333"),
      expect.stringContaining("aws stepfunctions stop-execution --execution-arn"),
      expect.stringContaining("sleep 30"),
      "kubectl --context source patch -n shop deployment.v1.apps/ca",
      expect.stringContaining("aws route53 change-resource-record-sets --hosted-zone-id ZPA"),
      expect.stringContaining("aws route53 delete-hosted-zone --id"),
      "kubectl --context source delete namespace/ours",
      expect.stringContaining("printf '%s' '{\"executions\""),
      expect.stringContaining("aws s3api put-object --bucket"),
      expect.stringContaining("printf '%s' '{\"executions\""),
      expect.stringContaining("aws s3api put-object --bucket"),
    ]);
    expect(io.stdout()).toContain("ns-1.old.");
    expect([account.fence(M), account.engine.describe(`repot-prod-migrate-cluster:${M}`).status]).toEqual([
      undefined,
      "RUNNING",
    ]);
  });
});
