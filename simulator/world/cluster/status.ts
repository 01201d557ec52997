/** Refusals of the Kubernetes API: the Status objects of the real server, with its codes, reasons and sentences. */

/** Thrown anywhere below the API; the HTTP layer answers with its Status. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: number;
  readonly reason: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: number,
    reason: string,
    message: string,
    details: Readonly<Record<string, unknown>> = {},
  ) {
    // An answer, not a mistake: see untraced.ts.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = stackTraceLimit;
    this.code = code;
    this.reason = reason;
    this.details = details;
  }
}

/** A resource as messages name it: `deployments.apps`, `pods`. */
export type Named = { readonly group: string; readonly resource: string };

export const qualified = ({ group, resource }: Named): string =>
  group === "" ? resource : `${resource}.${group}`;

const detailsOf = (named: Named, name: string) => ({
  ...(name === "" ? {} : { name }),
  ...(named.group === "" ? {} : { group: named.group }),
  kind: named.resource,
});

export const notFound = (named: Named, name: string): ApiError =>
  new ApiError(404, "NotFound", `${qualified(named)} "${name}" not found`, detailsOf(named, name));

export const unknownPath = (): ApiError =>
  new ApiError(404, "NotFound", "the server could not find the requested resource");

export const alreadyExists = (named: Named, name: string): ApiError =>
  new ApiError(409, "AlreadyExists", `${qualified(named)} "${name}" already exists`, detailsOf(named, name));

export const conflict = (named: Named, name: string, why: string): ApiError =>
  new ApiError(
    409,
    "Conflict",
    `Operation cannot be fulfilled on ${qualified(named)} "${name}": ${why}`,
    detailsOf(named, name),
  );

export const MODIFIED =
  "the object has been modified; please apply your changes to the latest version and try again";

export const forbidden = (named: Named, name: string, why: string): ApiError =>
  new ApiError(
    403,
    "Forbidden",
    `${qualified(named)}${name === "" ? "" : ` "${name}"`} is forbidden: ${why}`,
    detailsOf(named, name),
  );

export const badRequest = (message: string): ApiError => new ApiError(400, "BadRequest", message);

export const methodNotAllowed = (): ApiError =>
  new ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource");

/** One field that validation refuses; `type` is the word before the value in the message (`Invalid value`, `Required value`). */
export type FieldError = {
  readonly field: string;
  readonly type: "Invalid value" | "Required value" | "Forbidden" | "Unsupported value" | "Duplicate value";
  readonly detail: string;
  readonly value?: unknown;
};

const REASONS = {
  "Invalid value": "FieldValueInvalid",
  "Required value": "FieldValueRequired",
  Forbidden: "FieldValueForbidden",
  "Unsupported value": "FieldValueNotSupported",
  "Duplicate value": "FieldValueDuplicate",
} as const;

const sentence = (e: FieldError): string =>
  e.type === "Required value" || e.type === "Forbidden"
    ? `${e.field}: ${e.type}${e.detail === "" ? "" : `: ${e.detail}`}`
    : `${e.field}: ${e.type}: ${JSON.stringify(e.value)}${e.detail === "" ? "" : `: ${e.detail}`}`;

/** 422 with a cause for each field, as the API's validation answers. */
export const invalid = (
  kind: string,
  group: string,
  name: string,
  errors: readonly FieldError[],
): ApiError => {
  const all = errors.map(sentence);
  const text = all.length === 1 ? all[0] : `[${all.join(", ")}]`;
  return new ApiError(
    422,
    "Invalid",
    `${kind}${group === "" ? "" : `.${group}`} "${name}" is invalid: ${text}`,
    {
      name,
      ...(group === "" ? {} : { group }),
      kind,
      causes: errors.map((e) => ({
        reason: REASONS[e.type],
        message: sentence(e).slice(e.field.length + 2),
        field: e.field,
      })),
    },
  );
};

/** The body of a refusal. */
export const statusBody = (error: ApiError): Readonly<Record<string, unknown>> => ({
  kind: "Status",
  apiVersion: "v1",
  metadata: {},
  status: "Failure",
  message: error.message,
  reason: error.reason,
  ...(Object.keys(error.details).length === 0 ? {} : { details: error.details }),
  code: error.code,
});
