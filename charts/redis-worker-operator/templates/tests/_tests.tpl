{{/* helm test: a worker is made, asked, and taken away. There has to be a Redis for it. */}}

{{- define "redis-worker-operator.tests.enabled" -}}
{{- if and .Values.tests.enabled (include "redis-worker-operator.redisUrl" .) }}true{{ end -}}
{{- end }}

{{/*
The name of its objects, and the type of its worker: begins with a letter, whatever the release is called. They share one,
because helm test --logs takes each of them for a pod.
*/}}
{{- define "redis-worker-operator.tests.name" -}}
{{- printf "test-%s" (include "redis-worker-operator.fullname" .) | replace "." "-" -}}
{{- end }}

{{/* metadata of a hook: (dict "root" $ "name" n "namespace" n "weight" w) */}}
{{- define "redis-worker-operator.tests.metadata" -}}
{{- $hook := dict "helm.sh/hook" "test" "helm.sh/hook-weight" .weight "helm.sh/hook-delete-policy" "before-hook-creation,hook-succeeded" -}}
{{- include "redis-worker-operator.metadata" (dict "root" .root "name" .name "namespace" .namespace "component" "test" "annotations" $hook) -}}
{{- end }}
