/** The roles of a stage: what they grant is what `needs` declares and nothing more, to whom it should, and for nothing else. */

import { describe, expect, it } from "vitest";
import { GRANTS } from "../../domain/permissions/actions.ts";
import { entryOf } from "../../domain/permissions/entries.ts";
import { UNSCOPED_OF_MACHINES } from "../../domain/permissions/machines.ts";
import { steps } from "../../functions/index.ts";
import { listeners } from "../../functions/listeners.ts";
import { machines } from "../../workflows/index.ts";
import { type Graph, graphOf, jsonOf, list, ofType, policiesOf, textOf } from "./stages.ts";

const graph: Graph = graphOf("prod");
const policies = policiesOf(graph);
const declared = [...steps, ...listeners];
const allows = policies.flatMap(({ role, statements }) =>
  statements.filter((s) => s.Effect === "Allow").map((s) => ({ role, ...s })),
);

/** What Lambda does in a function's name; every function has it, whatever it needs. */
const BASELINE = ["OwnLogLines", "InterfacesInTheVpc", "ListsOfInterfaces", "NotByItsOwnCode"];
/** What a call takes from another service. */
const IMPLIED = ["KeyOfTheBucket", "RoleOfTheCluster", "WhereTheClustersAre", "LoginsAtBrokers"];

describe("every policy", () => {
  it("names its actions: not one has a star", () => {
    expect(allows.flatMap((s) => list(s.Action)).filter((action) => action.includes("*"))).toEqual([]);
  });

  it("is on everything only where AWS has no resource level, each with its reason", () => {
    const reasons = new Map<string, string | undefined>(
      Object.values(GRANTS).flatMap((service) =>
        Object.entries(service).flatMap(([action, { iam, on, why }]) =>
          on === "everything" ? [[`${iam}:${action}`, why] as const] : [],
        ),
      ),
    );
    const LAMBDAS_OWN = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"];
    for (const s of allows) {
      if (!list(s.Resource).includes("*") || s.Sid in UNSCOPED_OF_MACHINES) continue;
      for (const action of list(s.Action))
        expect(
          (reasons.get(action)?.length ?? 0) > 20 ||
            (s.Sid === "ListsOfInterfaces" && LAMBDAS_OWN.includes(action)),
          `${s.role}: ${action} on everything`,
        ).toBe(true);
    }
  });

  it("is small enough for IAM (10,240 characters inline)", () => {
    for (const policy of ofType(graph, "aws:iam/rolePolicy:RolePolicy"))
      expect(textOf(policy, "policy").length, policy.name).toBeLessThan(10_240);
  });
});

describe("every role", () => {
  const roles = ofType(graph, "aws:iam/role:Role");

  it("is taken by one service for one thing of this account; never by the account's root", () => {
    expect(roles.length).toBeGreaterThan(declared.length + machines.length);
    for (const role of roles) {
      expect(textOf(role, "assumeRolePolicy")).not.toContain(":root");
      const { Statement } = jsonOf(role, "assumeRolePolicy") as {
        readonly Statement: readonly {
          readonly Principal: object;
          readonly Condition: Readonly<Record<string, Readonly<Record<string, string>>>>;
        }[];
      };
      expect(Statement.length, role.name).toBe(1);
      for (const { Principal, Condition } of Statement) {
        expect(["lambda.amazonaws.com", "states.amazonaws.com", "scheduler.amazonaws.com"]).toContain(
          (Principal as { readonly Service: readonly string[] }).Service[0],
        );
        expect(Condition["StringEquals"]?.["aws:SourceAccount"]).toBe("111122223333");
        expect(Condition["ArnLike"]?.["aws:SourceArn"]).toMatch(
          /^arn:aws:(lambda|states|scheduler):eu-central-1:111122223333:/,
        );
      }
    }
  });

  it("has one policy and no managed ones", () => {
    expect(roles.filter((r) => r.inputs["managedPolicyArns"] !== undefined)).toEqual([]);
    expect(ofType(graph, "aws:iam/rolePolicyAttachment:RolePolicyAttachment")).toEqual([]);
    expect(policies.map((p) => p.role).sort()).toEqual(roles.map((r) => textOf(r, "name")).sort());
  });
});

