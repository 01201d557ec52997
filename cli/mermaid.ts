/** Draws a state machine as a Mermaid flowchart: one node a state, the way of errors dotted, the bodies of Maps and branches in frames. */

import type { Machine, State } from "../workflows/asl.ts";

const LABEL_MAX = 60;

/** @returns The text of one diagram. */
export const mermaid = (definition: Machine): string => {
  const drawing = new Drawing();
  drawing.machine(definition, "  ");
  return `flowchart TD\n${drawing.lines.join("\n")}\n`;
};

/** Within quotes Mermaid takes all but quotes and line ends; `#` begins its entities. */
const label = (text: string): string => {
  const line = text.replace(/\s+/g, " ").trim();
  const short = line.length > LABEL_MAX ? `${line.slice(0, LABEL_MAX - 1)}…` : line;
  return `"${short.replaceAll("#", "#35;").replaceAll('"', "#quot;").replaceAll("<", "#lt;").replaceAll(">", "#gt;")}"`;
};

/** What an expression says, without its braces. */
const bare = (text: string): string => text.replace(/^\{%\s*|\s*%\}$/g, "");

const node = (id: string, name: string, { Type: type }: State<string>): string => {
  const text = label(name);
  switch (type) {
    case "Choice":
      return `${id}{${text}}`;
    case "Succeed":
    case "Fail":
      return `${id}([${text}])`;
    case "Wait":
      return `${id}[/${text}/]`;
    case "Pass":
      return `${id}(${text})`;
    case "Task":
    case "Map":
    case "Parallel":
      return `${id}[${text}]`;
  }
};

/** The machines within a state, each with what to call its frame. */
const within = (name: string, state: State<string>): readonly (readonly [title: string, body: Machine])[] => {
  if (state.Type === "Map") return [[`${name}: each item`, state.ItemProcessor]];
  if (state.Type === "Parallel")
    return state.Branches.map((branch, i) => [`${name}: branch ${i + 1}`, branch]);
  return [];
};

class Drawing {
  readonly lines: string[] = [];
  #count = 0;

  /** Draws a machine's states and ways. @returns the node at which it starts. */
  machine({ StartAt: first, States: states }: Machine, indent: string): string {
    const ids = new Map(Object.keys(states).map((name) => [name, this.#id()]));
    const id = (name: string): string => ids.get(name) ?? name;
    const start = this.#id();
    this.lines.push(`${indent}${start}((" ")) --> ${id(first)}`);
    for (const [name, state] of Object.entries(states)) {
      this.lines.push(`${indent}${node(id(name), name, state)}`);
      for (const [title, body] of within(name, state)) this.#frame(title, body, id(name), indent);
    }
    for (const [name, state] of Object.entries(states)) this.#ways(id(name), state, id, indent);
    return start;
  }

  #id(): string {
    this.#count += 1;
    return `s${this.#count}`;
  }

  #frame(title: string, body: Machine, owner: string, indent: string): void {
    this.lines.push(`${indent}subgraph ${this.#id()} [${label(title)}]`);
    const start = this.machine(body, `${indent}  `);
    this.lines.push(`${indent}end`, `${indent}${owner} --> ${start}`);
  }

  #ways(from: string, state: State<string>, id: (name: string) => string, indent: string): void {
    const to = (arrow: string, name: string) => this.lines.push(`${indent}${from} ${arrow} ${id(name)}`);
    if (state.Type === "Choice") {
      for (const rule of state.Choices) to(`-->|${label(bare(rule.Condition))}|`, rule.Next);
      to(`-->|"otherwise"|`, state.Default);
      return;
    }
    if ("Next" in state && state.Next !== undefined) to("-->", state.Next);
    if (!("Catch" in state)) return;
    for (const { ErrorEquals: errors, Next: next } of state.Catch ?? [])
      to(`-.->|${label(errors.join(", "))}|`, next);
  }
}
