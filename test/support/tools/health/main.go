// Reads one JSON object per line and answers each with one line: what kstatus makes of it, which Flux and
// "kpt live" use, and what Argo CD makes of it with the health script named as the only argument.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"os"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	luajson "layeh.com/gopher-json"
)

type verdict struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

type answer struct {
	Error   string  `json:"error"`
	Kstatus verdict `json:"kstatus"`
	Argo    verdict `json:"argo"`
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("name the health script as the only argument")
	}
	script, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			text, _ := json.Marshal(judge(line, string(script)))
			fmt.Printf("%s\n", text)
		}
		if err != nil {
			return
		}
	}
}

func judge(line []byte, script string) answer {
	var object unstructured.Unstructured
	if err := object.UnmarshalJSON(line); err != nil {
		return answer{Error: err.Error()}
	}
	result, err := status.Compute(&object)
	if err != nil {
		return answer{Error: err.Error()}
	}
	argo, err := argoHealth(&object, line, script)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Kstatus: verdict{string(result.Status), result.Message}, Argo: argo}
}

// argoHealth does as Argo CD: an object that is being deleted is not shown to the script, and the script has the
// libraries Argo CD opens for it and no others.
func argoHealth(object *unstructured.Unstructured, text []byte, script string) (verdict, error) {
	if object.GetDeletionTimestamp() != nil {
		return verdict{"Progressing", "Pending deletion"}, nil
	}
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range map[string]lua.LGFunction{
		lua.LoadLibName: lua.OpenPackage, lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable,
	} {
		call := lua.P{Fn: state.NewFunction(open), NRet: 0, Protect: true}
		if err := state.CallByParam(call, lua.LString(name)); err != nil {
			return verdict{}, err
		}
	}
	value, err := luajson.Decode(state, text)
	if err != nil {
		return verdict{}, err
	}
	state.SetGlobal("obj", value)
	if err := state.DoString(script); err != nil {
		return verdict{}, err
	}
	encoded, err := luajson.Encode(state.Get(-1))
	if err != nil {
		return verdict{}, err
	}
	var health verdict
	err = json.Unmarshal(encoded, &health)
	return health, err
}
