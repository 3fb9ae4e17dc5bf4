import type { ImageUrlVerdict } from './imageUrl.ts'
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { judgeImageUrl } from './imageUrl.ts'

// Our own selection, of publishers and shapes that an operator meets; the labelled corpus is another, used below when present.
const TABLE: Readonly<Record<ImageUrlVerdict, readonly string[]>> = {
  mutable: [
    'https://cloud-images.ubuntu.com/noble/current/noble-server-cloudimg-amd64.img',
    'https://cloud-images.ubuntu.com/releases/24.04/release/ubuntu-24.04-server-cloudimg-arm64.img',
    'http://mirror.example.edu/ubuntu-cloud-images/releases/jammy/release/ubuntu-22.04-server-cloudimg-amd64.img',
    'https://cloud.debian.org/images/cloud/trixie/latest/debian-13-genericcloud-amd64.qcow2',
    'https://cloud.debian.org/images/cloud/sid/daily/latest/debian-sid-nocloud-amd64-daily.qcow2',
    'https://download.fedoraproject.org/pub/fedora/linux/development/rawhide/Cloud/x86_64/images/Fedora-Cloud-Base-Generic-Rawhide.x86_64.qcow2',
    'https://dl.rockylinux.org/pub/rocky/9/images/aarch64/Rocky-9-GenericCloud.latest.aarch64.qcow2',
    'https://repo.almalinux.org/almalinux/10/cloud/x86_64/images/AlmaLinux-10-GenericCloud-latest.x86_64.qcow2',
    'https://cloud.centos.org/centos/9-stream/x86_64/images/CentOS-Stream-GenericCloud-9-latest.x86_64.qcow2',
    'https://download.opensuse.org/distribution/leap/15.5/appliances/openSUSE-Leap-15.5-Minimal-VM.x86_64-kvm-and-xen.qcow2',
    'https://download.opensuse.org/tumbleweed/appliances/openSUSE-Tumbleweed-Minimal-VM.x86_64-kvm-and-xen.qcow2',
    'https://geo.mirror.pkgbuild.com/images/latest/Arch-Linux-x86_64-cloudimg.qcow2',
    'https://mirrors.kernel.org/archlinux/iso/latest/archlinux-x86_64.iso',
    'https://stable.release.flatcar-linux.net/arm64-usr/current/flatcar_production_qemu_uefi_image.img',
    'https://distfiles.gentoo.org/releases/amd64/autobuilds/current-di-amd64-cloudinit/di-amd64-cloudinit-latest.qcow2',
    'https://channels.nixos.org/nixos-24.11/latest-nixos-minimal-x86_64-linux.iso',
    'https://github.com/siderolabs/talos/releases/latest/download/metal-amd64.iso',
    'https://github.com/someone/firmware/releases/download/nightly/firmware-x86-64.img',
    'https://github.com/someone/firmware/releases/download/continuous/appliance.qcow2',
    'https://raw.githubusercontent.com/someone/images/raw/main/disk.img',
    'https://releases.rancher.com/harvester/master/harvester-master-amd64.iso',
    'https://download.freebsd.org/snapshots/VM-IMAGES/15.0-CURRENT/amd64/Latest/FreeBSD-15.0-CURRENT-amd64.qcow2',
    'https://nycdn.netbsd.org/pub/NetBSD-daily/HEAD/latest/images/NetBSD-10.99.12-amd64.iso',
    'https://cdn.openbsd.org/pub/OpenBSD/snapshots/amd64/install77.iso',
    'https://cdimage.kali.org/kali-weekly/kali-linux-weekly-live-amd64.iso',
    'https://fedorapeople.org/groups/virt/virtio-win/direct-downloads/stable-virtio/virtio-win.iso',
    'https://downloads.openwrt.org/snapshots/targets/x86/64/openwrt-x86-64-generic-ext4-combined-efi.img.gz',
    'https://images.linuxcontainers.example.org/nightly/alpine/rootfs.img',
    'https://boot.netboot.xyz/ipxe/netboot.xyz.iso',
    'https://dietpi.com/downloads/images/DietPi_NativePC-BIOS-x86_64-Bookworm.img.xz',
    'https://go.microsoft.com/fwlink/?linkid=2208844&clcid=0x409&culture=en-us&country=us',
    'https://aka.ms/WSL2kernel',
    'https://sourceforge.net/projects/example/files/latest/download',
    'https://cdn.example.com/appliances/rolling/router.qcow2',
    'https://files.example.com/foo-1.2.3-SNAPSHOT.qcow2',
    'https://files.example.com/foo-nightly.raw',
    'https://files.example.com/stable/appliance.img',
    'https://files.example.com/unstable/appliance.img',
    'https://nexus.corp/repository/images/rhel9-latest.qcow2',
    'http://10.1.2.3/images/daily/ubuntu.img',
    'HTTPS://CLOUD-IMAGES.UBUNTU.COM/noble/CURRENT/noble-server-cloudimg-amd64.img',
    'https://cloud-images.ubuntu.com/noble/%63urrent/noble-server-cloudimg-amd64.img',
    'https://cloud-images.ubuntu.com//noble///current//noble-server-cloudimg-amd64.img',
    'https://cloud-images.ubuntu.com/noble/20240423/../current/noble-server-cloudimg-amd64.img',
    'https://cloud-images.ubuntu.com/noble/current/noble-server-cloudimg-amd64.img#20240423',
    // Pointers of build servers and forges.
    'https://ci.example.org/job/appliance/lastSuccessfulBuild/artifact/out/appliance.qcow2',
    'https://sonic-build.example.org/api/artifacts?branchName=master&platform=vs',
    'https://download.example.com/images/appliance.qcow2?channel=nightly',
    'https://download.example.com/get?version=latest&file=appliance.qcow2',
    'https://git.example.org/images.git/plain/router.img?h=master',
    'https://gitlab.com/someone/images/-/raw/main/router.qcow2',
    'https://gitea.example.org/team/images/raw/branch/main/router.qcow2',
    'https://github.com/someone/images/releases/download/nixos-unstable/installer-x86_64-linux.iso',
    // What the host is called, and nothing else.
    'https://nightly.example.org/appliance/disk.img.zip',
    'https://daily.example.org/appliance.iso',
    // Cloud images of a release are built again under its number, whoever publishes them.
    'https://download.example.org/9/images/x86_64/Example-9-GenericCloud.x86_64.qcow2',
    'https://mirror.example.org/acme/22.04/acme-22.04-server-cloudimg-amd64.img',
    'https://obs.example.org/repositories/home:/someone:/Images/images/acme.x86_64.qcow2',
    'https://images.example.org/capi/acme-2204-kube-v1.30.qcow2',
    // Publishers whose names tell nothing.
    'http://boot.ipxe.org/ipxe.iso',
    'https://download.bazzite.gg/bazzite-gnome-stable-amd64.iso',
    'https://download.projectbluefin.io/bluefin-gts-x86_64.iso',
    'https://rescuedisk.s.kaspersky-labs.com/updatable/2018/krd.iso',
    'https://9p.io/plan9/download/plan9.iso.bz2',
    'https://www.memtest86.com/downloads/memtest86-usb.zip',
    'http://ftp.altlinux.org/pub/distributions/ALTLinux/p10/images/cloud/x86_64/alt-p10-cloud-x86_64.qcow2',
    'https://tarballs.opendev.org/openstack/trove/images/trove-2024.1-guest-ubuntu-jammy.qcow2',
    'https://minio.services.osism.tech/openstack-k8s-capi-images/flatcar-stable-3227.2.2-kube-v1.24/flatcar-stable-3227.2.2-kube-v1.24.qcow2',
    'https://downloads.raspberrypi.com/raspios_lite_arm64_latest',
    // A query pins only where the host heeds it.
    'https://cloud-images.ubuntu.com/noble/current/noble-server-cloudimg-amd64.img?versionId=1',
    'https://cloud-images.ubuntu.com/noble/current/noble-server-cloudimg-amd64.img?generation=1',
    'https://cloud-images.ubuntu.com/noble/current/noble-server-cloudimg-amd64.img?ref=0123456789abcdef0123456789abcdef01234567',
    'https://bucket.s3-website-eu-west-1.amazonaws.com/latest/disk.qcow2?versionId=3HL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY',
    // A branch moves, whatever its name or the file's says.
    'https://github.com/someone/images/raw/refs/heads/release-1.2.3/disk.img',
    'https://raw.githubusercontent.com/someone/images/refs/heads/2024-09-01/disk.img',
    'https://raw.githubusercontent.com/someone/images/main/disk.img',
    'https://gitea.example.org/team/images/raw/branch/v1.2.3-maint/disk.img',
    'https://codeberg.org/team/images/raw/branch/main/disk-1.0.0.img',
    'https://gitea.example.org/team/images/media/branch/main/disk-20240423.img',
    'https://huggingface.co/datasets/team/images/resolve/main/disk-1.0.0.qcow2',
    'https://git.example.org/api/v4/projects/7/repository/files/disk-1.0.0.img/raw?ref=main',
    'https://git.example.org/rest/raw/disk-1.0.0.img?at=refs/heads/2024-09-01',
    // Tags that move with each build.
    'https://github.com/someone/images/releases/download/main/disk.qcow2',
    'https://github.com/someone/images/releases/download/stable/disk.qcow2',
    'https://github.com/someone/images/releases/download/preview/disk.qcow2',
    'https://github.com/someone/images/releases/download/next/disk.qcow2',
    'https://github.com/someone/images/releases/download/beta/disk.qcow2',
    'https://github.com/someone/images/releases/download/ci/disk.qcow2',
    'https://github.com/someone/images/releases/download/autobuild/disk.qcow2',
    'https://github.com/someone/images/releases/download/build/disk.qcow2',
    'https://github.com/someone/images/releases/download/v2.x/disk.qcow2',
    'https://github.com/someone/images/raw/refs/tags/nightly/disk.qcow2',
    // A tree that is built again in time takes the versions below it along.
    'https://files.example.com/nightly/2.4.1/app.qcow2',
    'https://files.example.com/snapshots/1.4.0/vm-1.4.0.qcow2',
    'https://files.example.com/daily/1.2.3/vm.qcow2',
    'https://files.example.com/rolling/7.1-2/vm.qcow2',
    'https://files.example.com/vm-nightly/1.4.0/vm.qcow2',
    // What build servers point to.
    'https://gitlab.com/api/v4/projects/278964/jobs/artifacts/main/raw/disk.qcow2?job=build',
    'https://gitlab.example.org/team/images/-/jobs/artifacts/v1.2/raw/disk-1.2.3.qcow2?job=build',
    'https://ci.example.org/job/appliance/lastSuccessfulBuild/artifact/vm-1.4.0.qcow2',
    'https://ci.example.org/job/appliance/lastStableBuild/artifact/vm-1.4.0.qcow2',
    'https://ci.example.org/job/appliance/lastBuild/artifact/1.4.0/vm.qcow2',
    'https://teamcity.example.org/repository/download/Appliance/.lastSuccessful/vm-1.4.0.qcow2',
    'https://teamcity.example.org/repository/download/Appliance/latest.lastFinished/vm-1.4.0.qcow2',
    // Placeholders and compound words.
    'https://files.example.com/2.4.x/app.qcow2',
    'https://files.example.com/app-2.4.x.qcow2',
    'https://repo.example.com/app/app-[RELEASE].qcow2',
    'https://repo.example.com/app/%5BINTEGRATION%5D/app.qcow2',
    'https://files.example.com/appLatest.qcow2',
    'https://files.example.com/today/app.qcow2',
    'https://files.example.com/nightlyBuilds/1.2.3/app.qcow2',
    'https://files.example.com/dailybuild/app.qcow2',
    'https://gitlab.com/api/v4/projects/7/repository/files/disk.img/raw',
    '  https://cloud-images.ubuntu.com/noble/current/noble-server-cloudimg-amd64.img  ',
    // The build service makes everything below `repositories` again, whatever version it writes; a mirror of it too.
    'https://download.opensuse.org/repositories/home:/someone/images/appliance.x86_64-1.2.0.qcow2',
    'https://mirror.example.org/pub/opensuse/repositories/Cloud:/Images:/Leap_15.6/images/openSUSE-Leap-15.6.x86_64-1.0.1-NoCloud.qcow2',
    'https://build.opensuse.org/build/home:someone/images/x86_64/kiwi/appliance.x86_64-1.0.0.iso',
    'https://download.opensuse.org/tumbleweed/appliances/openSUSE-MicroOS.x86_64-16.0.0-kvm-and-xen.qcow2',
    // A series of OpenStack is a branch.
    'https://static.example.net/amphora/amphora-x64-haproxy-2024.1.qcow2',
    'https://objects.example.net/swift/v1/0123456789abcdef0123456789abcdef/images/amphora-x64-haproxy-2023.2.qcow2',
    'https://mirror.example.org/ironic-python-agent/dib/files/ipa-centos9-stable-2024.1.qcow2',
    'https://mirror.example.org/ironic-python-agent/tinyipa/files/tinyipa-stable-2025.2.iso',
    'https://mirror.example.org/images/guest-stable-2024.1.qcow2',
    // The word of an alias after an Ubuntu number.
    'https://mirror.example.com/ubuntu-24.04-release-server-cloudimg-amd64.img',
    'https://mirror.example.com/ubuntu-cloud/22.04-release/ubuntu-22.04-server-cloudimg-amd64.img',
    'https://mirror.example.com/22.04-lts-release/disk.img',
    // Branches, channels and the newest good build.
    'https://dl.example.io/branches/main/acme-os-1.2.3.iso',
    'https://dl.example.io/builds/release-24.05.1-branch/acme-os.iso',
    'https://objects.example.cloud/ci-artifacts/last-green/disk-1.2.3.qcow2',
    'https://objects.example.cloud/ci-artifacts/latest_good/2.0.1/disk.qcow2',
    'https://teamcity.example.io/guestAuth/app/rest/builds/buildType:Img,branch:main,status:SUCCESS/artifacts/content/img-2.1.0.iso',
    'https://updates.example.io/channels/beta/acme-os-amd64.img',
    'https://updates.example.io/release-candidate/acme-os-amd64.img',
    'https://updates.example.io/firmware/alpha/acme-os.img',
    'https://dl.example.io/os/ci/acme-os.iso',
    'https://downloads.example.org/media/bloody/acme-bloody.iso',
    'https://raw.githubusercontent.com/someone/os/main/images/os-1.2.3.img',
    'https://media.githubusercontent.com/media/someone/os/master/images/os-1.2.3.img',
    'https://www.modelscope.cn/models/someone/images/resolve/master/ubuntu-22.04.3.qcow2',
    'https://gitlab.com/someone/os/-/raw/main/images/os-1.2.3.qcow2?ref_type=heads',
    'https://nightly.link/someone/images/workflows/build/main/image-1.2.3.zip',
    'https://nexus.example.io/service/rest/v1/search/assets/download?sort=version&repository=raw&name=vm.qcow2',
    // A pointer beats the dated directory that it lies in.
    'https://mirror.example.com/nightly-20240101/latest.img',
    'https://mirror.example.com/build-20240101/current.qcow2',
    // A pointer beside an edition's word and a version.
    'https://files.example.com/mirror/downloads/acmeSense-CE-2.8.0-DEVELOPMENT-amd64-latest.img.gz',
    'https://releases.example.io/acme-devel-current-1.4.2.img',
    'https://releases.example.io/os-testing-latest-22.04.qcow2',
    'https://dl.rockylinux.org/pub/rocky/9/isos/x86_64/Rocky-x86_64-boot.iso',
    'https://mirror.example.com/rockylinux/9/isos/aarch64/Rocky-aarch64-minimal.iso',
    'https://dailybuild.example.org/repo/acme-25.03/virtual_machine_img/x86_64/acme-25.03-x86_64.qcow2.xz',
    'https://acct.blob.core.windows.net/images/latest/ubuntu-22.04.vhd',
    'https://minio.corp.local:9000/images/latest/ubuntu-22.04.qcow2',
    'https://files.example.com/get?file=image-latest.qcow2',
    'https://files.example.com/download?path=daily/disk.img',
    'https://files.example.com/disk.qcow2?versionId=latest',
    // Only the trees that a publisher froze are frozen.
    'https://mirror.example.org/centos/vault/9-stream/latest/CentOS-Stream-GenericCloud-9-latest.x86_64.qcow2',
    'https://mirror.example.org/vault/images/acme-latest.qcow2',
  ],
  pinned: [
    'https://cloud-images.ubuntu.com/noble/20240423/noble-server-cloudimg-amd64.img',
    'https://cloud-images.ubuntu.com/releases/noble/release-20250805/ubuntu-24.04-server-cloudimg-amd64.img',
    'https://releases.ubuntu.com/24.04/ubuntu-24.04.2-live-server-amd64.iso',
    'https://cloud.debian.org/images/cloud/bookworm/20250316-2053/debian-12-genericcloud-amd64-20250316-2053.qcow2',
    'https://cdimage.debian.org/debian-cd/current/amd64/iso-cd/debian-12.10.0-amd64-netinst.iso',
    'https://download.fedoraproject.org/pub/fedora/linux/releases/42/Cloud/x86_64/images/Fedora-Cloud-Base-Generic-42-1.1.x86_64.qcow2',
    'https://builds.coreos.fedoraproject.org/prod/streams/stable/builds/41.20250215.3.0/x86_64/fedora-coreos-41.20250215.3.0-qemu.x86_64.qcow2.xz',
    'https://dl.rockylinux.org/pub/rocky/9.5/images/x86_64/Rocky-9-GenericCloud-Base-9.5-20241118.0.x86_64.qcow2',
    'https://vault.almalinux.org/9.4/cloud/x86_64/images/AlmaLinux-9-GenericCloud-9.4-20240507.x86_64.qcow2',
    'https://cloud.centos.org/centos/9-stream/x86_64/images/CentOS-Stream-GenericCloud-9-20250114.0.x86_64.qcow2',
    'https://download.opensuse.org/distribution/leap/15.6/appliances/openSUSE-Leap-15.6-Minimal-VM.x86_64-15.6.0-Cloud-Build16.33.qcow2',
    'https://download.opensuse.org/tumbleweed/iso/openSUSE-Tumbleweed-NET-x86_64-Snapshot20250301-Media.iso',
    'https://dl-cdn.alpinelinux.org/alpine/v3.21/releases/cloud/nocloud_alpine-3.21.2-x86_64-uefi-cloudinit-r0.qcow2',
    'https://dl-cdn.alpinelinux.org/alpine/latest-stable/releases/x86_64/alpine-virt-3.21.2-x86_64.iso',
    'https://geo.mirror.pkgbuild.com/images/v20250201.304316/Arch-Linux-x86_64-cloudimg-20250201.304316.qcow2',
    'https://archive.archlinux.org/iso/2024.06.01/archlinux-x86_64.iso',
    'https://releases.nixos.org/nixos/24.11/nixos-24.11.714286.edf04b75c13c/nixos-minimal-24.11.714286.edf04b75c13c-x86_64-linux.iso',
    'https://stable.release.flatcar-linux.net/amd64-usr/4081.3.1/flatcar_production_qemu_image.img',
    'https://github.com/siderolabs/talos/releases/download/v1.9.4/metal-amd64.iso',
    'https://factory.talos.dev/image/376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba/v1.9.4/metal-amd64.iso',
    'https://github.com/cirros-dev/cirros/releases/download/0.6.3/cirros-0.6.3-x86_64-disk.img',
    'https://download.cirros-cloud.net/0.6.2/cirros-0.6.2-x86_64-disk.img',
    'https://cloud.centos.org/centos/7/images/CentOS-7-x86_64-GenericCloud-2211.qcow2',
    'https://archives.fedoraproject.org/pub/archive/fedora/linux/core/3/x86_64/iso/FC3-x86_64-DVD.iso',
    'https://github.com/someone/images/raw/0123456789abcdef0123456789abcdef01234567/disk.qcow2',
    'https://releases.rancher.com/harvester/v1.5.1/harvester-v1.5.1-amd64.iso',
    'https://download.freebsd.org/releases/VM-IMAGES/14.2-RELEASE/amd64/Latest/FreeBSD-14.2-RELEASE-amd64.qcow2.xz',
    'https://download.freebsd.org/snapshots/VM-IMAGES/15.0-CURRENT/amd64/20250130/FreeBSD-15.0-CURRENT-amd64-20250130-1ae9e2b1e2b2-275097.qcow2.xz',
    'https://cdn.openbsd.org/pub/OpenBSD/7.6/amd64/install76.iso',
    'https://cdn.netbsd.org/pub/NetBSD/NetBSD-10.1/images/NetBSD-10.1-amd64.iso',
    'https://old.kali.org/kali-images/kali-2024.3/kali-linux-2024.3-installer-amd64.iso',
    'https://yum.oracle.com/templates/OracleLinux/OL9/u5/x86_64/OL9U5_x86_64-kvm-b253.qcow2',
    'https://yum.oracle.com/ISOS/OracleLinux/OL9/u5/x86_64/OracleLinux-R9-U5-x86_64-dvd.iso',
    'https://cdn.amazonlinux.com/al2023/os-images/2023.6.20250211.0/kvm/al2023-kvm-2023.6.20250211.0-kernel-6.1-x86_64.xfs.gpt.qcow2',
    'https://enterprise.proxmox.com/iso/proxmox-ve_8.3-1.iso',
    'https://download.truenas.com/TrueNAS-SCALE-ElectricEel/24.10.2/TrueNAS-SCALE-24.10.2.iso',
    'https://github.com/home-assistant/operating-system/releases/download/14.2/haos_ova-14.2.qcow2.xz',
    'https://atxfiles.netgate.com/mirror/downloads/pfSense-CE-2.7.2-RELEASE-amd64.iso.gz',
    'https://s3.example.com/golden/rhel9/2025-02-11/rhel9.qcow2',
    'https://s3.example.com/golden/rhel9.qcow2?versionId=3HL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY',
    'http://192.168.10.4:8080/golden/debian-12-20250211.qcow2',
    'http://[fd00::12]:8080/golden/debian-12-20250211.qcow2',
    'https://artifactory.corp/images/base-4.7.1.qcow2',
    'https://files.example.com/nightly/20250211/foo.raw',
    // A tag with a number is a release, whatever the file is called and whatever the project.
    'https://github.com/someone/nightly-images/releases/download/v23.11/appliance-rolling-x86_64.iso',
    'https://gitea.example.org/team/images/releases/download/v2.1/router.qcow2',
    'https://gitlab.com/team/images/-/raw/0123456789abcdef0123456789abcdef01234567/router.qcow2',
    'https://git.example.org/images.git/plain/router.img?id=x&h=0123456789abcdef0123456789abcdef01234567',
    // Running numbers, release candidates and revisions.
    'http://9front.org/iso/9front-10931.amd64.iso.gz',
    'https://download.haiku-os.org/nightly-images/x86_64/haiku-master-hrev57937-x86_64-anyboot.zip',
    'https://files.example.com/dsl-2024.rc7.iso',
    'https://mirror.example.org/pub/fedora/linux/releases/39/Cloud/x86_64/images/Fedora-Cloud-Base-39-1.5.x86_64.qcow2',
    'https://files.example.org/Cloud-Base-39-1.5.x86_64.qcow2',
    'https://mirror.example.org/linuxmint/stable/21.3/linuxmint-21.3-xfce-64bit.iso',
    'https://images.linuxcontainers.org/images/debian/bookworm/amd64/cloud/20250210_05:24/disk.qcow2',
    'https://user:secret@files.example.com/foo-1.2.3.qcow2',
    'https://web.archive.org/web/20221228154140/https://files.example.com/setup.iso',
    'https://files.example.com/foo%20bar/foo%20bar-2.4.1.iso',
    'https://xn--bcher-kva.example/iso/buch-1.2.3.iso',
    // What the host heeds in a query.
    'https://bucket.s3.eu-west-1.amazonaws.com/latest/disk.qcow2?versionId=3HL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY',
    'https://storage.googleapis.com/bucket/latest/disk.qcow2?generation=1700000000000000',
    'https://account.blob.core.windows.net/images/latest.vhd?versionId=2024-09-01T10:00:00.0000000Z',
    'https://account.blob.core.windows.net/images/latest.vhd?snapshot=2024-09-01T10:00:00.0000000Z',
    'https://gitlab.com/api/v4/projects/7/repository/files/disk.img/raw?ref=0123456789abcdef0123456789abcdef01234567',
    // One job, one commit, one date.
    'https://gitlab.example.org/team/images/-/jobs/123456/artifacts/raw/disk.qcow2',
    'https://ci.example.org/job/appliance/123/artifact/vm.qcow2',
    'https://huggingface.co/team/images/resolve/0123456789abcdef0123456789abcdef01234567/disk.qcow2',
    'https://raw.githubusercontent.com/someone/images/0123456789abcdef0123456789abcdef01234567/disk.img',
    'https://gitea.example.org/team/images/raw/commit/0123456789abcdef0123456789abcdef01234567/disk.img',
    'https://files.example.com/nightly/20240423/1.4.0/vm.qcow2',
    'https://ci.example.org/job/appliance/lastSuccessfulBuild/artifact/vm-20240423.qcow2',
    'https://github.com/someone/images/raw/refs/tags/v1.2.3/disk.img',
    // Releases of publishers who make a file once.
    'https://mirror.example.org/almalinux/9.4/isos/x86_64/AlmaLinux-9.4-x86_64-minimal.iso',
    'https://mirror.example.org/rocky/9.4/isos/x86_64/Rocky-9.4-x86_64-dvd.iso',
    'https://vault.centos.org/6.9/isos/x86_64/CentOS-6.9-x86_64-minimal.iso',
    'https://downloads.openwrt.org/attitude_adjustment/12.09/x86/generic/openwrt-12.09-x86-generic-combined-ext4.img.gz',
    'https://mirror.example.org/opnsense/releases/24.7/OPNsense-24.7-dvd-amd64.iso.bz2',
    'https://download.parrotsec.org/parrot/iso/5.3/Parrot-home-5.3_amd64.iso',
    'https://mirror.turnkeylinux.org/turnkeylinux/images/iso/turnkey-core-18.0-bookworm-amd64.iso',
    'https://archive.netbsd.org/pub/NetBSD-archive/images/8.0/NetBSD-8.0-amd64.iso',
    'https://mirror.example.org/openeuler/openEuler-22.03-LTS/ISO/x86_64/openEuler-22.03-LTS-x86_64-dvd.iso',
    'https://mirror.example.org/slackware/slackware-iso/slackware64-15.0-iso/slackware64-15.0-install-dvd.iso',
    'https://iso.pop-os.org/22.04/amd64/intel/43/pop-os_22.04_amd64_intel_43.iso',
    'https://springdale.princeton.edu/data/springdale/9/x86_64/iso/Springdale%20Linux-9.2-x86_64-dvd.iso',
    'https://cdimage.trisquel.info/trisquel-images/trisquel_11.0_amd64.iso',
    'https://mirror.cclinux.org/pub/circle/9.1/isos/x86_64/Circle-9.1-x86_64-dvd1.iso',
    'https://cdn.download.clearlinux.org/releases/41000/clear/clear-41000-kvm.img.xz',
    'https://downloads.omnios.org/media/r151050/omnios-r151050.iso',
    'https://distro.ibiblio.org/puppylinux/puppy-fossa/fossapup64-9.6.iso',
    'https://na.mirror.garr.it/mirrors/deft/deft-8.1.iso',
    // A build service's image that names its build.
    'https://mirror.example.org/pub/opensuse/repositories/Cloud:/Images:/Leap_15.6/images/openSUSE-Leap-15.6.x86_64-1.0.1-NoCloud-Build1.38.qcow2',
    'https://old.kali.org/kali-images/kali-2024.1/kali-linux-2024.1-installer-amd64.iso',
    // Commits and digests that say what they are, or stand behind a version.
    'https://files.example.com/acme-g4f3a9c1.qcow2',
    'https://files.example.com/acme-git-4f3a9c1.qcow2',
    'https://files.example.com/photon-3.0-26156e2.iso',
    'https://files.example.com/lede-17.01-r3205-59508e3-generic.img',
    `https://files.example.com/disk-sha256-${'0a'.repeat(32)}.qcow2`,
    `https://files.example.com/blobs/sha256/${'0a'.repeat(32)}`,
    `https://files.example.com/commit/${'0a'.repeat(20)}/disk.img`,
    // An image's own version behind the system's release, and a product's own before that of a part.
    'https://files.example.com/ubuntu-22.04-golden-1.4.2.qcow2',
    'https://files.example.com/ubuntu-22.04-1.4.2.qcow2',
    'https://files.example.com/acme-1.4.2-docker-24.0.7.qcow2',
    'https://files.example.com/ubuntu-22.04-k8s-1.29.3-20240423.qcow2',
    // An installer of a system's point release is made once.
    'http://10.20.30.40/iso/debian-12.7.0-amd64-netinst.iso',
    'https://files.example.com/ubuntu-mate-24.04.1-desktop-amd64.iso',
    'https://files.example.com/linuxkit-5.4.1.img',
    // Tags that say a build.
    'https://github.com/someone/images/releases/download/ubuntu-22.04-v1.2.3/disk.qcow2',
    'https://github.com/someone/images/releases/download/debian-12-20240423/disk.qcow2',
    'https://github.com/someone/images/releases/download/build-412/disk.qcow2',
    'https://github.com/someone/images/releases/download/v1/appliance-1.4.2.qcow2',
    'https://teamcity.example.io/guestAuth/app/rest/builds/id:4711/artifacts/content/img.iso',
    'https://nightly.link/someone/images/actions/runs/123456/image.zip',
    'https://dl.example.io/branches/main/acme-os-20240423.iso',
  ],
  unknown: [
    'http://192.168.1.20/images/ubuntu-22.04.qcow2',
    'http://fileserver/disk.img',
    'http://images.lan/golden.qcow2',
    'http://minio.storage.svc.cluster.local:9000/images/base.raw',
    'https://account.blob.core.windows.net/vhds/base.vhd',
    'https://files.example.com/appliance.qcow2',
    'https://files.example.com/debian12.qcow2',
    'https://files.example.com/webcurrently.img',
    'https://files.example.com/mainframe/disk.img',
    'https://bucket.s3.amazonaws.com/foo-20250211.qcow2?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20250211T120000Z&X-Amz-Expires=3600&X-Amz-Signature=abc',
    'https://account.blob.core.windows.net/images/rhel.vhd?sv=2022-11-02&se=2025-03-01T00%3A00%3A00Z&sr=b&sp=r&sig=abc%3D',
    'https://software.download.prss.microsoft.com/dbazure/Win11_24H2_English_x64.iso?t=aa&e=1740000000&h=bb',
    'https://github.com/someone/images/raw/master/router-16.2.1.iso',
    'https://download.example.com/get?file=foo.iso',
    'https://download.example.com/get/?file=foo.iso',
    'https://cloud-images.ubuntu.com@203.0.113.9/noble/noble.img',
    'http://127.0.0.1:9000/disk.qcow2',
    'http://0x7f000001/disk.qcow2',
    // A bare number names no build, and an edition's word beside a release decides nothing.
    'https://mirror.example.org/linuxmint/stable/22/linuxmint-22-cinnamon-64bit.iso',
    'https://files.example.com/acme-4.1-development-amd64.iso',
    // Somebody's copy in a bucket.
    'https://bucket.s3.amazonaws.com/jammy-server-cloudimg-amd64.img',
    'https://account.blob.core.windows.net/images/debian-12-genericcloud-amd64.qcow2',
    'https://longhorn-backing-image.s3-us-west-1.amazonaws.com/parrot.qcow2',
    'https://downloads.omnios.org/media/stable/omnios-r151056.cloud.qcow2',
    'https://s3.example.com/images/123e4567-e89b-12d3-a456-426614174000.qcow2',
    // A release number of nobody's known publisher may be built again.
    'https://files.acme.com/images/ubuntu-22.04.qcow2',
    'https://nexus.acme.com/repository/raw/rhel-8.10.qcow2',
    'https://mirror.example.com/images/centos-7.9.qcow2',
    'https://mirror.example.org/acme/6.1/amd64/cd61.iso',
    'https://files.example.com/Acme_Noble_R2.iso',
    'https://sourceforge.net/projects/daily-linux/files/3.1/acme-3.1.iso/download',
    // Tickets, tenants, sizes and addresses are no builds, nor is the number of a component or of whatever is newest.
    'https://ci.example.com/pull/123456/disk.qcow2',
    'https://files.example.com/tenants/100234/disk.qcow2',
    'https://files.example.com/tenants/240906/disk.qcow2',
    'https://files.example.com/it-20231/disk.qcow2',
    'https://files.example.com/tenant-4f3a9c1/disk.qcow2',
    'https://files.example.com/disk-102400.qcow2',
    'https://files.example.com/base-10.0.0.1.qcow2',
    'https://files.example.com/192.168.7.4/base.qcow2',
    'https://files.example.com/9999.0.102+kai/base.qcow2',
    'https://files.example.com/acme/9.0-RC2/acme-9.0-boot.iso',
    'https://files.example.com/ubuntu-2404-kube-v1.34.3.qcow2',
    // What may be a tag or a branch, and a query that nobody is known to heed.
    'https://github.com/someone/images/raw/v1.2.3/disk.img',
    'https://raw.githubusercontent.com/someone/images/2024-09-01/disk.img',
    'https://github.com/someone/images/raw/master/router-20240423.iso',
    'https://github.com/someone/images/releases/download/appliance/disk.qcow2',
    'https://github.com/someone/images/releases/download/x86_64/disk.qcow2',
    'https://files.example.com/golden.qcow2?versionId=3HL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY',
    'https://s3.example.com/golden.qcow2?versionId=1',
    'https://files.example.com/testing/1.2.3/app.qcow2',
    'https://gitlab.com/api/v4/projects/7/repository/files/disk-1.2.3.img/raw',
    'https://nightly.example.org/1.2.3/disk.qcow2',
    'https://nightly.example.org/disk-1.2.3.qcow2',
    // A part's version is not the image's.
    'https://files.example.com/ubuntu-22.04-k8s-v1.29.3.qcow2',
    'https://files.example.com/capi/ubuntu-2204-k8s-1.29.3.qcow2',
    'https://files.example.com/ubuntu-22.04-docker-24.0.7.qcow2',
    'https://files.example.com/rocky-9-nvidia-550.54.15.qcow2',
    'https://files.example.com/debian-12-rke2-v1.28.9+rke2r1.qcow2',
    'https://files.example.com/ubuntu-22.04-linux-6.8.0-amd64.img',
    'https://files.example.com/almalinux9-someproduct-4.5.6.qcow2',
    'https://files.example.com/win2022-sqlserver-16.0.4.vhdx',
    'https://files.example.com/noble-containerd-1.7.13.qcow2',
    'https://files.example.com/node-postgresql-16.2.1.qcow2',
    'https://files.example.com/debian-12.7.0-docker-24.0.7.qcow2',
    'https://files.example.com/jammy-vault-1.15.2.qcow2',
    'https://files.example.com/docker-24.0.7/disk.qcow2',
    'https://files.example.com/ubuntu_22_04_3.qcow2',
    'https://files.example.com/2024.1/agent.iso',
    'https://files.example.com/acme-2024.1.qcow2',
    // Sizes, bits and memory.
    'https://files.example.com/ubuntu-22.04-64.qcow2',
    'https://files.example.com/win-8.1-64.iso',
    'https://files.example.com/acme-2.4-64.iso',
    'https://files.example.com/ubuntu-server-64-20.04.qcow2',
    'https://files.example.com/ubuntu-jammy-2.2g.img',
    'https://files.example.com/ubuntu-2004-10g.qcow2',
    'https://files.example.com/ubuntu-2004-12.qcow2',
    'https://files.example.com/windows-2019-10GB.vhdx',
    'https://files.example.com/ubuntu-22.04-8192.img',
    'https://files.example.com/ubuntu-22.04-20.qcow2',
    'https://files.example.com/acme-2.4-40.qcow2',
    'https://files.example.com/debian-12-10.100gb.qcow2',
    'https://files.example.com/windows-8.1u.iso',
    'https://files.example.com/rke2-node-cpu-2.5x.qcow2',
    'https://files.example.com/cluster-10-1.5.qcow2',
    'https://files.example.com/cluster-30-1.5.qcow2',
    // A release said twice, and a point release in somebody's own disk image.
    'https://files.example.com/debian-11-11.7-openstack.qcow2',
    'https://files.example.com/rhel-9-9.4-kvm.qcow2',
    'https://files.example.com/ubuntu-22-22.04-minimal.img',
    'https://files.example.com/centos-7.9.2009.qcow2',
    'https://files.example.com/debian-12-12.7.0.qcow2',
    'https://files.example.com/ubuntu-22.04-ga-amd64.img',
    'https://files.example.com/ubuntu-22.04-hwe-amd64.img',
    // Identifiers of disks, machines and owners.
    'https://files.example.com/export/3fa85f64-5717-4562-b3fc-2c963f66afa6.qcow2',
    'https://files.example.com/ubuntu-22.04-7c9e6679-7425-40de-944b-e07fc1f90ae7.qcow2',
    'https://files.example.com/host-00ab12cd34ef.qcow2',
    'https://files.example.com/pxe/01-00-ab-12-cd-34-ef.img',
    'https://files.example.com/vol-049df61146c4d7901.img',
    'https://files.example.com/i-0abcd1234ef567890.raw',
    'https://files.example.com/srv-ab12cd34.qcow2',
    'https://files.example.com/backup-0a1b2c3d.qcow2',
    `https://files.example.com/s/${'0a'.repeat(20)}/ubuntu.qcow2`,
    `https://files.example.com/tenants/${'0a'.repeat(32)}/root.qcow2`,
    'https://files.example.com/customers/20190514/acme/base.qcow2',
    'https://files.example.com/srv/185.12.3.4/disk.img',
    'https://files.example.com/hosts/203.0.113.7/root.qcow2',
    'https://files.example.com/host-203.0.113.7.qcow2',
    // A tag that is an operating system's release, or nothing but a first number, is moved as often as not.
    'https://github.com/someone/images/releases/download/ubuntu-22.04/ubuntu-22.04-base.qcow2',
    'https://github.com/someone/images/releases/download/debian-12/disk.qcow2',
    'https://github.com/someone/images/releases/download/win2022/windows.qcow2',
    'https://github.com/someone/images/releases/download/rhel9.4/disk.qcow2',
    'https://github.com/someone/images/releases/download/22.04/disk.qcow2',
    'https://github.com/someone/images/releases/download/2204/disk.qcow2',
    'https://github.com/someone/images/releases/download/freebsd-14.1/disk.qcow2',
    'https://github.com/someone/images/releases/download/release-1.2/disk.qcow2',
    'https://github.com/someone/images/releases/download/v1/appliance.qcow2',
    // Links that end say nothing of their bytes.
    'https://acme-125.cos.ap-shanghai.myqcloud.com/ubuntu-20240101.qcow2?q-sign-algorithm=sha1&q-ak=x&q-sign-time=1700000000;1700003600&q-signature=abc',
    'https://objectstorage.eu-frankfurt-1.oraclecloud.com/p/AbCdEf123/n/ns/b/images/o/ubuntu-20240101.qcow2',
    'https://acme.oss-cn-beijing.aliyuncs.com/ubuntu-20240101.qcow2?x-oss-signature-version=OSS4-HMAC-SHA256&x-oss-date=20240101T000000Z&x-oss-expires=3600&x-oss-signature=abc',
    'https://cdn.example.com/ubuntu-20240101.qcow2?auth_key=1700000000-0-0-0123456789abcdef0123456789abcdef',
    'https://files.example.com/a.img;v=20240101',
    // An alias in a tree of which only its owner says that it is frozen.
    'https://vault.example.com/vault/acme/8/acme-8.qcow2',
    'https://mirror.example.org/vault/rocky/9.5/images/Rocky-9-GenericCloud.latest.qcow2',
    'https://mirror.example.com/20240423/acme-latest.img',
  ],
  unusable: [
    '', '   ', 'noble-server-cloudimg-amd64.img', '/images/a.img', 'mirror.lan:8080/a.img', 'www.example.com/a.img', 'not a url',
    'ftp://ftp.example.org/pub/a-1.2.3.iso', 'file:///var/lib/a.img', 'javascript:alert(1)', 'data:text/html,<b>a.img', 'docker://quay.io/containerdisks/fedora:41', 's3://bucket/a.img', 'nfs://host/a.img', 'ssh://host/a.img', 'mailto:a@b',
    'https:/host/a.img', 'https:host/a.img', 'https:\\\\host\\a.img', 'https://', 'https://?', 'https:///a.img', 'https://exa mple.com/a.img', 'https://example.com/a\tb.img', 'https://example.com/a\n.img', 'https://[::1', 'https://host:99999/a.img',
    'https://files.example.com/', 'https://files.example.com', 'https://files.example.com/images/',
    'https://cloud-images.ubuntu.com/noble/current/SHA256SUMS', 'https://files.example.com/a-1.2.3.iso.sha256', 'https://files.example.com/a.iso.asc', 'https://files.example.com/a.iso.torrent',
    'https://files.example.com/download.html', 'https://files.example.com/a.iso.md5', 'https://files.example.com/CHECKSUM', 'https://files.example.com/index.php',
    `https://files.example.com/${'a'.repeat(100_000)}.img`,
  ],
}
const rows = Object.entries(TABLE).flatMap(([verdict, urls]) => urls.map(url => [verdict as ImageUrlVerdict, url] as const))

