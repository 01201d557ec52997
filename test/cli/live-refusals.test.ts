/** What AWS answers where Repot isn't, or where it doesn't know who asks: a sentence and an exit code for each command of a deployed Repot. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { keys } from "../../domain/journal.ts";
import { makeAccount } from "./account.ts";
import { HASH, M, TEXT } from "./approved.ts";
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

describe("the commands", () => {
  test("print the task's token nowhere", async () => {
    const account = makeAccount();
    await account.repot("operator", ["start", file("plan.json"), "--hash", HASH, "--detach"]);
    await account.wait(5);
    const { token } = account.json(keys.approval(M, "cut-traffic")) as { readonly token: string };
    const said: string[] = [];
    for (const argv of [
      ["status", M],
      ["status", M, "--json"],
      ["events", M],
      ["events", M, "--json"],
      ["rollback", M, "--print"],
      ["report", M, "--out", file("token-report")],
      ["deny", M, "--plan", HASH],
    ]) {
      const { io } = await account.repot("mei", argv);
      said.push(io.stdout(), io.stderr());
    }
    for (const name of ["report.html", "report.json"])
      said.push(readFileSync(join(file("token-report"), name), "utf8"));
    expect(token.length).toBeGreaterThan(20);
    expect(said.join("")).not.toContain(token);
    expect(said.join("")).toContain("cut-traffic");
  });
});

describe("what AWS answers where Repot isn't", () => {
  const answer = (name: string, message: string, more: object = {}) =>
    Object.assign(new Error(message), { name, ...more });
  const COMMANDS = [
    ["start", "plan.json", "--hash", HASH],
    ["status", M],
    ["events", M, "--follow"],
    ["approve", M, "--plan", HASH],
    ["deny", M, "--plan", HASH],
    ["rollback", M],
    ["rollback", M, "--print"],
    ["report", M],
  ];

  test.each<[string, Error, RegExp]>([
    ["no region", answer("Error", "Region is missing"), /No region is set/],
    [
      "no region that could be one",
      answer("Error", 'Region not accepted: region="not a region" is not a valid hostname component.'),
      /The region that is set is none/,
    ],
    [
      "a region that isn't there",
      answer("Error", "getaddrinfo ENOTFOUND sts.nowhere-9.amazonaws.com", { code: "ENOTFOUND" }),
      /AWS can't be reached \(ENOTFOUND\)\. Look at AWS_REGION/,
    ],
    [
      "no such stage",
      answer("NoSuchBucket", "The specified bucket does not exist", { $metadata: { httpStatusCode: 404 } }),
      /There is no Repot of this stage/,
    ],
    [
      "a bucket in another region",
      answer(
        "PermanentRedirect",
        "The bucket you are attempting to access must be addressed using the specified endpoint.",
        {
          $metadata: { httpStatusCode: 301 },
        },
      ),
      /in another region\. Look at AWS_REGION/,
    ],
    [
      "a right that is missing",
      answer("AccessDenied", "not authorized to perform: s3:ListBucket", {
        $metadata: { httpStatusCode: 403 },
      }),
      /Could not .*not authorized to perform/,
    ],
  ])("%s is one sentence and exit 7 for each command, and nothing is started", async (_, error, why) => {
    for (const argv of COMMANDS) {
      const account = makeAccount();
      account.refuse(error);
      const { code, io } = await account.repot(
        "operator",
        argv.map((a) => (a === "plan.json" ? file(a) : a)),
      );
      expect([argv[0], code, io.stdout(), io.stderr()]).toEqual([argv[0], 7, "", expect.stringMatching(why)]);
      expect(io.stderr().trimEnd().split("\n"), "one line, no stack").toHaveLength(1);
      expect(account.engine.list({ machine: "repot-prod-migrate-cluster" })).toEqual([]);
    }
  });
});

describe("credentials", () => {
  const refusal = (name: string, message: string) =>
    Object.assign(new Error(message), { name, $metadata: { httpStatusCode: 403 }, $fault: "client" });

  test.each([
    ["ExpiredToken", "The security token included in the request is expired"],
    ["InvalidClientTokenId", "The security token included in the request is invalid."],
    ["CredentialsProviderError", "Could not load credentials from any providers"],
  ])("that AWS doesn't take (%s) are a sentence and exit 7 for each command", async (name, message) => {
    for (const argv of [
      ["start", file("plan.json"), "--hash", HASH],
      ["status", M],
      ["events", M],
      ["approve", M, "--plan", HASH],
      ["deny", M, "--plan", HASH],
      ["rollback", M],
      ["report", M],
    ]) {
      const account = makeAccount();
      account.refuse(refusal(name, message));
      const { code, io } = await account.repot("operator", argv);
      expect([argv[0], code, io.stderr()]).toEqual([
        argv[0],
        7,
        expect.stringMatching(/doesn't take your credentials.*Log in again/),
      ]);
    }
  });
});
