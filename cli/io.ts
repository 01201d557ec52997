/** What a command gets of the outside world: its streams, its terminal, the wall clock. Tests hand in their own. */

export type Io = {
  /** Data: standard output. With `--json`, lines of JSON and nothing else. */
  readonly out: (text: string) => void;
  /** Messages: standard error. */
  readonly err: (text: string) => void;
  /** All of standard input, for `-`. */
  readonly stdin: () => Promise<Uint8Array>;
  /** How each stream shows text. */
  readonly terminal: { readonly out: Screen; readonly err: Screen };
  /** What Ctrl-C does instead of ending the process, once; a second Ctrl-C ends it. */
  readonly onInterrupt?: (act: () => void) => void;
  /** Wall milliseconds, for durations only. */
  readonly wallMs: () => number;
  /** How many threads can work at once on this machine. */
  readonly processors: number;
};

export type Screen = {
  /** Lines may be drawn anew. */
  readonly isTty: boolean;
  /** Colours are welcome: a terminal, and no NO_COLOR. */
  readonly color: boolean;
  readonly columns: number;
};
