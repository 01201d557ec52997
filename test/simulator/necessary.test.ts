/** Which entry lets a call through: one beside a wider one isn't necessary, and a right on a kind is none on its subresources. */

import { expect, it } from "vitest";
import type { Needs } from "../../domain/needs.ts";
import { makePermissionBook, permissionsOf } from "../../simulator/services/seam-permissions.ts";

const book = (needs: Needs) => {
  const made = makePermissionBook({
    isPlanned: (resource) => resource === "deployments",
    zone: "example.org",
  });
  const invocation = { step: "a-step", needs, execution: "e", crash: () => {} };
  return {
    s3: (key: string) => made.may(invocation, "s3", "PutObject", { key }),
    kubernetes: (verb: string, resource: string) => made.mayKubernetes(invocation, "source", verb, resource),
    unused: () => made.unused([{ name: "a-step", needs }])["a-step"] ?? [],
  };
};

it("an entry that is covered by a wider one is unused, however often it matches", () => {
  const both = book({ s3: ["PutObject", "PutObject journal/*"] });
  expect(both.s3("journal/1")).toBe(true);
  expect(both.unused()).toEqual(["s3:PutObject", "s3:PutObject journal/*"]);
  expect(both.s3("else/1")).toBe(true);
  expect(both.unused()).toEqual(["s3:PutObject journal/*"]);
});

it("a kind that the plan lists needs no entry of its own", () => {
  const needs = { kubernetes: { source: ["patch deployments", "patch planned"] } };
  const both = book(needs);
  expect(both.kubernetes("patch", "deployments")).toBe(true);
  expect(both.unused()).toEqual(["kubernetes:source:patch deployments"]);
  expect(permissionsOf(needs).length).toBe(2);
});

it("a right on a kind is none on its subresources, as RBAC has it", () => {
  expect(book({ kubernetes: { source: ["patch planned"] } }).kubernetes("patch", "deployments/scale")).toBe(
    false,
  );
  expect(
    book({ kubernetes: { source: ["patch deployments/scale"] } }).kubernetes("patch", "deployments/scale"),
  ).toBe(true);
});
