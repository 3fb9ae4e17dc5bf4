package main

import (
	"encoding/binary"
	"encoding/json"
	"io"
	"os"
)

const qcow2Magic = "QFI\xfb"

// describeImage prints what qemu-img says of an image file: a backing image manager asks it for format and virtual size.
func describeImage(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	header := make([]byte, 32)
	if _, err := io.ReadFull(file, header); err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return err
	}
	format, virtualSize := "raw", uint64(info.Size())
	if string(header[:4]) == qcow2Magic {
		format, virtualSize = "qcow2", binary.BigEndian.Uint64(header[24:32])
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"virtual-size": virtualSize, "filename": path, "format": format, "actual-size": info.Size()})
}