describe('the verdict on an image URL', () => {
  it.each(rows)('%s: %s', (verdict, url) => {
    expect(judgeImageUrl(url).verdict).toBe(verdict)
  })

  it('always gives a reason', () => {
    for (const [, url] of rows)
      expect(judgeImageUrl(url).reasons.length, url).toBeGreaterThan(0)
  })
})

describe('the reason', () => {
  it.each([
    ['https://cloud-images.ubuntu.com/noble/current/noble-server-cloudimg-amd64.img', { code: 'alias', word: 'current', kind: 'pointer', where: 'directory', segment: 'current' }],
    ['https://files.example.com/foo-nightly.raw', { code: 'alias', word: 'nightly', kind: 'rebuild', where: 'name', segment: 'foo-nightly.raw' }],
    ['https://files.example.com/daily/20250211/foo.raw', { code: 'build', build: '20250211', where: 'directory' }],
    ['https://files.example.com/foo-20250211.raw', { code: 'build', build: '20250211', where: 'name' }],
    ['https://files.example.com/foo-1.2.3.raw', { code: 'version', version: '1.2.3', where: 'name' }],
    ['https://bucket.s3.amazonaws.com/foo.raw?versionId=abc', { code: 'build', build: 'abc', where: 'query' }],
    ['https://download.opensuse.org/repositories/Cloud:/Images:/Leap_15.6/images/openSUSE-Leap-15.6.x86_64-NoCloud.qcow2', { code: 'publisher', publisher: 'opensuse', because: 'rebuilt' }],
    ['https://files.example.com/foo.raw?branch=main', { code: 'alias', word: 'main', kind: 'weak', where: 'query', segment: 'branch=main' }],
    ['https://nightly.example.org/foo.raw', { code: 'alias', word: 'nightly', kind: 'rebuild', where: 'host', segment: 'nightly.example.org' }],
    ['https://files.example.org/acme-9-genericcloud.qcow2', { code: 'flavour', flavour: 'genericcloud' }],
    ['https://git.example.org/a/b/releases/download/v2.1/foo.raw', { code: 'version', version: 'v2.1', where: 'directory' }],
    ['ftp://files.example.com/foo.raw', { code: 'scheme', scheme: 'ftp' }],
    ['https://files.example.com/SHA256SUMS', { code: 'not-an-image', kind: 'checksum', file: 'sha256sums' }],
    ['http://192.168.1.20/images/disk.img', { code: 'private-host' }],
  ] as const)('of %s', (url, reason) => {
    expect(judgeImageUrl(url).reasons[0]).toEqual(reason)
  })

  it('mentions credentials in the URL, a loopback host and a format that Harvester does not take', () => {
    expect(judgeImageUrl('https://a:b@files.example.com/foo-1.2.3.ova').reasons).toEqual(expect.arrayContaining([{ code: 'credentials' }, { code: 'format', ending: '.ova' }]))
    expect(judgeImageUrl('http://localhost/foo-1.2.3.img').reasons).toContainEqual({ code: 'loopback' })
  })

  it('does not take a name before the @ for the publisher', () => {
    expect(judgeImageUrl('https://cloud-images.ubuntu.com@evil.example/noble/20240423/a.img').publisher).toBeUndefined()
    expect(judgeImageUrl('https://cloud-images.ubuntu.com.evil.example/noble/20240423/a.img').publisher).toBeUndefined()
  })
})

