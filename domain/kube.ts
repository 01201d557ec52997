/** Kubernetes objects as plain data, and how we name them. Shapes follow the Kubernetes API reference; nothing here does I/O. */

import type { Side } from "./phases.ts";

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Any Kubernetes object. Only what every object has is typed; the rest is read through the helpers of this file. */
export type KubeObject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly [field: string]: Json | undefined;
  };
  readonly [field: string]: unknown;
};

/** What names an object within one cluster. Cluster-scoped kinds have no namespace. */
export type Ref = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
};

/** A ref with the cluster that it lives in. */
export type Located = Ref & { readonly cluster: Side };

export const refOf = (object: KubeObject): Ref => ({
  apiVersion: object.apiVersion,
  kind: object.kind,
  ...(object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }),
  name: object.metadata.name,
});

/** `Deployment shop/cart`, or `ClusterRole viewer`: the form that people read. */
export const sentenceOf = (ref: Ref): string =>
  `${ref.kind} ${ref.namespace === undefined ? "" : `${ref.namespace}/`}${ref.name}`;

/** A total order that doesn't depend on locale: by code unit. Everything that is listed is listed in this order. */
export const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** A key that is unique in a cluster and sorts by namespace, kind, then name. */
export const keyOf = (ref: Ref): string =>
  [ref.namespace ?? "", ref.kind, ref.apiVersion, ref.name].join("|");

/** Annotation (and tag) of whatever Repot creates: the migration that did. Only what carries it is ever deleted by an undo. */
export const CREATED_BY = "repot.dev/created-by";
