// Command kubevirt is KubeVirt's control plane in one file, linked from the modules that upstream publishes: virt-api and
// virt-controller, and as text what KubeVirt's operator would install for them. The tests judge the embedded cluster by it.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	admission "k8s.io/api/admissionregistration/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"kubevirt.io/client-go/log"
	"kubevirt.io/kubevirt/pkg/service"
	virtapi "kubevirt.io/kubevirt/pkg/virt-api"
	"kubevirt.io/kubevirt/pkg/virt-controller/watch"
	"kubevirt.io/kubevirt/pkg/virt-operator/resource/generate/components"
)

// Where Harvester installs KubeVirt: its own webhooks look for the KubeVirt object there and nowhere else.
const namespace = "harvester-system"

const usage = `usage: kubevirt COMMAND …
  virt-api …               as upstream's
  virt-controller …        as upstream's
Each of these prints objects, a line of JSON each:
  crds                     the definitions of KubeVirt's kinds
  webhooks URL CA_FILE     the admission configurations, reached by address instead of by Service
  apiservices PORT         the aggregated APIs, on that port of the Service virt-api`

func main() {
	if len(os.Args) < 2 {
		end(fmt.Errorf("%s", usage))
	}
	if os.Getenv("KUBE_ENDS_WITH_STDIN") != "" {
		go endWithStdin()
	}
	// Upstream's commands take their name from the first word and their flags from what follows.
	os.Args = os.Args[1:]
	command, arguments := os.Args[0], os.Args[1:]
	switch {
	case command == "virt-api":
		log.InitializeLogging("virt-api")
		app := virtapi.NewVirtApi()
		service.Setup(app)
		app.Execute()
	case command == "virt-controller":
		watch.Execute()
	case command == "crds" && len(arguments) == 0:
		end(printDefinitions())
	case command == "webhooks" && len(arguments) == 2:
		end(printWebhooks(arguments[0], arguments[1]))
	case command == "apiservices" && len(arguments) == 1:
		end(printAPIServices(arguments[0]))
	default:
		end(fmt.Errorf("%s", usage))
	}
}

// endWithStdin ties this process to the one that started it: when that one dies, however it dies,
// the pipe closes and nothing is left behind.
func endWithStdin() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

func printDefinitions() error {
	for _, definition := range []func() (*apiextensions.CustomResourceDefinition, error){
		components.NewVirtualMachineInstanceCrd, components.NewVirtualMachineCrd, components.NewPresetCrd, components.NewReplicaSetCrd,
		components.NewVirtualMachineInstanceMigrationCrd, components.NewKubeVirtCrd, components.NewVirtualMachinePoolCrd,
		components.NewVirtualMachineSnapshotCrd, components.NewVirtualMachineSnapshotContentCrd, components.NewVirtualMachineRestoreCrd,
		components.NewVirtualMachineExportCrd, components.NewVirtualMachineBackupCrd, components.NewVirtualMachineBackupTrackerCrd,
		components.NewVirtualMachineInstancetypeCrd, components.NewVirtualMachineClusterInstancetypeCrd,
		components.NewVirtualMachinePreferenceCrd, components.NewVirtualMachineClusterPreferenceCrd,
		components.NewMigrationPolicyCrd, components.NewVirtualMachineCloneCrd,
	} {
		crd, err := definition()
		if err != nil {
			return err
		}
		if err := printLine(crd); err != nil {
			return err
		}
	}
	return nil
}

func printWebhooks(address, caFile string) error {
	ca, err := os.ReadFile(caFile)
	if err != nil {
		return err
	}
	reach := func(config *admission.WebhookClientConfig) {
		url := address + *config.Service.Path
		config.URL, config.Service, config.CABundle = &url, nil, ca
	}
	validating := components.NewVirtAPIValidatingWebhookConfiguration(namespace)
	for i := range validating.Webhooks {
		reach(&validating.Webhooks[i].ClientConfig)
	}
	mutating := components.NewVirtAPIMutatingWebhookConfiguration(namespace)
	for i := range mutating.Webhooks {
		reach(&mutating.Webhooks[i].ClientConfig)
	}
	if err := printLine(validating); err != nil {
		return err
	}
	return printLine(mutating)
}

// printAPIServices prints what names the Service virt-api, which must be of type ExternalName to reach a port of this machine.
func printAPIServices(port string) error {
	var number int32
	if _, err := fmt.Sscan(port, &number); err != nil {
		return err
	}
	for _, api := range components.NewVirtAPIAPIServices(namespace) {
		api.Spec.Service.Port, api.Spec.InsecureSkipTLSVerify, api.Spec.CABundle = &number, true, nil
		if err := printLine(api); err != nil {
			return err
		}
	}
	return nil
}

// printLine prints an object as a line of JSON.
func printLine(object any) error {
	return json.NewEncoder(os.Stdout).Encode(object)
}

func end(err error) {
	if err == nil {
		os.Exit(0)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
