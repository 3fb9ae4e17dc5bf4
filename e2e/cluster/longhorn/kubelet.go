package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	podNamespace = "longhorn-system"
	lookEvery    = 200 * time.Millisecond
	componentKey = "longhorn.io/component"
)

// A process is what runs for a pod: nothing for a longhorn-manager, which only has to be Ready.
type process struct {
	ip    string
	log   string
	cmd   *exec.Cmd
	mutex sync.Mutex
	ended bool
}

func (p *process) hasEnded() bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.ended
}

func (p *process) kill() {
	if p.cmd != nil && p.cmd.Process != nil {
		_ = syscall.Kill(p.cmd.Process.Pid, syscall.SIGKILL)
	}
}

// kubelets play the kubelet of every node, for the pods of Longhorn's backing images alone.
type kubelets struct {
	api     kubernetes.Interface
	port    int32
	given   int
	running map[string]*process // by the pod's UID
	mutex   sync.Mutex
	logs    map[string]string // a pod's last log file, by its name
}

// kubelet runs the pods of backing image managers and data sources as processes on loopback addresses and answers for their logs.
// Whether a node is Ready is said by whoever plays the rest of the nodes.
func kubelet(kubeconfig, logPort string) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	must(err)
	config.QPS, config.Burst = 100, 200
	api, err := kubernetes.NewForConfig(config)
	must(err)
	listener, err := net.Listen("tcp", "127.0.0.1:"+logPort)
	must(err)
	k := &kubelets{api: api, port: int32(listener.Addr().(*net.TCPAddr).Port), running: map[string]*process{}, logs: map[string]string{}}
	server := httptest.NewUnstartedServer(http.HandlerFunc(k.answerLog))
	server.Listener = listener
	server.StartTLS()
	fmt.Println("ready")
	for ; ; time.Sleep(lookEvery) {
		if err := k.look(); err != nil {
			fmt.Println(err)
		}
	}
}

// answerLog serves /containerLogs/NAMESPACE/POD/CONTAINER, as the API server asks a kubelet for it.
func (k *kubelets) answerLog(w http.ResponseWriter, r *http.Request) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if parts := strings.Split(r.URL.Path, "/"); len(parts) > 3 && k.logs[parts[3]] != "" {
		text, _ := os.ReadFile(k.logs[parts[3]])
		_, _ = w.Write(text)
		return
	}
	http.NotFound(w, r)
}

func (k *kubelets) look() error {
	down, err := k.lookAtNodes()
	if err != nil {
		return err
	}
	pods, err := k.api.CoreV1().Pods(podNamespace).List(context.Background(), meta.ListOptions{})
	if err != nil {
		return err
	}
	there := map[string]bool{}
	for i := range pods.Items {
		pod := &pods.Items[i]
		there[string(pod.UID)] = true
		if isOurs(pod) {
			k.lookAtPod(pod, down[pod.Spec.NodeName])
		}
	}
	for uid, process := range k.running {
		if !there[uid] {
			process.kill()
			delete(k.running, uid)
		}
	}
	return nil
}

// isOurs: a pod that runs nothing of backing images stays as whoever else plays the nodes leaves it.
func isOurs(pod *core.Pod) bool {
	component := pod.Labels[componentKey]
	return pod.Spec.NodeName != "" && len(pod.Spec.Containers) > 0 &&
		(isLonghornManager(pod) || component == "backing-image-manager" || component == "backing-image-data-source")
}

func isLonghornManager(pod *core.Pod) bool { return pod.Labels["app"] == "longhorn-manager" }

// lookAtNodes answers which are down, and tells the API server where logs are to be had.
func (k *kubelets) lookAtNodes() (map[string]bool, error) {
	nodes, err := k.api.CoreV1().Nodes().List(context.Background(), meta.ListOptions{})
	if err != nil {
		return nil, err
	}
	down := map[string]bool{}
	for i := range nodes.Items {
		node := &nodes.Items[i]
		down[node.Name] = node.Annotations[downAnnotation] != ""
		if node.Status.DaemonEndpoints.KubeletEndpoint.Port != k.port {
			patch := fmt.Sprintf(`{"status":{"daemonEndpoints":{"kubeletEndpoint":{"Port":%d}}}}`, k.port)
			if _, err := k.api.CoreV1().Nodes().PatchStatus(context.Background(), node.Name, []byte(patch)); err != nil {
				return nil, err
			}
		}
	}
	return down, nil
}

