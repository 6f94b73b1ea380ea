package main

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var groupVersion = schema.GroupVersion{Group: "redisworker.dev", Version: "v1alpha1"}

// RedisWorker is the part of a manifest this operator looks at.
type RedisWorker struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              Spec   `json:"spec"`
	Status            Status `json:"status,omitempty"`
}

type Spec struct {
	Source struct {
		Inline string `json:"inline,omitempty"`
	} `json:"source,omitempty"`
	Consumers struct {
		Count int `json:"count,omitempty"`
	} `json:"consumers,omitempty"`
}

type Status struct {
	ObservedGeneration int64              `json:"observedGeneration,omitempty"`
	ReadyReplicas      int                `json:"readyReplicas"`
	Conditions         []metav1.Condition `json:"conditions,omitempty"`
}

// RedisWorkerList is what a list and a watch give.
type RedisWorkerList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []RedisWorker `json:"items"`
}

func (w *RedisWorker) DeepCopyObject() runtime.Object {
	copied := *w
	copied.ObjectMeta = *w.ObjectMeta.DeepCopy()
	copied.Status.Conditions = append([]metav1.Condition(nil), w.Status.Conditions...)
	return &copied
}

func (l *RedisWorkerList) DeepCopyObject() runtime.Object {
	copied := *l
	copied.Items = make([]RedisWorker, len(l.Items))
	for at := range l.Items {
		copied.Items[at] = *l.Items[at].DeepCopyObject().(*RedisWorker)
	}
	return &copied
}
