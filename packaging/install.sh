#!/bin/sh
# Installs Hubu from the folder that this script is in. No network is used.
#
#   install.sh [--upgrade] [--root DIR]   install, or put a newer version over an older one
#   install.sh --uninstall [--root DIR]   take away what was installed; data and settings stay
#   install.sh --check                    compare every file here with SHA256SUMS, and do nothing else
#
# Programs go to /usr/bin, the catalog and plans to /usr/share/hubu, documents to /usr/share/doc/hubu, the unit to
# /usr/lib/systemd/system. Data is in /var/lib/hubu and settings in /etc/hubu: neither is ever changed or removed by an
# upgrade or an uninstall. Where no systemd runs (a chroot, a container) everything is installed all the same, and said so.
set -eu
# Programs, catalog and documents are for everybody, whatever root's own umask is.
umask 022

here=$(cd "$(dirname "$0")" && pwd)
root='' doing=install
say() { printf '%s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

while [ $# -gt 0 ]; do
  case "$1" in
    -h | --help) sed -n '2,/^set /{/^#/{s/^# \{0,1\}//;p;};}' "$0"; exit 0 ;;
    --root)
      [ $# -gt 1 ] || die "--root wants a folder"
      [ -d "$2" ] || die "no folder $2"
      root=$(cd "$2" && pwd)
      [ "$root" != / ] || root=''
      shift 2 ;;
    --upgrade) doing=install; shift ;;
    --uninstall) doing=uninstall; shift ;;
    --check) doing=check; shift ;;
    *) die "unknown option $1: install.sh --help" ;;
  esac
done

bin=$root/usr/bin share=$root/usr/share/hubu doc=$root/usr/share/doc/hubu
units=$root/usr/lib/systemd/system users=$root/usr/lib/sysusers.d
etc=$root/etc/hubu data=$root/var/lib/hubu

check() {
  command -v sha256sum >/dev/null || die "no sha256sum here"
  # Not --quiet: busybox has no such option.
  (cd "$here" && sha256sum -c SHA256SUMS >/dev/null) || die "files differ from SHA256SUMS: fetch the archive again"
}

# Whether a systemd runs that is this tree's.
has_systemd() { [ -z "$root" ] && [ -d /run/systemd/system ] && command -v systemctl >/dev/null; }

# A program that does not run here is told before anything is changed.
fits() {
  version=$("$here/bin/hubu" --version 2>/dev/null) ||
    die "bin/hubu does not run on this machine ($(uname -m)); this archive is for $(cat "$here/MACHINE")"
}

add_user() {
  if grep -q '^hubu:' "$root/etc/passwd" 2>/dev/null; then return; fi
  if [ -z "$root" ] && command -v systemd-sysusers >/dev/null; then
    systemd-sysusers "$users/hubu.conf"
  elif command -v useradd >/dev/null; then
    if [ -n "$root" ]; then set -- --root "$root"; else set --; fi
    useradd "$@" --system --user-group --home-dir /var/lib/hubu --no-create-home --shell /usr/sbin/nologin hubu
  elif command -v adduser >/dev/null && [ -z "$root" ]; then
    adduser -S -D -H -h /var/lib/hubu -s /sbin/nologin hubu
  else
    die "no way to add the user hubu here: add it by hand and run this again"
  fi
}

# install_file FROM TO MODE: the new file beside the old one, then in its place; a running program keeps the old one.
install_file() {
  mkdir -p "$(dirname "$2")"
  cp "$1" "$2.new"
  chmod "$3" "$2.new"
  mv "$2.new" "$2"
}

# own OWNER FILE: as root; nobody else may.
own() { [ "$(id -u)" -ne 0 ] || chown "$1" "$2"; }

# Settings and the data folder, where they are missing. What is there is left alone, owner and mode too.
make_own() {
  # By number: the names are those of this tree, which may not be the running one's.
  ids=$(sed -n 's/^hubu:[^:]*:\([0-9]*\):\([0-9]*\):.*/\1:\2/p' "$root/etc/passwd")
  [ "$(id -u)" -ne 0 ] || [ -n "$ids" ] || die "no user hubu in $root/etc/passwd: add it by hand and run this again"
  if [ ! -d "$etc" ]; then
    mkdir -p "$etc"
    own "0:${ids#*:}" "$etc"
  fi
  if [ ! -e "$etc/hubu.env" ]; then
    install_file "$here/systemd/hubu.env" "$etc/hubu.env" 640
    own "0:${ids#*:}" "$etc/hubu.env"
  fi
  if [ ! -d "$data" ]; then
    mkdir -p "$data"
    chmod 750 "$data"
    own "$ids" "$data"
  fi
}

# Every file below a folder, with its path from there.
below() { (cd "$1" && find . -type f | sed 's#^\./##' | LC_ALL=C sort); }

install_all() {
  [ -n "$root" ] || [ "$(id -u)" -eq 0 ] || die "run this as root, or with --root DIR"
  check
  fits
  was=''
  if [ -x "$bin/hubu" ]; then was=$("$bin/hubu" --version 2>/dev/null || echo "an unknown version"); fi
  for name in hubu hubu-load; do install_file "$here/bin/$name" "$bin/$name" 755; done
  # The catalog of an older version has no say any more; nobody's data is in it: `hubu init` copies it.
  rm -rf "$share/config"
  below "$here/config" | while read -r file; do install_file "$here/config/$file" "$share/config/$file" 644; done
  below "$here/doc" | while read -r file; do install_file "$here/doc/$file" "$doc/$file" 644; done
  for file in README.install LICENSE MACHINE; do install_file "$here/$file" "$doc/$file" 644; done
  install_file "$here/systemd/hubu.service" "$units/hubu.service" 644
  install_file "$here/systemd/hubu.sysusers" "$users/hubu.conf" 644
  add_user
  make_own
  [ -z "$was" ] || say "$was was here before; data and settings are as they were"
  say "$version is installed${root:+ below $root}"
  if has_systemd; then
    systemctl daemon-reload
    if systemctl is-active --quiet hubu; then say "still running the old version: systemctl restart hubu"; fi
  else
    say "no systemd runs here: the unit lies in $units and nothing was enabled; start by hand:"
    say "  runuser -u hubu -- hubu serve --config /var/lib/hubu/hubu.toml"
  fi
  if [ ! -e "$data/hubu.toml" ]; then
    say "next:"
    say "  runuser -u hubu -- hubu init /var/lib/hubu --catalog /usr/share/hubu/config"
    if has_systemd; then say "  systemctl enable --now hubu"; fi
  fi
}

uninstall_all() {
  [ -n "$root" ] || [ "$(id -u)" -eq 0 ] || die "run this as root, or with --root DIR"
  if has_systemd && [ -e "$units/hubu.service" ]; then systemctl disable --now hubu || true; fi
  rm -f "$bin/hubu" "$bin/hubu-load" "$units/hubu.service" "$users/hubu.conf"
  rm -rf "$share" "$doc"
  if has_systemd; then systemctl daemon-reload; fi
  say "hubu is gone${root:+ from $root}; data in /var/lib/hubu, settings in /etc/hubu and the user hubu are as they were"
}

case $doing in
  check) check; say "every file is as SHA256SUMS says" ;;
  install) install_all ;;
  uninstall) uninstall_all ;;
esac
