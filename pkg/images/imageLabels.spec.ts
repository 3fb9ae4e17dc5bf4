import { describe, expect, it } from 'vitest'
import { suggestImageType, suggestOsType } from './imageLabels.ts'

describe('the labels that are suggested', () => {
  it.each([
    ['https://cloud-images.ubuntu.com/noble/current/noble-server-cloudimg-amd64.img', 'ubuntu'],
    ['noble-server-cloudimg-amd64.img', 'ubuntu'],
    ['https://cloud.debian.org/images/cloud/trixie/latest/debian-13-generic-amd64.qcow2', 'debian'],
    ['https://mirror.example/ubuntu/debian-12.qcow2', 'debian'],
    ['https://download.opensuse.org/distribution/leap/15.6/appliances/openSUSE-Leap-15.6.qcow2', 'openSUSE'],
    ['https://repo.almalinux.org/almalinux/9/cloud/AlmaLinux-9-GenericCloud-latest.x86_64.qcow2', 'otherLinux'],
    ['https://fedorapeople.org/groups/virt/virtio-win/virtio-win.iso', 'windows'],
    ['https://yum.oracle.com/templates/OracleLinux/OL9/OL9U4_x86_64-kvm-b234.qcow2', 'oracle'],
    ['rhel-9.4-x86_64-kvm.qcow2', 'redhat'],
    ['https://host/disk.img?ubuntu', ''],
    ['https://geo.mirror.pkgbuild.com/images/latest/Arch-Linux-x86_64-cloudimg.qcow2', 'otherLinux'],
    ['https://mirror.example/archlinux/iso/latest/archlinux-x86_64.iso', 'otherLinux'],
    ['https://download.freebsd.org/releases/VM-IMAGES/14.2-RELEASE/aarch64/Latest/FreeBSD-14.2-RELEASE-arm64-aarch64.qcow2.xz', ''],
    ['haiku-r1beta5-aarch64.qcow2', ''],
    ['https://host/archive/golden.qcow2', ''],
    ['https://host/research/golden.qcow2', ''],
    ['https://host/talosian/minted/golden.qcow2', ''],
    ['linuxmint-22-cinnamon-64bit.iso', 'otherLinux'],
    ['https://download.rockylinux.org/pub/rocky/9/images/Rocky-9-GenericCloud.qcow2', 'otherLinux'],
    ['', ''],
  ])('reads the system of %j as %j', (source, os) => {
    expect(suggestOsType(source)).toBe(os)
  })

  it.each([['https://host/a.ISO?x=1', 'iso'], ['b.iso', 'iso'], ['https://host/iso/a.qcow2', 'raw_qcow2'], ['', 'raw_qcow2']])('reads the type of %j as %s', (source, type) => {
    expect(suggestImageType(source)).toBe(type)
  })
})
