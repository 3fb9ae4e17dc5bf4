package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	core "k8s.io/api/core/v1"
)

const (
	logFolder = "podlogs"
	// diskFolder: what a pod mounts at /data/ is found below the folder that its process runs in (binary.ts tells it so).
	diskFolder = "data"
)

// commandOf is this program playing the pod's container on that address; its log is the file named.
func commandOf(pod *core.Pod, ip string) (*exec.Cmd, string, error) {
	disk := diskOf(pod)
	if disk == "" {
		return nil, "", fmt.Errorf("the pod has no volume disk-path")
	}
	arguments := []string{"manager", ip, disk}
	if pod.Labels[componentKey] == "backing-image-data-source" {
		text, err := json.Marshal(sourceOf(pod.Spec.Containers[0].Command))
		if err != nil {
			return nil, "", err
		}
		arguments = []string{"source", ip, disk, string(text)}
	}
	self, err := os.Executable()
	if err != nil {
		return nil, "", err
	}
	folder := filepath.Join(logFolder, fmt.Sprintf("%s.%s", pod.Name, string(pod.UID)[:8]))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, "", err
	}
	if err := os.Symlink(disk, filepath.Join(folder, diskFolder)); err != nil {
		return nil, "", err
	}
	// It enters no host: what it asks nsenter for, this program plays.
	host, err := filepath.Abs(filepath.Join(folder, "host"))
	if err != nil {
		return nil, "", err
	}
	if err := os.MkdirAll(host, 0o755); err != nil {
		return nil, "", err
	}
	if err := os.Symlink(self, filepath.Join(host, "nsenter")); err != nil {
		return nil, "", err
	}
	path := folder + ".log"
	log, err := os.Create(path)
	if err != nil {
		return nil, "", err
	}
	cmd := exec.Command(self, arguments...)
	cmd.Dir = folder
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(withoutTie(os.Environ()), "POD_IP="+ip, "PATH="+host+":"+os.Getenv("PATH"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd, path, nil
}

// withoutTie: a pod's process has no standard input to end with; it dies with this one.
func withoutTie(environment []string) (left []string) {
	for _, entry := range environment {
		if !strings.HasPrefix(entry, "KUBE_ENDS_WITH_STDIN=") {
			left = append(left, entry)
		}
	}
	return left
}

func diskOf(pod *core.Pod) string {
	for _, volume := range pod.Spec.Volumes {
		if volume.Name == "disk-path" && volume.HostPath != nil {
			return volume.HostPath.Path
		}
	}
	return ""
}

// sourceOf reads the flags of upstream's command line.
func sourceOf(command []string) source {
	s := source{Parameters: map[string]string{}, Credential: map[string]string{}}
	for i := 0; i+1 < len(command); i++ {
		value := command[i+1]
		switch command[i] {
		case "--name":
			s.Name = value
		case "--uuid":
			s.UUID = value
		case "--source-type":
			s.Type = value
		case "--checksum":
			s.Checksum = value
		case "--parameters":
			key, setting, _ := strings.Cut(value, "=")
			s.Parameters[key] = setting
		case "--credential":
			key, setting, _ := strings.Cut(value, "=")
			s.Credential[key] = setting
		}
	}
	return s
}
