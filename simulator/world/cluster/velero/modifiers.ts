/**
 * Velero's resource modifiers: a ConfigMap of rules that patch objects as they are restored. A rule whose group resource isn't exactly the
 * object's matches nothing, and nobody is told.
 */

import { parse } from "yaml";
import type { KubeObject } from "../../../../domain/kube.ts";
import { applyJsonPatch, applyMergePatch } from "../../../services/kubernetes/json-patch.ts";
import {
  at,
  type Fields,
  fieldsAt,
  isFields,
  labelsOf,
  listAt,
  namespaceOf,
  selects,
  textAt,
  textsAt,
} from "../fields.ts";

export type Modifiers = readonly Fields[];

const parsed = new WeakMap<KubeObject, Modifiers | string>();

/** @returns the rules, or why they can't be read. Restores share a ConfigMap: its rules are read once, since stored objects never change. */
export const parseModifiers = (configMap: KubeObject): Modifiers | string => {
  const known = parsed.get(configMap) ?? read(configMap);
  parsed.set(configMap, known);
  return known;
};

const read = (configMap: KubeObject): Modifiers | string => {
  const texts = Object.values(fieldsAt(configMap, "data"));
  if (texts.length !== 1)
    return `illegal resource modifiers ${configMap.metadata.name} configmap: it must have one data key`;
  try {
    const document: unknown = parse(String(texts[0]), { maxAliasCount: 0 });
    if (at(document, "version") !== "v1")
      return `unsupported resource modifier version ${String(at(document, "version"))}`;
    const rules = listAt(document, "resourceModifierRules");
    const empty = rules.find((rule) => !textAt(rule, "conditions", "groupResource"));
    return empty ? "groupResource cannot be empty" : rules;
  } catch (error) {
    return `the resource modifiers aren't YAML: ${error instanceof Error ? error.message.split("\n")[0] : ""}`;
  }
};

/** The object after all rules that match it. @throws ApiError where a patch of a matching rule can't be applied. */
export const modified = (rules: Modifiers, key: string, object: KubeObject): KubeObject =>
  rules
    .filter((rule) => matches(rule, key, object))
    .reduce<KubeObject>((value, rule) => patch(rule, value), object);

const matches = (rule: Fields, key: string, object: KubeObject): boolean => {
  const conditions = fieldsAt(rule, "conditions");
  if (textAt(conditions, "groupResource") !== key) return false;
  const namespaces = textsAt(conditions, "namespaces");
  if (namespaces.length > 0 && !namespaces.includes(namespaceOf(object))) return false;
  const name = textAt(conditions, "resourceNameRegex");
  if (name !== undefined && !new RegExp(name).test(object.metadata.name)) return false;
  const selector = conditions["labelSelector"];
  if (isFields(selector) && !selects(selector, labelsOf(object))) return false;
  return listAt(conditions, "matches").every((m) => holds(object, m));
};

const holds = (object: KubeObject, match: Fields): boolean => {
  try {
    applyJsonPatch(object, [
      { op: "test", path: match["path"], value: literal(textAt(match, "value") ?? "") },
    ]);
    return true;
  } catch {
    return false;
  }
};

/** Values are written as text: numbers, booleans, null, objects and lists are taken as such, all else is a string. */
const literal = (text: string): unknown => {
  const bare =
    text === "null" ||
    text === "true" ||
    text === "false" ||
    /^[[{"]/.test(text) ||
    (text !== "" && !Number.isNaN(Number(text)));
  if (!bare) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

const patch = (rule: Fields, object: KubeObject): KubeObject => {
  const operations = listAt(rule, "patches").map((p) => ({
    op: textAt(p, "operation") ?? "",
    path: textAt(p, "path") ?? "",
    ...(p["from"] === undefined ? {} : { from: p["from"] }),
    value: typeof p["value"] === "string" ? literal(p["value"]) : p["value"],
  }));
  const first = applyJsonPatch(object, operations);
  const merges = listAt(rule, "mergePatches").map(
    (m) => parse(textAt(m, "patchData") ?? "{}", { maxAliasCount: 0 }) as unknown,
  );
  return merges.reduce(applyMergePatch, first) as KubeObject;
};
