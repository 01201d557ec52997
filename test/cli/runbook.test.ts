/** The runbook is about this program: its errors, log lines, names and commands exist, and whoever copies one gets what it says. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { main } from "../../cli/main.ts";
import { byHand } from "../../domain/by-hand.ts";
import * as errors from "../../domain/errors.ts";
import { keys } from "../../domain/journal.ts";
import { readStart } from "../../domain/start.ts";
import { steps } from "../../functions/index.ts";
import { listeners } from "../../functions/listeners.ts";
import { ALARMING } from "../../functions/reconcile.ts";
import { SLACK_APP } from "../../simulator/services/deployed.ts";
import { machines } from "../../workflows/index.ts";
import { paperIo } from "./io.ts";

const TEXT = readFileSync(fileURLToPath(new URL("../../docs/runbook.md", import.meta.url)), "utf8");

/** Errors that machines end with by themselves, and those of the domain. */
const knownErrors = new Set([
  ...Object.values(errors)
    .filter((e) => typeof e === "function")
    .map((e) => e.name),
  ...[...JSON.stringify(machines).matchAll(/"Error":"([A-Za-z]+)"/g)].map(([, name = ""]) => name),
]);

describe("the runbook", () => {
  test("names errors that there are", () => {
    const table = TEXT.split("\n").filter((line) => line.startsWith("| `"));
    const named = table.flatMap((line) =>
      [...(line.split("|")[1] ?? "").matchAll(/`([A-Za-z]+)`/g)].map(([, n = ""]) => n),
    );
    expect(named.length).toBeGreaterThan(6);
    expect(named.filter((name) => !knownErrors.has(name))).toEqual([]);
    for (const name of ["RollbackRefused", "ApprovalDenied", "ApprovalExpired"]) {
      expect(TEXT).toContain(`\`${name}\``);
      expect(knownErrors).toContain(name);
    }
  });

  test("quotes the log lines that alarms look for", () => {
    for (const line of Object.values(ALARMING)) expect(TEXT).toContain(`\`${line}\``);
  });

  test("names functions and machines that there are", () => {
    const parts = new Set([
      ...[...steps, ...listeners].map((each) => each.name),
      ...machines.map((m) => m.name),
      "slack",
      "memory",
      "votes",
      "dead-votes",
    ]);
    const named = [...TEXT.matchAll(/repot-STAGE-([a-z-]*[a-z])/g)].map(([, name = ""]) => name);
    expect(named.length).toBeGreaterThan(8);
    expect(named.filter((name) => !parts.has(name))).toEqual([]);
  });

  test("gives commands that the program takes", async () => {
    const commands = [
      ...new Set([...TEXT.matchAll(/(?:^|`)repot ([a-z]+) /gm)].map(([, name = ""]) => name)),
    ];
    expect(commands.toSorted()).toEqual(["approve", "deny", "dns", "events", "rollback", "start", "status"]);
    for (const command of commands) {
      const io = paperIo();
      expect(await main([command, "--help"], io), command).toBe(0);
      for (const [, flag = ""] of TEXT.matchAll(new RegExp(`repot ${command} [^\n\`]*?(--[a-z]+)`, "g")))
        expect(io.stdout(), `${command} ${flag}`).toContain(flag);
    }
  });

  test("has the start, the secret and the fence as they are read", () => {
    const start = /^\{"plan": .*\}$/m.exec(TEXT)?.[0] ?? "";
    expect(readStart(JSON.parse(start))).toEqual({ plan: "HASH", migration: undefined, requester: null });
    const secret = /^\{"appId": .*\}$/m.exec(TEXT)?.[0] ?? "";
    expect(Object.keys(JSON.parse(secret)).toSorted()).toEqual(Object.keys(SLACK_APP).toSorted());
    expect(TEXT).toContain(`--key ${keys.fence("NAME")} --if-none-match`);
    expect(TEXT).toContain(`--key ${keys.withdrawn("PERSON")} --if-none-match`);
    expect(TEXT).toContain(`\`${keys.pages("NAME")}\``);
  });

  test("shows commands of the way back as --print prints them", () => {
    const memory = { migration: "NAME", bucket: "b" };
    const cart = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "cart" };
    expect(TEXT).toContain(
      byHand(
        {
          kind: "set-field",
          cluster: "source",
          object: cart,
          path: ["spec", "replicas"],
          before: 4,
          after: 2,
        },
        memory,
      ),
    );
    const delegation = { name: "live.example.", type: "NS", ttlSeconds: 60, values: ["ns-1.old."] };
    expect(TEXT).toContain(
      byHand({ kind: "set-record", zoneId: "ZPARENT", before: delegation, after: delegation }, memory),
    );
  });
});
