/** The commands of the documents against what is there: names in the graph, flags of the command line, calls and parameters of the SDK; kubectl.test.ts has kubectl. */

import * as eks from "@aws-sdk/client-eks";
import * as route53 from "@aws-sdk/client-route-53";
import * as s3api from "@aws-sdk/client-s3";
import * as secretsmanager from "@aws-sdk/client-secrets-manager";
import * as stepfunctions from "@aws-sdk/client-sfn";
import * as sqs from "@aws-sdk/client-sqs";
import * as sts from "@aws-sdk/client-sts";
import { describe, expect, it } from "vitest";
import { commands as allCommands } from "../../cli/main.ts";
import { commandsIn, DOCS, text } from "./commands.ts";
import { graphOf, ofType, textOf } from "./stages.ts";

const flagsIn = (command: string): readonly string[] =>
  [...command.replaceAll(/'[^']*'/g, "''").matchAll(/\s--([a-z][a-z0-9-]*)/g)].map(([, flag = ""]) => flag);

describe("names of the stack", () => {
  const graph = graphOf("prod");
  const known = new Set(
    graph.resources
      .filter((r) => !r.type.startsWith("aws:iam/"))
      .flatMap(({ inputs }) => ["name", "bucket", "dashboardName"].map((field) => inputs[field]))
      .filter((name): name is string => typeof name === "string"),
  );

  it.each(DOCS)("in %s are names of its resources", (doc) => {
    const named = [...text(doc).matchAll(/repot-STAGE-([a-z-]+[a-z])(-ACCOUNT)?/g)].map(
      ([, name = "", account]) => `repot-prod-${name}${account === undefined ? "" : "-111122223333"}`,
    );
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });

  it("are there at all", () => {
    expect(known.has("repot-prod-migrate-cluster")).toBe(true);
    expect(known.has("repot-prod-migrate")).toBe(false);
    expect(ofType(graph, "aws:sqs/queue:Queue").map((q) => textOf(q, "name"))).toContain(
      "repot-prod-dead-votes",
    );
  });
});

const CLIENTS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  eks,
  route53,
  s3api,
  secretsmanager,
  sqs,
  stepfunctions,
  sts,
};
const pascal = (kebab: string): string =>
  kebab.replace(/(^|-)([a-z0-9])/g, (_, __, letter: string) => letter.toUpperCase());
/** As the AWS CLI makes its options: `DNSName` is `dns-name`. */
const kebab = (name: string): string =>
  name.replace(/([A-Z]+)([A-Z][a-z])|([a-z0-9])([A-Z])/g, "$1$3-$2$4").toLowerCase();

/** Members of a call's input, as the AWS CLI calls them; undefined where the SDK has no such call. */
const parametersOf = (service: string, call: string): readonly string[] | undefined => {
  const schema = CLIENTS[service]?.[`${pascal(call)}$`] as readonly unknown[] | undefined;
  const input = schema?.[4] as (() => readonly unknown[]) | undefined;
  const members = input?.()[4] as readonly string[] | undefined;
  return schema === undefined ? undefined : (members ?? []).map(kebab);
};

describe("aws", () => {
  const commands = DOCS.flatMap((doc) => commandsIn(doc, "aws").map((command) => [doc, command] as const));

  it.each(commands)("%s: %s", (_, command) => {
    const [, service = "", call = ""] = command.split(/\s+/);
    const parameters = parametersOf(service, call);
    expect(parameters, `aws ${service} ${call}`).toBeDefined();
    for (const flag of flagsIn(command)) expect(parameters, command).toContain(flag);
  });

  it("knows what isn't a call or a parameter", () => {
    expect(commands.length).toBeGreaterThan(8);
    expect(parametersOf("sqs", "receive-messages")).toBeUndefined();
    expect(parametersOf("eks", "create-access-entry")).not.toContain("groups");
  });
});

describe("repot", () => {
  const program = allCommands({} as never, {} as never, () => {});
  const commands = DOCS.flatMap((doc) =>
    [...commandsIn(doc, "repot"), ...commandsIn(doc, "npm run -s repot --")].map(
      (command) => [doc, command.replace(/^(npm run -s repot --|repot) /, "")] as const,
    ),
  );

  it.each(commands)("%s: repot %s", (_, command) => {
    const [name = ""] = command.split(/\s+/);
    const found = program.commands.find((c) => c.name() === name);
    expect(found?.name(), command).toBe(name);
    const flags = found?.options.map((o) => o.long?.slice(2));
    for (const flag of flagsIn(command)) expect(flags, command).toContain(flag);
    // A name alone is spoken of, not given.
    if (command === name) return;
    // Whoever copies it isn't told that something is missing.
    const needed = found?.options.filter((o) => o.mandatory).map((o) => o.long?.slice(2) ?? "") ?? [];
    expect(flagsIn(command), command).toEqual(expect.arrayContaining(needed));
    const given = command
      .replace(/\s--?[a-z].*$/, "")
      .split(/\s+/)
      .slice(1)
      .filter((word) => word !== "");
    const asked = found?.registeredArguments.filter((a) => a.required).length ?? 0;
    expect(given.length, command).toBeGreaterThanOrEqual(asked);
  });

  it("is in the documents", () => {
    expect(commands.length).toBeGreaterThan(10);
  });
});
