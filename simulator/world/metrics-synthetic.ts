/** What Repot's load generators count by themselves: requests by host and outcome, and how long they took. */

import type { Side } from "../../domain/phases.ts";
import type { Presence } from "./metrics-presence.ts";
import { countersOf, HISTOGRAM_BOUNDS, type Piece, type ScrapedSample } from "./metrics-samples.ts";
import { shareWithin } from "./traffic/latency.ts";
import type { TrafficWorld } from "./traffic/traffic.ts";

type Candidate = {
  readonly labels: Readonly<Record<string, string>>;
  readonly samples: (times: readonly number[]) => readonly ScrapedSample[];
};

/** Every series of a side's generator under a name; it is there for as long as its cluster is. */
export const syntheticMetrics =
  (traffic: TrafficWorld, presence: Presence) =>
  (side: Side, name: string): readonly Candidate[] =>
    traffic.graph.hosts.flatMap((host): readonly Candidate[] => {
      const history = traffic.history({ host: host.host });
      const flow = (piece: Piece) => piece.evaluation.hosts.find((h) => h.source.host === host)?.[side];
      const counter = countersOf(history, (at) => presence.exists(side, at));
      // A 5xx of the application's own is a failure to whoever asks.
      const own = Object.entries(host.load.statuses)
        .filter(([code]) => code.startsWith("5"))
        .reduce((sum, [, share]) => sum + share, 0);
      const failed = (piece: Piece): number => {
        const at = flow(piece);
        return at ? at.synthetic * (at.failShare + (1 - at.failShare) * own) : 0;
      };
      const asked = (piece: Piece): number => flow(piece)?.synthetic ?? 0;
      switch (name) {
        case "synthetic_requests_total":
          return [
            { labels: { host: host.host, outcome: "failed" }, samples: counter(failed) },
            {
              labels: { host: host.host, outcome: "answered" },
              samples: counter((p) => asked(p) - failed(p)),
            },
          ];
        case "synthetic_request_duration_seconds_bucket":
          return HISTOGRAM_BOUNDS.map((le) => ({
            labels: { host: host.host, le: le === Number.POSITIVE_INFINITY ? "+Inf" : String(le) },
            samples: counter((piece) => {
              const at = flow(piece);
              if (!at) return 0;
              const within = le === Number.POSITIVE_INFINITY ? 1 : shareWithin(at.latency, le * 1_000);
              return at.synthetic * within;
            }),
          }));
        default:
          return [];
      }
    });
