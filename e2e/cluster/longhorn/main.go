// Command longhorn is Longhorn's own controllers of nodes and backing images (longhorn-manager), its own backing image
// managers and data sources, and the kubelets that these need, in one file, linked from the modules that upstream publishes.
// There are no hosts: several nodes live in one process, disks are folders, pods are processes on loopback addresses.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/longhorn/backing-image-manager/pkg/datasource"
	"github.com/longhorn/backing-image-manager/pkg/manager"
	filesync "github.com/longhorn/backing-image-manager/pkg/sync"
	bimutil "github.com/longhorn/backing-image-manager/pkg/util"
)

const (
	version      = "v1.10.0"
	managerImage = "longhornio/backing-image-manager:" + version
)

const usage = `usage: longhorn COMMAND …
  controllers KUBECONFIG NODE,NODE… PORT   of nodes and backing images, for each of these nodes; and Longhorn's own API on PORT
  kubelet KUBECONFIG LOG_PORT         runs the pods of backing images of every node, and answers for their logs
  manager IP DISK                     a backing image manager: what kubelet runs for its pod
  source IP DISK JSON                 a backing image data source, likewise
Called as qemu-img it tells of a file what "qemu-img info --output=json FILE" tells; called as nsenter it plays what a clone that is
encrypted wants of its host.`

func main() {
	switch filepath.Base(os.Args[0]) {
	case "qemu-img":
		must(describeImage(os.Args[len(os.Args)-1]))
		return
	case "nsenter":
		must(enterHost(os.Args[1:]))
		return
	}
	if len(os.Args) < 4 {
		must(fmt.Errorf("%s", usage))
	}
	if os.Getenv("KUBE_ENDS_WITH_STDIN") != "" {
		go endWithStdin()
	}
	command, arguments := os.Args[1], os.Args[2:]
	switch {
	case command == "controllers" && len(arguments) == 3:
		controllers(arguments[0], strings.Split(arguments[1], ","), arguments[2])
	case command == "kubelet":
		kubelet(arguments[0], arguments[1])
	case command == "manager":
		must(runManager(arguments[0], arguments[1]))
	case command == "source" && len(arguments) == 3:
		must(runSource(arguments[0], arguments[1], arguments[2]))
	default:
		must(fmt.Errorf("%s", usage))
	}
}

// endWithStdin ties this process to the one that started it: when that one dies, however it dies,
// the pipe closes and nothing is left behind.
func endWithStdin() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

func runManager(ip, disk string) error {
	uuid, err := bimutil.GetDiskConfig(disk)
	if err != nil {
		return err
	}
	return manager.NewServer(context.Background(), ip+":8000", ip+":8001", uuid, disk, receiverPorts(ip), &filesync.HTTPHandler{})
}

// A source is what upstream's pod is told by its flags.
type source struct {
	Name, UUID, Type, Checksum string
	Parameters, Credential     map[string]string
}

func runSource(ip, disk, text string) error {
	var s source
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return err
	}
	return datasource.NewServer(context.Background(), ip+":8000", ip+":8001", s.Checksum, s.Type, s.Name, s.UUID, disk, s.Parameters, s.Credential, &filesync.HTTPHandler{})
}

// receiverPorts: who receives a file listens on every address, so each pod gets ports of its own, from 20000 on.
func receiverPorts(ip string) string {
	address := net.ParseIP(ip).To4()
	first := 20000 + (int(address[2])*250+int(address[3]))%1000*20
	return fmt.Sprintf("%d-%d", first, first+19)
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
