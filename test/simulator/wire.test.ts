/** What clients read of stored objects is their JSON, and nobody's to change. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { answerOf, jsonOf } from "../../adapters/http.ts";
import type { KubeObject } from "../../domain/kube.ts";
import { itemOnWire, onWire } from "../../simulator/services/kubernetes/wire.ts";

const value = fc.letrec((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    fc.string(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.constant(undefined),
    fc.date({ noInvalidDate: true }),
    fc.array(tie("node")),
    fc.dictionary(fc.string(), tie("node")),
  ),
})).node;

const objects = fc.record({ spec: value, status: value, data: fc.dictionary(fc.string(), value) });

test("an object on the wire is what its JSON parses to, whatever it holds", () => {
  fc.assert(
    fc.property(objects, (object) => {
      expect(onWire(object)).toStrictEqual(JSON.parse(JSON.stringify(object)));
    }),
  );
});

test("a version is made once, shares the spec of the one before, and can't be changed", () => {
  const spec = { replicas: 2, template: { spec: { containers: [{ name: "main" }] } } };
  const metadata = { name: "web", namespace: "shop" };
  const first: KubeObject = { apiVersion: "apps/v1", kind: "Deployment", metadata, spec, status: {} };
  const second: KubeObject = { ...first, status: { replicas: 2 } };
  expect(onWire(first)).toBe(onWire(first));
  expect(onWire(second)["spec"]).toBe(onWire(first)["spec"]);
  expect(onWire(second)["status"]).toEqual({ replicas: 2 });
  const { containers } = (onWire(first)["spec"] as typeof spec).template.spec;
  expect(() => containers.push({ name: "other" })).toThrow(TypeError);
  expect(itemOnWire(second)).toEqual({ metadata, spec, status: { replicas: 2 } });
});

test("an answer whose value is known has the text of that value, and a copy of the answer is read from its text", () => {
  const answer = answerOf(200, {}, Object.freeze({ a: 1 }));
  expect(answer.body).toBe('{"a":1}');
  expect(jsonOf(answer)).toEqual({ a: 1 });
  expect(jsonOf({ ...answer, body: '{"a":2}' })).toEqual({ a: 2 });
});