describe('what is told besides', () => {
  it.each([
    ['https://cloud-images.ubuntu.com/noble/20240423/noble-server-cloudimg-amd64.img', 'SHA256SUMS', 'sha256'],
    ['https://cloud.debian.org/images/cloud/trixie/latest/debian-13-genericcloud-amd64.qcow2', 'SHA512SUMS', 'sha512'],
    ['https://download.fedoraproject.org/pub/fedora/linux/releases/42/Cloud/x86_64/images/Fedora-Cloud-Base-Generic-42-1.1.x86_64.qcow2', 'Fedora-Cloud-42-1.1-x86_64-CHECKSUM', 'sha256'],
    ['https://archives.fedoraproject.org/pub/archive/fedora/linux/releases/39/Cloud/aarch64/images/Fedora-Cloud-Base-39-1.5.aarch64.qcow2', 'Fedora-Cloud-39-1.5-aarch64-CHECKSUM', 'sha256'],
    ['https://download.fedoraproject.org/pub/fedora/linux/releases/42/Server/x86_64/iso/Fedora-Server-dvd-x86_64-42-1.1.iso', 'Fedora-Server-42-1.1-x86_64-CHECKSUM', 'sha256'],
    ['https://cloud.centos.org/centos/9-stream/x86_64/images/CentOS-Stream-GenericCloud-9-latest.x86_64.qcow2', 'CHECKSUM', 'sha256'],
    ['https://cloud.centos.org/centos/7/images/CentOS-7-x86_64-GenericCloud-2009.qcow2', 'sha256sum.txt', 'sha256'],
    ['https://dl.rockylinux.org/pub/rocky/9.5/images/x86_64/Rocky-9-GenericCloud-Base-9.5-20241118.0.x86_64.qcow2', 'CHECKSUM', 'sha256'],
    ['https://download.opensuse.org/tumbleweed/iso/openSUSE-Tumbleweed-NET-x86_64-Current.iso', 'openSUSE-Tumbleweed-NET-x86_64-Current.iso.sha256', 'sha256'],
    ['https://geo.mirror.pkgbuild.com/images/latest/Arch-Linux-x86_64-cloudimg.qcow2', 'Arch-Linux-x86_64-cloudimg.qcow2.SHA256', 'sha256'],
    ['https://mirror.example.org/archlinux/iso/latest/archlinux-x86_64.iso', 'sha256sums.txt', 'sha256'],
    ['https://dl-cdn.alpinelinux.org/alpine/v3.21/releases/x86_64/alpine-virt-3.21.2-x86_64.iso', 'alpine-virt-3.21.2-x86_64.iso.sha512', 'sha512'],
    ['https://stable.release.flatcar-linux.net/amd64-usr/current/flatcar_production_qemu_image.img', 'flatcar_production_qemu_image.img.DIGESTS', 'sha512'],
    ['https://download.freebsd.org/releases/VM-IMAGES/14.2-RELEASE/amd64/Latest/FreeBSD-14.2-RELEASE-amd64.qcow2.xz', 'CHECKSUM.SHA512', 'sha512'],
    ['https://releases.rancher.com/harvester/v1.5.1/harvester-v1.5.1-amd64.iso', 'harvester-v1.5.1-amd64.sha512', 'sha512'],
  ])('the first checksum file of %s is %s', (url, file, algorithm) => {
    expect(judgeImageUrl(url).checksumFiles?.[0]).toEqual({ url: url.slice(0, url.lastIndexOf('/') + 1) + file, algorithm })
  })

  it('a checksum file is looked for without the user and the query of the image', () => {
    expect(judgeImageUrl('https://me:secret@cloud-images.ubuntu.com/noble/current/noble.img?x=1').checksumFiles?.[0]?.url).toBe('https://cloud-images.ubuntu.com/noble/current/SHA256SUMS')
  })

  it('shows the pinned form and the checksum file of a known publisher', () => {
    expect(judgeImageUrl('https://cloud.debian.org/images/cloud/trixie/latest/debian-13-genericcloud-amd64.qcow2')).toMatchObject({
      publisher: 'debian-cloud',
      pinnedForm: expect.stringContaining('<YYYYMMDD-NNNN>'),
      checksumFiles: [{ url: 'https://cloud.debian.org/images/cloud/trixie/latest/SHA512SUMS', algorithm: 'sha512' }],
    })
  })

  it.each([
    ['https://cloud-images.ubuntu.com/noble/20240423/noble-server-cloudimg-amd64.img', 'pruned'],
    ['https://dl.rockylinux.org/pub/rocky/9.5/images/x86_64/Rocky-9-GenericCloud-Base-9.5-20241118.0.x86_64.qcow2', 'moved'],
    ['https://dl.rockylinux.org/vault/rocky/9.3/images/x86_64/Rocky-9-GenericCloud-Base-9.3-20231113.0.x86_64.qcow2', undefined],
    ['https://files.example.com/nightly/foo-20250211.raw', 'pruned'],
    ['https://files.example.com/foo-1.2.3.raw', undefined],
    ['https://cdimage.debian.org/debian-cd/12.10.0/amd64/iso-cd/debian-12.10.0-amd64-netinst.iso', 'moved'],
    ['https://cdimage.debian.org/cdimage/archive/12.9.0/amd64/iso-cd/debian-12.9.0-amd64-netinst.iso', undefined],
    ['https://cloud.debian.org/images/cloud/bookworm/20250316-2053/debian-12-genericcloud-amd64-20250316-2053.qcow2', 'pruned'],
    ['https://releases.ubuntu.com/24.04/ubuntu-24.04.2-live-server-amd64.iso', 'moved'],
    ['https://old-releases.ubuntu.com/releases/24.04/ubuntu-24.04.2-live-server-amd64.iso', undefined],
    ['https://download.fedoraproject.org/pub/fedora/linux/releases/42/Cloud/x86_64/images/Fedora-Cloud-Base-Generic-42-1.1.x86_64.qcow2', 'moved'],
    ['https://cloud.centos.org/centos/9-stream/x86_64/images/CentOS-Stream-GenericCloud-9-20250114.0.x86_64.qcow2', 'pruned'],
    ['https://cloud.centos.org/centos/7/images/CentOS-7-x86_64-GenericCloud-2009.qcow2', undefined],
    ['https://repo.almalinux.org/almalinux/9.5/cloud/x86_64/images/AlmaLinux-9-GenericCloud-9.5-20241120.x86_64.qcow2', 'moved'],
    ['https://geo.mirror.pkgbuild.com/images/v20250201.304316/Arch-Linux-x86_64-cloudimg-20250201.304316.qcow2', 'pruned'],
    ['https://dl-cdn.alpinelinux.org/alpine/v3.21/releases/cloud/nocloud_alpine-3.21.2-x86_64-uefi-cloudinit-r0.qcow2', undefined],
    ['https://dl-cdn.alpinelinux.org/alpine/latest-stable/releases/x86_64/alpine-virt-3.21.2-x86_64.iso', 'moved'],
    ['https://cdn.amazonlinux.com/al2023/os-images/latest/kvm/al2023-kvm-2023.6.20250211.0-kernel-6.1-x86_64.xfs.gpt.qcow2', 'moved'],
    ['https://download.freebsd.org/releases/VM-IMAGES/14.2-RELEASE/amd64/Latest/FreeBSD-14.2-RELEASE-amd64.qcow2.xz', 'moved'],
    ['https://cdimage.kali.org/kali-2024.3/kali-linux-2024.3-installer-amd64.iso', 'moved'],
    ['https://old.kali.org/kali-images/kali-2024.3/kali-linux-2024.3-installer-amd64.iso', undefined],
    ['https://github.com/vyos/vyos-nightly-build/releases/download/2025.10.17-0019-rolling/vyos-2025.10.17-0019-rolling-generic-amd64.iso', 'pruned'],
    ['https://mirror.example.org/opnsense/releases/24.1/OPNsense-24.1-nano-amd64.img.bz2', 'pruned'],
    ['https://cdn.vanillaos.org/assets/ISO/22.10-r8/VanillaOS-22.10-all.20230226.iso', 'pruned'],
    ['http://mirror.turnkeylinux.org/turnkeylinux/images/iso/turnkey-nextcloud-18.1-bookworm-amd64.iso', 'moved'],
    ['http://10.0.0.7/ubuntu/releases/noble/release-20250805/ubuntu-24.04-server-cloudimg-amd64.img', undefined],
  ])('says that %s may disappear: %s', (url, mayDisappear) => {
    expect(judgeImageUrl(url)).toMatchObject({ verdict: 'pinned' })
    expect(judgeImageUrl(url).mayDisappear).toBe(mayDisappear)
  })

  it.each([
    ['https://b.s3.amazonaws.com/a.img?X-Amz-Date=20250211T120000Z&X-Amz-Expires=3600&X-Amz-Signature=x', '2025-02-11T13:00:00.000Z'],
    ['https://a.blob.core.windows.net/a.vhd?se=2025-03-01T00%3A00%3A00Z&sig=x', '2025-03-01T00:00:00.000Z'],
    ['https://files.example.com/a.iso?t=aa&e=1740000000&h=bb', '2025-02-19T21:20:00.000Z'],
    ['https://files.example.com/a.iso?token=x', undefined],
    ['https://a-1.cos.ap-shanghai.myqcloud.com/a.iso?q-sign-algorithm=sha1&q-sign-time=1740000000;1740003600&q-signature=x', '2025-02-19T22:20:00.000Z'],
    ['https://a.oss-cn-beijing.aliyuncs.com/a.iso?x-oss-date=20250211T120000Z&x-oss-expires=3600&x-oss-signature=x', '2025-02-11T13:00:00.000Z'],
    ['https://a.oss-cn-beijing.aliyuncs.com/a.iso?OSSAccessKeyId=a&Expires=1740000000&Signature=x', '2025-02-19T21:20:00.000Z'],
    ['https://objectstorage.eu-frankfurt-1.oraclecloud.com/p/AbC/n/ns/b/images/o/a-20240101.iso', undefined],
    ['https://cdn.example.com/a.iso?auth_key=1740000000-0-0-0123456789abcdef0123456789abcdef', undefined],
  ])('knows when %s ends', (url, at) => {
    expect(judgeImageUrl(url).expires).toEqual(at ? { at } : {})
  })
})

const corpus = new URL('../../../shared/data/image-urls-dev.tsv', import.meta.url)
describe.runIf(existsSync(corpus))('on the labelled corpus', () => {
  it.each([[['high'], 0.99], [['high', 'medium'], 0.97]] as const)('rows of confidence %j are read with at least %d', (confidence, least) => {
    const read = readFileSync(corpus, 'utf8').trim().split('\n').slice(1).map(line => line.split('\t')).filter(columns => (confidence as readonly string[]).includes(columns[6] ?? ''))
    const judged = read.map(([url = '', label = '']) => ({ url, label, said: judgeImageUrl(url).verdict }))
    const both = judged.filter(row => row.label === 'mutable' && row.said === 'mutable').length
    expect(judged.filter(row => row.label === 'mutable' && row.said === 'pinned').map(row => row.url)).toEqual([])
    expect(both / judged.filter(row => row.said === 'mutable').length).toBeGreaterThanOrEqual(least)
    expect(both / judged.filter(row => row.label === 'mutable').length).toBeGreaterThanOrEqual(least)
  })
})
