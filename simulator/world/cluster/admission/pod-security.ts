/** Pod security: namespaces whose labels enforce the baseline or restricted standard refuse pods that break it. */

import { type Fields, fieldsAt, listAt, textAt, textsAt } from "../fields.ts";
import type { Machine } from "../machine.ts";
import type { Attempt } from "../registry.ts";
import { forbidden } from "../status.ts";

/** @throws ApiError 403 with every rule that the pod breaks. */
export const podSecurity = (
  machine: Machine,
  { resource, operation, namespace, name, after }: Attempt,
): void => {
  if (resource.key !== "pods" || operation !== "CREATE" || !after) return;
  const object = machine.store.get("namespaces", "", namespace);
  const level = textAt(object, "metadata", "labels", "pod-security.kubernetes.io/enforce");
  if (level === undefined || level === "privileged") return;
  const spec = fieldsAt(after, "spec");
  const broken = [...baseline(spec), ...(level === "restricted" ? restricted(spec) : [])];
  if (broken.length === 0) return;
  throw forbidden(resource, name, `violates PodSecurity "${level}:latest": ${broken.join(", ")}`);
};

const containersOf = (spec: Fields): readonly Fields[] =>
  ["initContainers", "containers", "ephemeralContainers"].flatMap((list) => listAt(spec, list));

const named = (containers: readonly Fields[]): string => {
  const names = containers.map((c) => `"${String(c["name"])}"`).join(", ");
  return containers.length === 1 ? `container ${names}` : `containers ${names}`;
};

const ALLOWED_CAPABILITIES = new Set(
  "AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT".split(
    " ",
  ),
);

const baseline = (spec: Fields): readonly string[] => {
  const containers = containersOf(spec);
  const host = ["hostNetwork", "hostPID", "hostIPC"].filter((field) => spec[field] === true);
  const paths = listAt(spec, "volumes").filter((v) => v["hostPath"] !== undefined);
  const privileged = containers.filter((c) => fieldsAt(c, "securityContext")["privileged"] === true);
  const capable = containers.filter((c) =>
    textsAt(c, "securityContext", "capabilities", "add").some((cap) => !ALLOWED_CAPABILITIES.has(cap)),
  );
  const ports = containers.filter((c) =>
    listAt(c, "ports").some((p) => typeof p["hostPort"] === "number" && p["hostPort"] > 0),
  );
  return [
    ...(host.length > 0 ? [`host namespaces (${host.map((h) => `${h}=true`).join(", ")})`] : []),
    ...(ports.length > 0 ? [`hostPort (${named(ports)} uses hostPorts)`] : []),
    ...(paths.length > 0
      ? [`hostPath volumes (${paths.map((v) => `volume "${String(v["name"])}"`).join(", ")})`]
      : []),
    ...(privileged.length > 0
      ? [`privileged (${named(privileged)} must not set securityContext.privileged=true)`]
      : []),
    ...(capable.length > 0 ? [`non-default capabilities (${named(capable)} must not add them)`] : []),
  ];
};

const restricted = (spec: Fields): readonly string[] => {
  const containers = containersOf(spec);
  const pod = fieldsAt(spec, "securityContext");
  const own = (c: Fields) => fieldsAt(c, "securityContext");
  const escalating = containers.filter((c) => own(c)["allowPrivilegeEscalation"] !== false);
  const capable = containers.filter(
    (c) => !textsAt(c, "securityContext", "capabilities", "drop").includes("ALL"),
  );
  const rootable = containers.filter((c) => (own(c)["runAsNonRoot"] ?? pod["runAsNonRoot"]) !== true);
  const unconfined = containers.filter((c) => {
    const type = textAt(own(c), "seccompProfile", "type") ?? textAt(pod, "seccompProfile", "type");
    return type !== "RuntimeDefault" && type !== "Localhost";
  });
  return [
    ...(escalating.length > 0
      ? [
          `allowPrivilegeEscalation != false (${named(escalating)} must set securityContext.allowPrivilegeEscalation=false)`,
        ]
      : []),
    ...(capable.length > 0
      ? [`unrestricted capabilities (${named(capable)} must set securityContext.capabilities.drop=["ALL"])`]
      : []),
    ...(rootable.length > 0
      ? [`runAsNonRoot != true (pod or ${named(rootable)} must set securityContext.runAsNonRoot=true)`]
      : []),
    ...(unconfined.length > 0
      ? [
          `seccompProfile (pod or ${named(unconfined)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")`,
        ]
      : []),
  ];
};
