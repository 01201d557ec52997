/**
 * ValidatingAdmissionPolicies and their bindings, evaluated in CEL as the real server does: nobody is exempt by himself, and a policy takes
 * effect up to a second after it was written.
 */

import { Environment, type ParseResult } from "@marcbachmann/cel-js";
import type { KubeObject } from "../../../../domain/kube.ts";
import { at, type Fields, fieldsAt, isFields, listAt, textAt, textsAt } from "../fields.ts";
import type { Machine } from "../machine.ts";
import type { Attempt } from "../registry.ts";
import { readScale } from "../scale.ts";
import { feltMs } from "../slowness.ts";
import { ApiError, qualified } from "../status.ts";
import { constraintsTake } from "./rules.ts";

const POLICIES = "validatingadmissionpolicies.admissionregistration.k8s.io";
const BINDINGS = "validatingadmissionpolicybindings.admissionregistration.k8s.io";

type Rule = { readonly expression: string; readonly run: ParseResult | Error; readonly definition: Fields };
type Policy = {
  readonly object: KubeObject;
  readonly variables: readonly (Rule & { readonly name: string })[];
  readonly conditions: readonly Rule[];
  readonly validations: readonly Rule[];
};
type Active = { readonly policy: Policy; readonly binding: KubeObject };

/** @returns a judge of attempts that throws 422 (or the reason's own code) where a bound policy denies. */
export const makePolicies = (machine: Machine): ((attempt: Attempt) => void) => {
  const environment = new Environment({ unlistedVariablesAreDyn: true, enableOptionalTypes: true });
  let active: readonly Active[] = [];
  const compile = (): readonly Active[] => {
    const policies = new Map(
      machine.store.list(POLICIES).map((p) => [p.metadata.name, compiled(environment, p)]),
    );
    return machine.store.list(BINDINGS).flatMap((binding): Active[] => {
      const policy = policies.get(textAt(binding, "spec", "policyName") ?? "");
      return policy ? [{ policy, binding }] : [];
    });
  };
  const lag = machine.random.fork("policies");
  machine.store.onChange(({ key }) => {
    if (key !== POLICIES && key !== BINDINGS) return;
    const takeEffect = () => {
      active = compile();
    };
    if (machine.loading()) takeEffect();
    else {
      const late = feltMs(machine.slowness, machine.slowness.policySeconds);
      machine.clock.after(Math.round(lag.between(200, 1_000)) + late, takeEffect);
    }
  });
  return (attempt) => {
    if (active.length === 0 || attempt.resource.group === "admissionregistration.k8s.io") return;
    for (const { policy, binding } of active) judge(machine, policy, binding, attempt);
  };
};

const compiled = (environment: Environment, object: KubeObject): Policy => {
  const rules = (field: string) =>
    listAt(object, "spec", field).map((definition) => {
      const expression = textAt(definition, "expression") ?? "";
      return {
        expression,
        definition,
        name: textAt(definition, "name") ?? "",
        run: parse(environment, expression),
      };
    });
  return {
    object,
    variables: rules("variables"),
    conditions: rules("matchConditions"),
    validations: rules("validations"),
  };
};

