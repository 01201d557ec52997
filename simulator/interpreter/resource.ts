/** What a Task's Resource says: which service, which action, which pattern. Reference: developer guide, "Service integration patterns". */

import { InvalidDefinition } from "./errors.ts";

export type Pattern = "request" | "sync" | "sync:2" | "waitForTaskToken";
export type Resource = {
  /** As written, without the pattern. */
  readonly plain: string;
  readonly kind: "function" | "invoke" | "nested" | "service";
  readonly pattern: Pattern;
  /** As events name them: `lambda` and `invoke.waitForTaskToken`, `aws-sdk:s3` and `putObject`. */
  readonly resourceType: string;
  readonly resource: string;
  /** The function, for a direct one. */
  readonly functionName: string;
};

const OPTIMIZED =
  /^arn:aws[\w-]*:states:::(?<type>(?:aws-sdk:)?[\w-]+):(?<action>\w+)(?:\.(?<pattern>sync:2|sync|waitForTaskToken))?$/;
const FUNCTION = /^(?:\$\{.+\}|arn:aws[\w-]*:lambda:.+)$/;
const PLACEHOLDER = /^\$\{(.+)\}$/;

/** The last part of `${name}`, of a Lambda ARN, of a state machine's ARN, or the name itself. A function's qualifier is left out. */
export const plainName = (reference: string): string => {
  const placeholder = PLACEHOLDER.exec(reference)?.[1];
  if (placeholder) return placeholder;
  const parts = reference.split(":");
  return parts.length >= 7 ? (parts[6] as string) : (parts[0] as string);
};

/** @throws InvalidDefinition for what isn't supported: activities, `.sync` of services other than Step Functions. */
export const parseResource = (text: string): Resource => {
  const direct = FUNCTION.test(text);
  const { type = "", action = "", pattern = "request" } = direct ? {} : (OPTIMIZED.exec(text)?.groups ?? {});
  const known = { plain: text.replace(/\.(sync:2|sync|waitForTaskToken)$/, ""), pattern: pattern as Pattern };
  const names = { resourceType: type, resource: pattern === "request" ? action : `${action}.${pattern}` };
  if (direct) {
    return {
      plain: text,
      kind: "function",
      pattern: "request",
      resourceType: "",
      resource: text,
      functionName: plainName(text),
    };
  }
  if (!type) throw new InvalidDefinition(`The Resource ${text} isn't supported.`);
  const kind = type === "lambda" && action === "invoke" ? "invoke" : type === "states" ? "nested" : "service";
  if (kind === "nested" && action !== "startExecution")
    throw new InvalidDefinition(`The Resource ${text} isn't supported.`);
  if (kind !== "nested" && pattern.startsWith("sync")) {
    throw new InvalidDefinition(
      `The Resource ${text} isn't supported: only startExecution can be waited for.`,
    );
  }
  return { ...known, ...names, kind, functionName: "" };
};
