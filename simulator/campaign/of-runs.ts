/** What is judged of a run as a whole, by whoever knows what it was given: not only that nothing broke, but that it ended. */

/** What is judged of a run as a whole, beside the invariants of what happens in it. */
export const OF_RUNS = [
  {
    name: "liveness",
    sentence:
      "Once faults stop, a run completes, is rolled back, or waits for a person: where only passing faults struck and people answer, it ends as it was meant to.",
  },
  { name: "rollback-incomplete", sentence: "A rollback undoes everything that it is asked to." },
  { name: "unexpected", sentence: "A rehearsal comes to its end by itself." },
] as const;
