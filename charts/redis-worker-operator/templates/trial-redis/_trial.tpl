{{/* The Redis of the release, for trying it out. */}}

{{- define "redis-worker-operator.trial.name" -}}
{{- printf "%s-redis" (include "redis-worker-operator.fullname" .) -}}
{{- end }}

{{/* metadata of its objects, which may outlive the release. */}}
{{- define "redis-worker-operator.trial.metadata" -}}
{{- $keep := ternary (dict "helm.sh/resource-policy" "keep") (dict) .Values.redis.trial.keep -}}
{{- include "redis-worker-operator.metadata" (dict "root" . "name" (include "redis-worker-operator.trial.name" .) "component" "redis" "annotations" $keep) -}}
{{- end }}

{{/* The password: the one there is, or a new one. */}}
{{- define "redis-worker-operator.trial.password" -}}
{{- $secret := lookup "v1" "Secret" .Release.Namespace (include "redis-worker-operator.trial.name" .) -}}
{{- dig "data" "password" (randAlphaNum 32 | b64enc) $secret -}}
{{- end }}

{{/*
"true" when the data is on a volume. Under auto what is there decides, because a StatefulSet cannot be changed in this; at
first the cluster does, by its default StorageClass.
*/}}
{{- define "redis-worker-operator.trial.persistent" -}}
{{- $wanted := .Values.redis.trial.persistence.enabled -}}
{{- if kindIs "bool" $wanted -}}
{{- $wanted -}}
{{- else -}}
{{- $existing := lookup "apps/v1" "StatefulSet" .Release.Namespace (include "redis-worker-operator.trial.name" .) -}}
{{- if $existing -}}
{{- not (empty (dig "spec" "volumeClaimTemplates" list $existing)) -}}
{{- else -}}
{{- $default := false -}}
{{- range dig "items" list (lookup "storage.k8s.io/v1" "StorageClass" "" "") -}}
{{- if eq "true" (dig "metadata" "annotations" "storageclass.kubernetes.io/is-default-class" "" .) -}}
{{- $default = true -}}
{{- end -}}
{{- end -}}
{{- $default -}}
{{- end -}}
{{- end -}}
{{- end }}
