// Package spdk stands in for the package of that name in longhorn-spdk-engine, which no module proxy has.
// longhorn-manager uses one constant of it, to watch disks of the v2 engine; nothing here has such disks.
package spdk

// DiskState is upstream's type of that name.
type DiskState string

// DiskStateReady is the one value that longhorn-manager compares with.
const DiskStateReady = DiskState("ready")
