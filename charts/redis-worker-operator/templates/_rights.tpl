{{/* Generated from operator/cluster/kubernetes/rights.ts by `npm run generate`; change it there. */}}

{{/* What the operator may do where it serves workers */}}
{{- define "redis-worker-operator.rights.served" -}}
- apiGroups:
    - redisworker.dev
  resources:
    - redisworkers
  verbs:
    - list
    - watch
    - patch
- apiGroups:
    - redisworker.dev
  resources:
    - redisworkers/status
  verbs:
    - patch
- apiGroups:
    - apps
  resources:
    - deployments
  verbs:
    - get
    - list
    - watch
    - create
    - patch
    - delete
- apiGroups:
    - networking.k8s.io
  resources:
    - networkpolicies
  verbs:
    - get
    - list
    - watch
    - create
    - patch
    - delete
- apiGroups:
    - cilium.io
  resources:
    - ciliumnetworkpolicies
  verbs:
    - get
    - list
    - watch
    - create
    - patch
    - delete
- apiGroups:
    - ""
  resources:
    - configmaps
  verbs:
    - get
    - list
    - watch
    - create
    - patch
    - delete
- apiGroups:
    - ""
  resources:
    - secrets
  verbs:
    - get
    - create
    - patch
- apiGroups:
    - ""
  resources:
    - pods
  verbs:
    - list
    - watch
    - delete
- apiGroups:
    - ""
  resources:
    - pods/log
  verbs:
    - get
- apiGroups:
    - batch
  resources:
    - jobs
  verbs:
    - get
    - create
    - patch
    - delete
- apiGroups:
    - ""
  resources:
    - services
  verbs:
    - get
    - list
    - watch
    - create
    - patch
    - delete
- apiGroups:
    - discovery.k8s.io
  resources:
    - endpointslices
  verbs:
    - list
    - watch
- apiGroups:
    - events.k8s.io
  resources:
    - events
  verbs:
    - get
    - list
    - create
    - patch
{{- end }}

{{/* What the election needs, in the namespace of the release */}}
{{- define "redis-worker-operator.rights.lease" -}}
- apiGroups:
    - coordination.k8s.io
  resources:
    - leases
  verbs:
    - get
    - update
  resourceNames:
    - '{{ include "redis-worker-operator.fullname" . }}'
- apiGroups:
    - coordination.k8s.io
  resources:
    - leases
  verbs:
    - create
{{- end }}

{{/* What it takes to ask the API server who reads metrics or the status page */}}
{{- define "redis-worker-operator.rights.metricsAuth" -}}
- apiGroups:
    - authentication.k8s.io
  resources:
    - tokenreviews
  verbs:
    - create
- apiGroups:
    - authorization.k8s.io
  resources:
    - subjectaccessreviews
  verbs:
    - create
{{- end }}

{{/* What whoever reads metrics needs */}}
{{- define "redis-worker-operator.rights.metricsReader" -}}
- nonResourceURLs:
    - /metrics
  verbs:
    - get
{{- end }}

{{/* What whoever looks at the status page needs */}}
{{- define "redis-worker-operator.rights.pageViewer" -}}
- nonResourceURLs:
    - /page
  verbs:
    - get
{{- end }}

{{/* What it takes to come to it through the API server */}}
{{- define "redis-worker-operator.rights.pageForward" -}}
- apiGroups:
    - ""
  resources:
    - pods
  verbs:
    - list
- apiGroups:
    - ""
  resources:
    - pods/portforward
  verbs:
    - get
    - create
{{- end }}

{{/* Labels of the viewer, when it is aggregated */}}
{{- define "redis-worker-operator.rights.people.viewer.labels" -}}
rbac.authorization.k8s.io/aggregate-to-view: "true"
{{- end }}

{{/* Labels of the author, when it is aggregated */}}
{{- define "redis-worker-operator.rights.people.author.labels" -}}
{{- end }}

{{/* Labels of the admin, when it is aggregated */}}
{{- define "redis-worker-operator.rights.people.admin.labels" -}}
{{- end }}

{{/* What the viewer of workers may do */}}
{{- define "redis-worker-operator.rights.people.viewer" -}}
- apiGroups:
    - redisworker.dev
  resources:
    - redisworkers
  verbs:
    - get
    - list
    - watch
- apiGroups:
    - redisworker.dev
  resources:
    - redisworkers/status
  verbs:
    - get
- apiGroups:
    - redisworker.dev
  resources:
    - redisworkers/scale
  verbs:
    - get
{{- end }}

{{/* What the author of workers may do */}}
{{- define "redis-worker-operator.rights.people.author" -}}
- apiGroups:
    - redisworker.dev
  resources:
    - redisworkers
  verbs:
    - get
    - list
    - watch
    - create
    - patch
    - update
    - delete
- apiGroups:
    - redisworker.dev
  resources:
    - redisworkers/status
  verbs:
    - get
- apiGroups:
    - redisworker.dev
  resources:
    - redisworkers/scale
  verbs:
    - get
    - patch
    - update
{{- end }}

{{/* What the admin of workers may do */}}
{{- define "redis-worker-operator.rights.people.admin" -}}
- apiGroups:
    - redisworker.dev
  resources:
    - redisworkers
  verbs:
    - get
    - list
    - watch
    - create
    - patch
    - update
    - delete
    - deletecollection
- apiGroups:
    - redisworker.dev
  resources:
    - redisworkers/status
  verbs:
    - get
    - patch
    - update
- apiGroups:
    - redisworker.dev
  resources:
    - redisworkers/scale
  verbs:
    - get
    - patch
    - update
{{- end }}
