/** repot.yaml: what is wrong in it is named by its line. */

import { describe, expect, test } from "vitest";
import { BadInput } from "../../domain/errors.ts";
import { readSettings } from "../../domain/settings.ts";
import { planOf, service, workload } from "./platform.ts";

const WRONG: readonly (readonly [what: string, text: string, says: RegExp])[] = [
  [
    "an unknown key",
    "platform: x\nplattform: y\n",
    /^repot\.yaml, line 2: there is no setting called "plattform"/,
  ],
  [
    "an unknown key within",
    "dns:\n  zone: a.example\n  parrent: example\n",
    /^repot\.yaml, line 3: dns has no setting called "parrent"/,
  ],
  [
    "an unknown key within a list",
    "load:\n  - host: a.b.example\n    requestsPerSecond: 1\n  - host: c.b.example\n    rps: 1\n",
    /^repot\.yaml, line 5|line 4/,
  ],
  ["a text for a number", "policy:\n  headroom: much\n", /^repot\.yaml, line 2: policy\.headroom is wrong/],
  ["a number out of bounds", "policy:\n  concurrency: 0\n", /line 2: policy\.concurrency/],
  [
    "a decision that doesn't exist",
    "decisions:\n  a/b: burn\n",
    /line 2: decisions\.a\/b must be one of keep-on-source/,
  ],
  ["a time that is none", 'window:\n  start: "25:00"\n', /line 2: window\.start/],
  [
    "a host in upper case",
    "dns:\n  hosts:\n    - host: A.example\n",
    /line 3: dns\.hosts\[0\]\.host is no host name/,
  ],
  [
    "one person twice among the approvers",
    "approvals:\n  approvers:\n    - { person: amara, role: lead }\n    - { person: amara, role: on-call, slack: U1 }\n",
    /line 4: approvals\.approvers\[1\]\.person is "amara", as of approver 1/,
  ],
  [
    "one account of Slack for two people",
    "approvals:\n  approvers:\n    - { person: amara, role: lead, slack: U1 }\n    - { person: mei, role: lead, slack: U1 }\n",
    /line 4: approvals\.approvers\[1\]\.slack is "U1", as of approver 1/,
  ],
  [
    "an account of Slack that is another's name",
    "approvals:\n  approvers:\n    - { person: U1, role: lead }\n    - { person: mei, role: lead, slack: U1 }\n",
    /line 4: approvals\.approvers\[1\]\.slack is "U1"/,
  ],
  [
    "one caller of AWS for two people",
    "approvals:\n  approvers:\n    - { person: amara, role: lead, aws: AROA:a }\n    - { person: mei, role: lead, aws: AROA:a }\n",
    /line 4: approvals\.approvers\[1\]\.aws is "AROA:a"/,
  ],
  [
    "a person whose name is a path",
    "approvals:\n  approvers:\n    - { person: a/b, role: lead }\n",
    /line 3: approvals\.approvers\[0\]\.person is a name/,
  ],
  ["broken YAML", "dns:\n  zone: [a\nx: y\n", /line \d: this is not YAML/],
  ["a list instead of a mapping", "- a\n", /line 1: the file is wrong/],
];

describe("repot.yaml", () => {
  test.each(WRONG)("%s is refused with its line", (_, text, says) => {
    expect(() => readSettings(text, "repot.yaml")).toThrow(BadInput);
    expect(() => readSettings(text, "repot.yaml")).toThrow(says);
  });

  test("an empty file says nothing, which is allowed", () => {
    expect(readSettings("# later\n", "repot.yaml").given).toEqual({});
  });
});

const PLATFORM = [workload("web", { service: 80 }), service("db", 5432)];
const INGRESS = `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec: {rules: [{host: www.other.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}
`;

describe("what repot.yaml names has to exist", () => {
  test.each([
    [
      "a host in no defined zone",
      "dns:\n  zone: shop.example\n  hosts:\n    - {host: a.elsewhere.example, service: shop/web}\n",
      /line 4: a\.elsewhere\.example is in no zone that is defined here: dns\.zone is shop\.example/,
    ],
    [
      "a parent of another zone",
      "dns:\n  zone: shop.example\n  parent: org\n",
      /line 3: org is no parent of the zone shop\.example/,
    ],
    [
      "a host without a Service",
      "dns:\n  zone: shop.example\n  hosts:\n    - {host: a.shop.example}\n",
      /line 4: a\.shop\.example has no service/,
    ],
    [
      "a Service that isn't there",
      "dns:\n  zone: shop.example\n  hosts:\n    - {host: a.shop.example, service: shop/nope}\n",
      /line 4: there is no Service shop\/nope/,
    ],
    [
      "load for an unknown host",
      "load:\n  - {host: x.y.example, requestsPerSecond: 1}\n",
      /line 2: x\.y\.example is no public host/,
    ],
    [
      "a group of an unknown workload",
      "groups:\n  - {group: g, topic: t, workload: shop/nope}\n",
      /line 2: groups\.workload: no workload is called "shop\/nope"/,
    ],
    [
      "a decision about what keeps no data",
      "decisions:\n  web: rebuild\n",
      /line \d: shop\/web keeps no data/,
    ],
    [
      "a window that clocks jump over",
      'window:\n  timeZone: Europe/Berlin\n  days: ["2027-03-28"]\n  start: "02:30"\n  end: "02:40"\n',
      /line 4: the window .* doesn't exist on 2027-03-28/,
    ],
  ])("%s", (_, text, says) => {
    expect(() => planOf(PLATFORM, text)).toThrow(says);
  });

  test("an Ingress outside of the zone that repot.yaml defines is refused by its field", () => {
    expect(() => planOf([...PLATFORM, INGRESS], "dns: {zone: shop.example}")).toThrow(
      /Ingress shop\/web spec\.rules\[0\].*www\.other\.example is in no zone that repot\.yaml defines/,
    );
  });

  test("without a zone in repot.yaml it is taken from the hosts, and listed", () => {
    const plan = planOf([...PLATFORM, INGRESS]);
    expect(plan.settings.dns).toMatchObject({ zone: "other.example", parent: "example" });
    expect(plan.assumptions.join("\n")).toContain("The zone is other.example");
  });
});
