{{/* Names. Every object is called fullname, or fullname and a word. */}}

{{- define "redis-worker-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 48 | trimSuffix "-" -}}
{{- end }}

{{/* Release and chart, or the release alone when it has the name of the chart in it. Short enough for every word behind it. */}}
{{- define "redis-worker-operator.fullname" -}}
{{- $name := include "redis-worker-operator.name" . -}}
{{- $long := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- default $long .Values.fullnameOverride | trunc 44 | trimSuffix "-" -}}
{{- end }}

{{- define "redis-worker-operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "redis-worker-operator.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end }}

{{/* Where the workers of `helm test` and of the first steps live. */}}
{{- define "redis-worker-operator.servedNamespace" -}}
{{- default .Release.Namespace .Values.watchNamespace -}}
{{- end }}

{{/* image reference of (dict "image" .Values.image "tag" what an empty tag stands for) */}}
{{- define "redis-worker-operator.image" -}}
{{- $path := .image.repository -}}
{{- if .image.registry -}}{{- $path = printf "%s/%s" .image.registry $path -}}{{- end -}}
{{- if .image.digest -}}
{{- printf "%s@%s" $path .image.digest -}}
{{- else -}}
{{- printf "%s:%s" $path (default .tag .image.tag) -}}
{{- end -}}
{{- end }}

{{- define "redis-worker-operator.canaryAddress" -}}
{{- printf "%s-canary.%s.svc:8086" (include "redis-worker-operator.fullname" .) .Release.Namespace -}}
{{- end }}
