// Reads one JSON object per line, {"policy": a CiliumNetworkPolicy, "names": host names}, and answers each
// with one line: what Cilium itself makes of the policy, and of the names under it.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"regexp"

	ciliumv2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/policy/utils"
)

type question struct {
	Policy json.RawMessage `json:"policy"`
	Names  []string        `json:"names"`
}

type answer struct {
	// Why Cilium refuses the policy; empty when it takes it.
	Error string `json:"error"`
	// Directions in which a pod under the policy is closed by default.
	Closed []string `json:"closed"`
	// Names that may be asked for over DNS, and names whose addresses are opened, in the order of the question.
	Asked  []string `json:"asked"`
	Opened []string `json:"opened"`
}

func main() {
	// What an agent runs with unless it is told otherwise.
	option.Config.EnableL7Proxy = true
	option.Config.EnableNonDefaultDenyPolicies = true
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	output := bufio.NewWriter(os.Stdout)
	defer output.Flush()
	for {
		line, err := lines.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			text, _ := json.Marshal(judge(line))
			fmt.Fprintf(output, "%s\n", text)
		}
		if err != nil {
			return
		}
	}
}

func judge(line []byte) answer {
	var asked question
	if err := json.Unmarshal(line, &asked); err != nil {
		return answer{Error: err.Error()}
	}
	var policy ciliumv2.CiliumNetworkPolicy
	strict := json.NewDecoder(bytes.NewReader(asked.Policy))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&policy); err != nil {
		return answer{Error: err.Error()}
	}
	rules, err := policy.Parse(slog.New(slog.DiscardHandler), "default")
	if err != nil {
		return answer{Error: err.Error()}
	}
	dns, peers, err := selectors(rules)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Closed: closed(rules), Asked: matching(dns, asked.Names), Opened: matching(peers, asked.Names)}
}

// closed tells what the policy repository does with the rules: the default is a matter of single entries.
func closed(rules api.Rules) []string {
	found := map[bool]bool{}
	for _, entry := range utils.RulesToPolicyEntries(rules) {
		found[entry.Ingress] = found[entry.Ingress] || entry.DefaultDeny
	}
	directions := []string{}
	if found[true] {
		directions = append(directions, "ingress")
	}
	if found[false] {
		directions = append(directions, "egress")
	}
	return directions
}

// selectors gives the expressions the DNS proxy compares questions with, and those that open addresses.
func selectors(rules api.Rules) (dns, peers []*regexp.Regexp, err error) {
	for _, rule := range rules {
		for _, egress := range rule.Egress {
			for _, selector := range egress.ToFQDNs {
				if peers, err = add(peers, selector); err != nil {
					return nil, nil, err
				}
			}
			for _, ports := range egress.ToPorts {
				if ports.Rules == nil {
					continue
				}
				for _, selector := range ports.Rules.DNS {
					if dns, err = add(dns, api.FQDNSelector(selector)); err != nil {
						return nil, nil, err
					}
				}
			}
		}
	}
	return dns, peers, nil
}

func add(to []*regexp.Regexp, selector api.FQDNSelector) ([]*regexp.Regexp, error) {
	expression, err := selector.ToRegex()
	if err != nil {
		return nil, err
	}
	return append(to, expression), nil
}

func matching(expressions []*regexp.Regexp, names []string) []string {
	found := []string{}
	for _, name := range names {
		for _, expression := range expressions {
			if expression.MatchString(name + ".") {
				found = append(found, name)
				break
			}
		}
	}
	return found
}
