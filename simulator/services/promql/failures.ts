/** What a metrics base refuses to compute. */

/** A query that parses and can't be computed (two series where one was wanted, say): 422 of the real service. */
export class ExecutionError extends Error {
  override readonly name = "ExecutionError";
}