func (k *kubelets) lookAtPod(pod *core.Pod, down bool) {
	uid := string(pod.UID)
	process := k.running[uid]
	switch {
	case down:
		if process != nil {
			process.kill()
			delete(k.running, uid)
		}
		// As the controller of node life cycles says it of a node that is silent.
		if isLonghornManager(pod) && pod.Status.Phase == core.PodRunning {
			k.tell(pod, core.PodRunning, pod.Status.PodIP, false)
		}
	case pod.DeletionTimestamp != nil:
		if process != nil {
			process.kill()
		}
		now := int64(0)
		_ = k.api.CoreV1().Pods(pod.Namespace).Delete(context.Background(), pod.Name, meta.DeleteOptions{GracePeriodSeconds: &now})
	case process == nil && pod.Status.Phase != core.PodFailed:
		k.begin(pod)
	case process != nil:
		k.report(pod, process)
	}
}

// begin starts what the pod's container would run.
func (k *kubelets) begin(pod *core.Pod) {
	k.given++
	started := &process{ip: fmt.Sprintf("127.7.%d.%d", k.given/250, k.given%250+1)}
	k.running[string(pod.UID)] = started
	if isLonghornManager(pod) {
		return
	}
	cmd, log, err := commandOf(pod, started.ip)
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Println(pod.Name, err)
		started.ended = true
		return
	}
	started.cmd, started.log = cmd, log
	k.mutex.Lock()
	k.logs[pod.Name] = log
	k.mutex.Unlock()
	fmt.Println(time.Now().Format("15:04:05.0"), "started", pod.Name, "on", pod.Spec.NodeName, started.ip, "pid", cmd.Process.Pid)
	go func() {
		_ = cmd.Wait()
		started.mutex.Lock()
		started.ended = true
		started.mutex.Unlock()
	}()
}

// report says how the process stands: ready when it listens, failed when it has ended.
func (k *kubelets) report(pod *core.Pod, p *process) {
	phase, ready := core.PodRunning, true
	if p.hasEnded() {
		phase, ready = core.PodFailed, false
	} else if p.cmd != nil {
		ready = listens(p.ip + ":8000")
	}
	statuses := pod.Status.ContainerStatuses
	if pod.Status.Phase != phase || len(statuses) == 0 || statuses[0].Ready != ready {
		k.tell(pod, phase, p.ip, ready)
	}
}

func listens(address string) bool {
	connection, err := net.DialTimeout("tcp", address, 100*time.Millisecond)
	if err != nil {
		return false
	}
	_ = connection.Close()
	return true
}

func (k *kubelets) tell(pod *core.Pod, phase core.PodPhase, ip string, ready bool) {
	pod.Status.Phase, pod.Status.PodIP, pod.Status.PodIPs = phase, ip, []core.PodIP{{IP: ip}}
	condition := core.ConditionFalse
	if ready {
		condition = core.ConditionTrue
	}
	pod.Status.Conditions = []core.PodCondition{{Type: core.PodReady, Status: condition}}
	state := core.ContainerState{Running: &core.ContainerStateRunning{}}
	if phase == core.PodFailed {
		state = core.ContainerState{Terminated: &core.ContainerStateTerminated{ExitCode: 1}}
	}
	container := pod.Spec.Containers[0]
	pod.Status.ContainerStatuses = []core.ContainerStatus{{Name: container.Name, Ready: ready, Image: container.Image, State: state}}
	// What is refused here (the pod has changed meanwhile) is said again at the next look.
	_, _ = k.api.CoreV1().Pods(pod.Namespace).UpdateStatus(context.Background(), pod, meta.UpdateOptions{})
}