describe("a function's policy", () => {
  it.each(declared.map((step) => [step.name, step] as const))(
    "%s has what it declares, and nothing else",
    (name, step) => {
      const statements = policies.find((p) => p.role === `repot-prod-${name}`)?.statements ?? [];
      const granted = statements
        .filter((s) => !BASELINE.includes(s.Sid) && !IMPLIED.includes(s.Sid))
        .flatMap((s) => list(s.Action));
      const wanted = Object.entries(step.needs).flatMap(([service, entries]) =>
        Array.isArray(entries)
          ? (entries as readonly string[]).flatMap((text) => {
              const { action } = entryOf(text);
              const grant = GRANTS[service]?.[action];
              return grant && grant.on !== "nobody-asks" ? [`${grant.iam}:${action}`] : [];
            })
          : [],
      );
      const covered = statements.filter((s) => IMPLIED.includes(s.Sid)).flatMap((s) => list(s.Action));
      expect(granted.filter((action) => !wanted.includes(action))).toEqual([]);
      expect(wanted.filter((action) => !granted.includes(action) && !covered.includes(action))).toEqual([]);
    },
  );

  it("changes no record outside of the platform's zones, and says names, types and actions; an absent key is a refusal", () => {
    const changing = allows.filter((s) => list(s.Action).includes("route53:ChangeResourceRecordSets"));
    expect(changing.length).toBeGreaterThan(5);
    for (const { role, Action, Condition } of changing) {
      expect(list(Action), role).toEqual(["route53:ChangeResourceRecordSets"]);
      const key = (what: string) => `route53:ChangeResourceRecordSets${what}`;
      const names = Condition?.["ForAllValues:StringLike"]?.[
        key("NormalizedRecordNames")
      ] as readonly string[];
      expect(names.length, role).toBeGreaterThan(0);
      for (const record of names) {
        expect(record, role).toMatch(/^(\*\.)?live\.streamhouse\.example$/);
        expect(record).toBe(record.toLowerCase());
      }
      expect(Condition?.["ForAllValues:StringEquals"]).toHaveProperty([key("Actions")]);
      expect(Condition?.["ForAllValues:StringEquals"]).toHaveProperty([key("RecordTypes")]);
      expect(Condition?.["Null"]).toEqual({
        [key("Actions")]: "false",
        [key("NormalizedRecordNames")]: "false",
        [key("RecordTypes")]: "false",
      });
    }
  });

  it("lets the delegation's step touch the delegation alone", () => {
    const [statement] = allows.filter(
      (s) =>
        s.role === "repot-prod-delegate-zone" && list(s.Action).includes("route53:ChangeResourceRecordSets"),
    );
    expect(statement?.Condition?.["ForAllValues:StringEquals"]).toEqual({
      "route53:ChangeResourceRecordSetsActions": ["UPSERT"],
      "route53:ChangeResourceRecordSetsRecordTypes": ["NS"],
    });
    expect(statement?.Condition?.["ForAllValues:StringLike"]).toEqual({
      "route53:ChangeResourceRecordSetsNormalizedRecordNames": ["live.streamhouse.example"],
    });
  });

  it("lets one function alone answer a waiting execution", () => {
    const answering = allows.filter((s) => list(s.Action).some((a) => a.startsWith("states:SendTask")));
    expect([...new Set(answering.map((s) => s.role))].length).toBe(1);
  });

  it("lets nobody delete what is in the bucket, or its versions", () => {
    expect(
      allows.flatMap((s) => list(s.Action)).filter((a) => /^s3:(Delete|Bypass|PutBucket)/.test(a)),
    ).toEqual([]);
  });

  it("lets a gate write evidence, and neither journal nor approvals", () => {
    const writes = (name: string) =>
      allows
        .filter((s) => s.role === `repot-prod-${name}` && list(s.Action).includes("s3:PutObject"))
        .flatMap((s) => list(s.Resource));
    const bucket = "arn:aws:s3:::repot-prod-memory-111122223333";
    expect(writes("compare-workload")).toEqual([`${bucket}/migrations/*/evidence/*`]);
    expect(writes("scale-workload")).toEqual([`${bucket}/migrations/*/journal/*`]);
  });
});

describe("a machine's policy", () => {
  it.each(machines.map((m) => [m.name, m.definition] as const))(
    "%s calls what its definition names",
    (name, definition) => {
      const statements = policies.find((p) => p.role === `repot-prod-${name}-machine`)?.statements ?? [];
      const text = JSON.stringify(definition);
      const invoked = statements
        .filter((s) => s.Sid === "CallItsSteps")
        .flatMap((s) => list(s.Resource))
        .map((arn) => arn.split(":function:repot-prod-")[1] ?? arn);
      const namesThem = (step: string) => text.includes(`\${${step}}`);
      // Two machines call what their callers name; the others what they name themselves.
      if (!text.includes("{% $gate %}") && !text.includes("{% $step %}"))
        expect(invoked.filter((step) => !namesThem(step))).toEqual([]);
      for (const step of invoked) expect(steps.map((s) => s.name)).toContain(step);
      const called = steps.filter((s) => text.includes(`"FunctionName":"\${${s.name}}"`));
      expect(called.map((s) => s.name).filter((step) => !invoked.includes(step))).toEqual([]);
    },
  );

  it("the one that asks gates may ask all of them, and scale nothing", () => {
    const invoked = policies
      .find((p) => p.role === "repot-prod-watch-gates-machine")
      ?.statements.find((s) => s.Sid === "CallItsSteps")?.Resource;
    const text = JSON.stringify(invoked);
    expect(text).toContain("repot-prod-compare-workload");
    expect(text).not.toContain("repot-prod-scale-workload");
  });
});
