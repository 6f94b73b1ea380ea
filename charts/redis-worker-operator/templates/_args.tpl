{{/* The flags of the operator, one line each, in the order of operator/config.ts. */}}
{{- define "redis-worker-operator.args" -}}
{{- include "redis-worker-operator.redisArgs" . }}
{{- with .Values.watchNamespace }}
- --namespace={{ . }}
{{- end }}
- --worker-image={{ include "redis-worker-operator.image" (dict "image" .Values.workerImage "tag" .Chart.AppVersion) }}
{{- if .Values.openshift.enabled }}
- --pod-user=Assigned
{{- end }}
- --lease-name={{ include "redis-worker-operator.fullname" . }}
- --http=0.0.0.0:8080
{{- if .Values.canary.enabled }}
- --canary-address={{ include "redis-worker-operator.canaryAddress" . }}
{{- end }}
{{- if eq .Values.metrics.authentication "TokenReview" }}
- --metrics=0.0.0.0:8443
- --metrics-auth=TokenReview
{{- end }}
{{- if include "redis-worker-operator.metricsVolume" . }}
- --metrics-cert-file=/etc/redisworker/metrics/tls.crt
- --metrics-key-file=/etc/redisworker/metrics/tls.key
{{- end }}
- --metrics-per-worker-limit={{ int .Values.metrics.perWorkerLimit }}
{{- if .Values.page.enabled }}
- --page=0.0.0.0:8444
{{- end }}
- --log-level={{ .Values.logLevel }}
- --concurrency={{ .Values.concurrency }}
{{- with .Values.defaultRedisNamespaces }}
- {{ printf "--default-redis-namespaces=%s" (join "," .) | quote }}
{{- end }}
{{- with .Values.redisPasswordMaxAge }}
- --redis-password-max-age={{ . }}
{{- end }}
{{- range .Values.redisHosts }}
- {{ printf "--redis-hosts=%s" . | quote }}
{{- end }}
{{- with .Values.secretConsentLabel }}
- {{ printf "--secret-consent-label=%s" . | quote }}
{{- end }}
{{- range .Values.denyPodFields }}
- --deny-pod-field={{ . }}
{{- end }}
{{- if not .Values.code.jobs }}
- --no-code-jobs
{{- end }}
- {{ printf "--code-job-resources=%s" (toJson .Values.code.resources) | quote }}
{{- with .Values.code.proxy.http }}
- {{ printf "--code-http-proxy=%s" . | quote }}
{{- end }}
{{- with .Values.code.proxy.https }}
- {{ printf "--code-https-proxy=%s" . | quote }}
{{- end }}
{{- with .Values.code.proxy.noProxy }}
- {{ printf "--code-no-proxy=%s" (join "," .) | quote }}
{{- end }}
{{- if .Values.code.caConfigMap.name }}
- --code-ca-file=/etc/redisworker/code/ca.crt
{{- end }}
{{- with .Values.code.registry }}
{{- if .repository }}
- {{ printf "--code-registry=%s" .repository | quote }}
{{- if .pushSecret }}
- --code-registry-auth-file=/etc/redisworker/code/config.json
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.code.npmRegistry }}
- {{ printf "--npm-registry=%s" . | quote }}
{{- end }}
{{- with .Values.code.jsrRegistry }}
- {{ printf "--jsr-registry=%s" . | quote }}
{{- end }}
{{- range .Values.clusterCidrs }}
- {{ printf "--cluster-cidr=%s" . | quote }}
{{- end }}
{{- range .Values.searchDomains }}
- {{ printf "--search-domain=%s" . | quote }}
{{- end }}
{{- with .Values.dnsServer }}
- {{ printf "--dns-server=%s" . | quote }}
{{- end }}
{{- range .Values.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end }}
