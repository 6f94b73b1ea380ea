{{/*
Labels and annotations. Objects belong to a component: operator, redis or test.
Each of these takes (list $ "component").
*/}}

{{/* What selects pods; never changes. */}}
{{- define "redis-worker-operator.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "redis-worker-operator.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "redis-worker-operator.labels" -}}
{{- $root := index . 0 -}}
{{ include "redis-worker-operator.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: redisworker
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/*
metadata of an object: (dict "root" $ "name" n "component" c), and if it has them "namespace" (that of the release when
absent, none when ""), "labels" and "annotations" of its own.
*/}}
{{- define "redis-worker-operator.metadata" -}}
{{- $namespace := ternary .namespace .root.Release.Namespace (hasKey . "namespace") -}}
{{- $ours := include "redis-worker-operator.labels" (list .root .component) | fromYaml -}}
{{- $labels := merge $ours (default dict .labels) .root.Values.commonLabels -}}
{{- $annotations := merge (dict) (default dict .annotations) .root.Values.commonAnnotations -}}
name: {{ .name }}
{{- with $namespace }}
namespace: {{ . }}
{{- end }}
labels:
  {{- toYaml $labels | nindent 2 }}
{{- with $annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Labels of a pod: those that select it, then further ones. (list $ "component" (dict of further labels)) */}}
{{- define "redis-worker-operator.podLabels" -}}
{{- $ours := include "redis-worker-operator.selector" . | fromYaml -}}
{{- merge $ours (index . 2) (index . 0).Values.commonLabels | toYaml -}}
{{- end }}