const parse = (environment: Environment, expression: string): ParseResult | Error => {
  try {
    return environment.parse(expression);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
};

const judge = (machine: Machine, policy: Policy, binding: KubeObject, attempt: Attempt): void => {
  const { object } = policy;
  if (!constraintsTake(machine, at(object, "spec", "matchConstraints"), attempt)) return;
  if (!constraintsTake(machine, at(binding, "spec", "matchResources"), attempt)) return;
  if (!textsAt(binding, "spec", "validationActions").includes("Deny")) return;
  const fails = at(object, "spec", "failurePolicy") !== "Ignore";
  const refuse = (definition: Fields, message: string): never => {
    throw denied(attempt, object, binding, definition, message);
  };
  const wantsParams = isFields(at(object, "spec", "paramKind")) && isFields(at(binding, "spec", "paramRef"));
  if (wantsParams && !paramsOf(machine, policy, binding)) {
    if (at(binding, "spec", "paramRef", "parameterNotFoundAction") === "Allow") return;
    if (fails)
      refuse(
        {},
        "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction",
      );
    return;
  }
  const context = contextOf(machine, policy, binding, attempt);
  for (const rule of policy.conditions) {
    const value = evaluate(rule, context);
    if (value === false) return;
    if (value instanceof Error) {
      if (fails) refuse({}, `expression '${rule.expression}' resulted in error: ${value.message}`);
      return;
    }
  }
  for (const rule of policy.validations) {
    const value = evaluate(rule, context);
    if (value === true) continue;
    if (value instanceof Error) {
      if (fails)
        refuse(rule.definition, `expression '${rule.expression}' resulted in error: ${value.message}`);
      continue;
    }
    refuse(rule.definition, messageOf(rule, context));
  }
};

const evaluate = (rule: Rule, context: Record<string, unknown>): unknown => {
  if (rule.run instanceof Error) return rule.run;
  try {
    return rule.run(context);
  } catch (error) {
    return error instanceof Error ? new Error(error.message.split("\n")[0]) : new Error(String(error));
  }
};

const messageOf = (rule: Rule, context: Record<string, unknown>): string => {
  const expression = textAt(rule.definition, "messageExpression");
  if (expression !== undefined) {
    const environment = new Environment({ unlistedVariablesAreDyn: true, enableOptionalTypes: true });
    const value = evaluate({ ...rule, run: parse(environment, expression) }, context);
    if (typeof value === "string" && value.trim() !== "") return value;
  }
  return textAt(rule.definition, "message") ?? `failed expression: ${rule.expression}`;
};

/** What expressions see; variables are worked out when one asks for them. */
const contextOf = (
  machine: Machine,
  policy: Policy,
  binding: KubeObject,
  attempt: Attempt,
): Record<string, unknown> => {
  const { subresource, before, after, namespace } = attempt;
  // Whoever scales writes a Scale, and that is what a policy sees of it.
  const seen = (object: KubeObject | undefined) =>
    object && subresource === "scale" ? readScale(object) : (object ?? null);
  const context: Record<string, unknown> = {
    object: seen(after),
    oldObject: seen(before),
    namespaceObject: namespace === "" ? null : (machine.store.get("namespaces", "", namespace) ?? null),
    params: paramsOf(machine, policy, binding) ?? null,
    request: requestOf(attempt),
  };
  const variables: Record<string, unknown> = {};
  for (const variable of policy.variables)
    Object.defineProperty(variables, variable.name, {
      enumerable: true,
      get: () => {
        const value = evaluate(variable, context);
        if (value instanceof Error) throw value;
        return value;
      },
    });
  return { ...context, variables };
};

/** The request as admission sees it. What is empty is absent, as in the real server: a generated name, no groups. */
const requestOf = (attempt: Attempt): Fields => {
  const { resource, subresource, who, name, namespace, operation, dryRun, generated } = attempt;
  const { group, version } = resource;
  const kind =
    subresource === "scale"
      ? { group: "autoscaling", version: "v1", kind: "Scale" }
      : { group, version, kind: resource.kind };
  return {
    kind,
    resource: { group, version, resource: resource.resource },
    ...(subresource === "" ? {} : { subResource: subresource }),
    ...(generated || name === "" ? {} : { name }),
    ...(namespace === "" ? {} : { namespace }),
    operation,
    dryRun,
    userInfo: {
      ...(who.user === "" ? {} : { username: who.user }),
      ...(who.groups.length === 0 ? {} : { groups: who.groups }),
    },
    options: {},
  };
};

/** A parameter object that the binding names; only ConfigMaps and custom kinds by name are looked up. */
const paramsOf = (machine: Machine, policy: Policy, binding: KubeObject): KubeObject | undefined => {
  const kind = fieldsAt(policy.object, "spec", "paramKind");
  const reference = at(binding, "spec", "paramRef");
  if (!isFields(reference) || textAt(kind, "kind") === undefined) return undefined;
  const resource = machine.registry.kinds.byKind(
    textAt(kind, "apiVersion") ?? "",
    textAt(kind, "kind") ?? "",
  );
  if (!resource) return undefined;
  return machine.store.get(
    resource.key,
    textAt(reference, "namespace") ?? "",
    textAt(reference, "name") ?? "",
  );
};

const CODES: Readonly<Record<string, number>> = {
  Invalid: 422,
  Forbidden: 403,
  Unauthorized: 401,
  RequestEntityTooLarge: 413,
};

const denied = (
  attempt: Attempt,
  policy: KubeObject,
  binding: KubeObject,
  definition: Fields,
  message: string,
): ApiError => {
  const { resource, name } = attempt;
  const reason = textAt(definition, "reason") ?? "Invalid";
  const sentence = `ValidatingAdmissionPolicy '${policy.metadata.name}' with binding '${binding.metadata.name}' denied request: ${message}`;
  return new ApiError(
    CODES[reason] ?? 422,
    reason,
    `${qualified(resource)} "${name}" is forbidden: ${sentence}`,
    {
      name,
      ...(resource.group === "" ? {} : { group: resource.group }),
      kind: resource.resource,
      causes: [{ message: sentence }],
    },
  );
};
