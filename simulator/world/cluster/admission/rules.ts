/** The rules by which webhooks and admission policies choose what they judge: operations, groups, versions, resources, selectors. */

import {
  type Fields,
  fieldsAt,
  isFields,
  type Labels,
  labelsOf,
  listAt,
  selects,
  textsAt,
} from "../fields.ts";
import type { Machine } from "../machine.ts";
import type { Attempt } from "../registry.ts";

const takes = (values: readonly string[], value: string): boolean =>
  values.includes("*") || values.includes(value);

/** `pods`, `pods/eviction`, `*` (all but subresources), `pods/*`, `*​/scale`, `*​/*`. */
const takesResource = (patterns: readonly string[], resource: string, subresource: string): boolean =>
  patterns.some((pattern) => {
    const [main = "", sub] = pattern.split("/");
    if (main !== "*" && main !== resource) return false;
    return sub === undefined ? subresource === "" : sub === "*" || sub === subresource;
  });

const ruleTakes = (rule: Fields, { operation, resource, subresource, name }: Attempt): boolean => {
  const names = textsAt(rule, "resourceNames");
  const scope = rule["scope"] ?? "*";
  return (
    takes(textsAt(rule, "operations"), operation) &&
    takes(textsAt(rule, "apiGroups"), resource.group) &&
    takes(textsAt(rule, "apiVersions"), resource.version) &&
    takesResource(textsAt(rule, "resources"), resource.resource, subresource) &&
    (names.length === 0 || names.includes(name)) &&
    (scope === "*" || (scope === "Namespaced") === resource.namespaced)
  );
};

/** Whether any of the rules takes this attempt. */
export const rulesTake = (rules: readonly Fields[], attempt: Attempt): boolean =>
  rules.some((rule) => ruleTakes(rule, attempt));

/** Whether the selectors take it. A cluster-scoped object has no namespace to select by: only a Namespace is judged by its own labels. */
export const selectorsTake = (machine: Machine, match: Fields, attempt: Attempt): boolean => {
  const object = attempt.after ?? attempt.before;
  const byObject = match["objectSelector"];
  if (
    isFields(byObject) &&
    !selects(byObject, labelsOf(object)) &&
    !selects(byObject, labelsOf(attempt.before))
  )
    return false;
  const byNamespace = match["namespaceSelector"];
  if (!isFields(byNamespace)) return true;
  if (attempt.resource.key === "namespaces") return selects(byNamespace, labelsOf(object));
  if (attempt.namespace === "") return true;
  const labels: Labels = labelsOf(machine.store.get("namespaces", "", attempt.namespace));
  return selects(byNamespace, labels);
};

/** matchConstraints of a policy, or matchResources of a binding (which may be absent: then everything). */
export const constraintsTake = (machine: Machine, constraints: unknown, attempt: Attempt): boolean => {
  if (!isFields(constraints)) return true;
  const rules = listAt(constraints, "resourceRules");
  if (rules.length > 0 && !rulesTake(rules, attempt)) return false;
  if (rulesTake(listAt(constraints, "excludeResourceRules"), attempt)) return false;
  return selectorsTake(machine, fieldsAt({ constraints }, "constraints"), attempt);
};
