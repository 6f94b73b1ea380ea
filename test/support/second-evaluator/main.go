// Answers questions about NetworkPolicies with the policy engine of sigs.k8s.io/kube-network-policies.
// Each line of stdin is a question, each line of stdout its answer, in the same order, until stdin ends.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
	"sigs.k8s.io/kube-network-policies/pkg/api"
	"sigs.k8s.io/kube-network-policies/pkg/network"
	"sigs.k8s.io/kube-network-policies/pkg/networkpolicy"
	"sigs.k8s.io/kube-network-policies/pkg/podinfo"
)

// question holds objects as the API server shows them, and packets to judge.
type question struct {
	Policies   []*networkingv1.NetworkPolicy `json:"policies"`
	Namespaces []*corev1.Namespace           `json:"namespaces"`
	Pods       []*corev1.Pod                 `json:"pods"`
	Packets    []packet                      `json:"packets"`
}

type packet struct {
	From     string          `json:"from"`
	To       string          `json:"to"`
	Port     int             `json:"port"`
	Protocol corev1.Protocol `json:"protocol"`
}

// answer has one verdict per packet: true when it passes.
type answer struct {
	Verdicts []bool `json:"verdicts"`
}

func main() {
	klog.LogToStderr(true)
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(in io.Reader, out io.Writer) error {
	decoder, encoder := json.NewDecoder(bufio.NewReader(in)), json.NewEncoder(out)
	for {
		var asked question
		if err := decoder.Decode(&asked); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("a question that is not JSON: %w", err)
		}
		verdicts, err := judge(asked)
		if err != nil {
			return err
		}
		if err := encoder.Encode(answer{verdicts}); err != nil {
			return err
		}
	}
}

func judge(asked question) ([]bool, error) {
	engine, err := engineOf(asked)
	if err != nil {
		return nil, err
	}
	verdicts := make([]bool, len(asked.Packets))
	for i, p := range asked.Packets {
		verdicts[i], err = engine.EvaluatePacket(context.Background(), &network.Packet{
			ID: uint32(i), SrcIP: net.ParseIP(p.From), DstIP: net.ParseIP(p.To), Proto: p.Protocol, SrcPort: 40000, DstPort: p.Port,
		})
		if err != nil {
			return nil, fmt.Errorf("packet %+v: %w", p, err)
		}
	}
	return verdicts, nil
}

// engineOf fills the caches the engine reads; nothing is ever asked of an API server.
func engineOf(asked question) (*networkpolicy.PolicyEngine, error) {
	factory := informers.NewSharedInformerFactory(nil, 0)
	pods, namespaces := factory.Core().V1().Pods(), factory.Core().V1().Namespaces()
	policies := factory.Networking().V1().NetworkPolicies()
	evaluator := networkpolicy.NewStandardNetworkPolicy("node", namespaces, pods, policies)
	for _, policy := range asked.Policies {
		stored, err := asStored(policy)
		if err != nil {
			return nil, err
		}
		if err := policies.Informer().GetIndexer().Add(stored); err != nil {
			return nil, err
		}
	}
	if err := addAll(pods.Informer().GetIndexer(), asked.Pods); err != nil {
		return nil, err
	}
	if err := addAll(namespaces.Informer().GetIndexer(), asked.Namespaces); err != nil {
		return nil, err
	}
	provider := podinfo.NewInformerProvider(pods, namespaces, nil, nil)
	return networkpolicy.NewPolicyEngine(provider, []api.PolicyEvaluator{evaluator}), nil
}

// asStored is the policy as it comes out of the API server's store, where an empty list is no list at all.
func asStored(policy *networkingv1.NetworkPolicy) (*networkingv1.NetworkPolicy, error) {
	text, err := policy.Marshal()
	if err != nil {
		return nil, err
	}
	stored := &networkingv1.NetworkPolicy{}
	return stored, stored.Unmarshal(text)
}

func addAll[T any](indexer cache.Indexer, objects []T) error {
	for _, object := range objects {
		if err := indexer.Add(object); err != nil {
			return err
		}
	}
	return nil
}
