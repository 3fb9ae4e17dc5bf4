package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// mapperFolder is where a pod's process finds what stands for /dev/mapper: below the folder that it runs in (binary.ts tells it so).
const mapperFolder = "mapper"

// enterHost plays nsenter, losetup and cryptsetup for a backing image manager that clones an encrypted file. A loop device is a link
// to its file, and so is the device that is opened on it: no byte is enciphered, and everything around that is as upstream does it.
func enterHost(arguments []string) error {
	command := withoutFlags(arguments)
	switch strings.Join(command[:min(2, len(command))], " ") {
	case "losetup -f":
		fmt.Printf("loop-%d\n", os.Getpid())
		return nil
	case "losetup -d":
		return os.RemoveAll(command[2])
	case "cryptsetup -q":
		return nil
	case "cryptsetup luksOpen":
		return openDevice(command[2], command[3])
	case "cryptsetup luksClose":
		return os.Remove(filepath.Join(mapperFolder, command[2]))
	case "cryptsetup status":
		return fmt.Errorf("/dev/mapper/%s is inactive", command[2])
	}
	if len(command) == 3 && command[0] == "losetup" {
		return os.Symlink(command[2], command[1])
	}
	return nil
}

// withoutFlags: which namespaces are entered is nothing here; -V is all that there is of it.
func withoutFlags(arguments []string) []string {
	for i, argument := range arguments {
		if !strings.HasPrefix(argument, "-") {
			return arguments[i:]
		}
	}
	return nil
}

func openDevice(loop, name string) error {
	file, err := os.Readlink(loop)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(mapperFolder, 0o755); err != nil {
		return err
	}
	whole, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	return os.Symlink(whole, filepath.Join(mapperFolder, name))
}
