{{/* The Redis of workers that name none: where it is, and the files the operator reads of it. */}}

{{- define "redis-worker-operator.redisUrl" -}}
{{- if .Values.redis.trial.enabled -}}
{{- printf "redis://%s-redis.%s.svc:6379/0" (include "redis-worker-operator.fullname" .) .Release.Namespace -}}
{{- else -}}
{{- .Values.redis.url -}}
{{- end -}}
{{- end }}

{{- define "redis-worker-operator.trialSecretName" -}}
{{- default (printf "%s-redis" (include "redis-worker-operator.fullname" .)) .Values.redis.trial.existingSecret -}}
{{- end }}

{{/* The login of the operator as {name, usernameKey, passwordKey}: that of the trial Redis, or the one given. */}}
{{- define "redis-worker-operator.redisLogin" -}}
{{- if .Values.redis.trial.enabled -}}
{{- dict "name" (include "redis-worker-operator.trialSecretName" .) "usernameKey" "username" "passwordKey" "password" | toYaml -}}
{{- else -}}
{{- toYaml .Values.redis.existingSecret -}}
{{- end -}}
{{- end }}

{{/*
Files of the operator, one entry per flag: which key of which Secret the flag names. Secrets are mounted as files, so that
what changes in them is taken up without a restart.
*/}}
{{- define "redis-worker-operator.redisFiles" -}}
{{- $login := include "redis-worker-operator.redisLogin" . | fromYaml -}}
{{- $sentinel := .Values.redis.sentinel.existingSecret -}}
{{- $tls := .Values.redis.tls -}}
{{- $files := list
  (list "--redis-password-file" "password" $login.name $login.passwordKey)
  (list "--redis-sentinel-password-file" "sentinel-password" $sentinel.name $sentinel.passwordKey)
  (list "--redis-ca-file" "ca.crt" $tls.caSecret.name $tls.caSecret.key)
  (list "--redis-cert-file" "tls.crt" $tls.certSecret.name $tls.certSecret.certKey)
  (list "--redis-key-file" "tls.key" $tls.certSecret.name $tls.certSecret.keyKey)
  (list "--redis-worker-cert-file" "worker.crt" $tls.workerCertSecret.name $tls.workerCertSecret.certKey)
  (list "--redis-worker-key-file" "worker.key" $tls.workerCertSecret.name $tls.workerCertSecret.keyKey) -}}
{{- range $files }}
{{- if index . 2 }}
- flag: {{ index . 0 }}
  path: {{ index . 1 }}
  secret: {{ index . 2 }}
  key: {{ index . 3 }}
{{- end }}
{{- end }}
{{- end }}

{{/* Flags that name these files, and those that are no files. */}}
{{- define "redis-worker-operator.redisArgs" -}}
{{- range include "redis-worker-operator.redisFiles" . | fromYamlArray }}
- {{ .flag }}=/etc/redisworker/redis/{{ .path }}
{{- end }}
{{- with .Values.redis.tls.serverName }}
- --redis-server-name={{ . }}
{{- end }}
{{- end }}

{{/* Those of them that whoever sends requests needs: what TLS is checked by and what is shown. */}}
{{- define "redis-worker-operator.redisClientFiles" -}}
{{- range include "redis-worker-operator.redisFiles" . | fromYamlArray }}
{{- if has .flag (list "--redis-ca-file" "--redis-cert-file" "--redis-key-file") }}
- {{ toYaml . | nindent 2 | trim }}
{{- end }}
{{- end }}
{{- end }}

{{/* Files as one volume; nothing without files. */}}
{{- define "redis-worker-operator.filesVolume" -}}
{{- with fromYamlArray . -}}
- name: redis
  projected:
    defaultMode: 0440
    sources:
      {{- range . }}
      - secret:
          name: {{ .secret }}
          items:
            - key: {{ .key | quote }}
              path: {{ .path }}
      {{- end }}
{{- end -}}
{{- end }}

{{/*
Environment: the address, and who logs in. The operator takes the password from its file; the variable is for people who
run `redisworker` in the pod.
*/}}
{{- define "redis-worker-operator.redisEnv" -}}
{{- with include "redis-worker-operator.redisUrl" . -}}
- name: REDIS_URL
  value: {{ . | quote }}
{{- end }}
{{- include "redis-worker-operator.loginEnv" (dict "login" (include "redis-worker-operator.redisLogin" . | fromYaml) "username" "REDIS_USERNAME" "password" "REDIS_PASSWORD") }}
{{- include "redis-worker-operator.loginEnv" (dict "login" .Values.redis.sentinel.existingSecret "username" "REDIS_SENTINEL_USERNAME" "password" "REDIS_SENTINEL_PASSWORD") }}
{{- end }}

{{/* Two variables out of a Secret, which need not have a user: (dict "login" l "username" variable "password" variable) */}}
{{- define "redis-worker-operator.loginEnv" -}}
{{- if .login.name }}
- name: {{ .username }}
  valueFrom:
    secretKeyRef:
      name: {{ .login.name }}
      key: {{ .login.usernameKey | quote }}
      optional: true
- name: {{ .password }}
  valueFrom:
    secretKeyRef:
      name: {{ .login.name }}
      key: {{ .login.passwordKey | quote }}
{{- end }}
{{- end }}
