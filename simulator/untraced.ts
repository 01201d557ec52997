/**
 * Errors without a stack trace. What a simulated service refuses is an answer, and a rehearsal gets thousands of them: collecting
 * each one's trace would cost several times as much as the answer. Mistakes of ours keep their traces.
 */

/** Runs `make` and gives its error, which knows its message and nothing of where it was made. */
export const untraced = <E extends Error>(make: () => E): E => {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
};
