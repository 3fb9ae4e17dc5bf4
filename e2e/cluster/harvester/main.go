// Command harvester is the part of Harvester's control plane that images, templates and VMs meet, and Longhorn's admission
// webhook, in one file, linked from the modules that upstream publishes. The tests judge the embedded cluster by it.
package main

import (
	"fmt"
	"io"
	"os"
)

const usage = `usage: harvester COMMAND …
  webhook KUBECONFIG PORT CERT KEY CA_FILE   Harvester's validators and mutators, on loopback
  controllers KUBECONFIG PORT LONGHORN_PORT CDI_PORT
                                             Harvester's controllers of images, templates and VMs, and on PORT its API of uploads
  longhorn-webhook KUBECONFIG                Longhorn's validators and mutators, on port 9502`

func main() {
	if len(os.Args) < 2 {
		fail(fmt.Errorf("%s", usage))
	}
	if os.Getenv("KUBE_ENDS_WITH_STDIN") != "" {
		go endWithStdin()
	}
	command, arguments := os.Args[1], os.Args[2:]
	switch {
	case command == "webhook" && len(arguments) == 5:
		harvesterWebhook(arguments[0], arguments[1], arguments[2], arguments[3], arguments[4])
	case command == "controllers" && len(arguments) == 4:
		harvesterControllers(arguments[0], arguments[1], arguments[2], arguments[3])
	case command == "longhorn-webhook" && len(arguments) == 1:
		longhornWebhook(arguments[0])
	default:
		fail(fmt.Errorf("%s", usage))
	}
}

// endWithStdin ties this process to the one that started it: when that one dies, however it dies,
// the pipe closes and nothing is left behind.
func endWithStdin() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

func must(err error) {
	if err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
