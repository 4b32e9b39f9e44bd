# shellcheck shell=bash
# What the scripts share: where the repository is, how they speak, and how they find or install what
# a bare machine lacks. Source it; it changes into the repository's root.
#
# It installs Debian packages when it runs as root or may use sudo, and otherwise names what to install.

set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

say() { printf '%s\n' "$*" >&2; }
warn() { printf 'WARNING: %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# Prints a script's own opening comment: it is the help text.
help_of() { sed -n '2,/^[^#]/{/^#/!d;s/^# \{0,1\}//;p}' "$1"; }

# install PACKAGE...: Debian packages that are not there yet.
install() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || die "please install: ${missing[*]}"
  local as=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "please install as root: apt-get install ${missing[*]}"
    as=(sudo)
  fi
  say "installing ${missing[*]}"
  "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    "${missing[@]}" >/dev/null 2>&1 && return 0
  "${as[@]}" apt-get update >/dev/null 2>&1 || true
  "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    "${missing[@]}" >/dev/null || die "could not install ${missing[*]}"
}

# A Rust toolchain and a linker for it.
need_rust() {
  command -v cc >/dev/null || install gcc libc6-dev
  local rustup=${CARGO_HOME:-$HOME/.cargo}/bin
  # Before the system's, which may be another version and lack clippy (scripts/sanitize installs one).
  if [ -x "$rustup/cargo" ]; then PATH="$rustup:$PATH"; else PATH="$PATH:$rustup"; fi
  if ! cargo --version >/dev/null 2>&1 && [ -z "${RUSTUP_HOME:-}" ]; then
    # HOME may be a fresh folder while the toolchain is in the user's own.
    local own
    own=$(getent passwd "$(id -un)" | cut -d: -f6)
    if [ -d "$own/.rustup/toolchains" ]; then
      export RUSTUP_HOME="$own/.rustup"
      PATH="$own/.cargo/bin:$PATH"
    fi
  fi
  cargo --version >/dev/null 2>&1 ||
    die "no Rust toolchain: install Rust $(wanted_rust) or newer with rustup or your system's packages"
  export PATH
}

wanted_rust() { sed -n 's/^rust-version = "\(.*\)"/\1/p' "$root/Cargo.toml"; }

# The programs of PostgreSQL: any version that is there, else Debian's. Sets and exports PG_BIN.
need_postgres() {
  PG_BIN=${PG_BIN:-$(newest_postgres)}
  if [ -z "$PG_BIN" ]; then
    local package
    package=$(apt-cache search --names-only '^postgresql-[0-9]+$' 2>/dev/null | sort -V | tail -n 1 | cut -d' ' -f1)
    install "${package:-postgresql-15}"
    PG_BIN=$(newest_postgres)
  fi
  [ -x "$PG_BIN/postgres" ] || die "no PostgreSQL in ${PG_BIN:-/usr/lib/postgresql}"
  export PG_BIN
}

# Tests put it between the server and its database; Debian keeps it where ordinary users do not look.
need_pgbouncer() { command -v pgbouncer >/dev/null || [ -x /usr/sbin/pgbouncer ] || install pgbouncer; }

# Tests put it between client and server.
need_haproxy() { [ -x /usr/sbin/haproxy ] || install haproxy; }

# Tests hold ciphers, seals and certificates against it; nothing that is shipped has it.
need_openssl() { command -v openssl >/dev/null || install openssl; }

# The crashes of the archive's store are made from what strace records.
need_strace() { command -v strace >/dev/null || install strace; }

newest_postgres() {
  local found
  for found in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V -r); do
    if [ -x "$found/postgres" ]; then
      printf '%s\n' "$found"
      return
    fi
  done
}
