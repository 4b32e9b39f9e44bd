# shellcheck shell=bash
# Building for another processor than this one: what scripts/build-all and scripts/emulated share. Source it after lib.sh.
#
# A build has a name: x86_64, aarch64, loongarch64, and loongarch64-emulated, the same code for an emulator that lacks LSX.
# Zig's clang, with the musl that comes with it, is C compiler and linker for all. The standard library comes from rustup
# where that has the target; else it is built from Debian's rust-web-src by Debian's rustc.

builds=(x86_64 aarch64 loongarch64 loongarch64-emulated)
cross=${HUBU_CROSS:-$root/target/cross}
zig_version=0.15.2
zig=()
# What of the standard library is built; tests want more.
cross_std=
# What a build is for, for people.
meant_for() {
  case "$1" in
    x86_64) echo "Hygon, Zhaoxin, Intel, AMD" ;;
    aarch64) echo "Kunpeng, Phytium and other 64-bit ARM" ;;
    loongarch64) echo "Loongson 3A5000 and newer: it uses LSX, as Rust's own target does" ;;
    loongarch64-emulated) echo "emulators without LSX (Debian 12's qemu 7.2) and test benches; not for production" ;;
  esac
}

is_build() { local known; for known in "${builds[@]}"; do [ "$known" != "$1" ] || return 0; done; return 1; }
machine_of() { echo "${1%-emulated}"; }
target_of() { echo "$(machine_of "$1")-unknown-linux-musl"; }

# Zig: the system's of that version, Python's package of that name, or that package fetched into target/.
need_zig() {
  [ ${#zig[@]} -eq 0 ] || return 0
  command -v python3 >/dev/null || install python3
  if [ "$(zig version 2>/dev/null)" = "$zig_version" ]; then zig=(zig); return; fi
  local python
  for python in python3 "$cross/zig/bin/python3"; do
    if [ "$("$python" -m ziglang version 2>/dev/null)" = "$zig_version" ]; then zig=("$python" -m ziglang); return; fi
  done
  say "fetching zig $zig_version (PyPI: ziglang) into $cross/zig"
  python3 -m venv "$cross/zig" 2>/dev/null || { install python3-venv; python3 -m venv "$cross/zig"; }
  "$cross/zig/bin/pip" install --quiet "ziglang==$zig_version" ||
    die "no zig: install it with 'pip install ziglang==$zig_version', or put zig $zig_version into PATH"
  zig=("$cross/zig/bin/python3" -m ziglang)
}

# Sets `cargo`, `RUSTC` and `std` (how the standard library is had) for a build.
need_compiler() {
  local build=$1 target
  target=$(target_of "$build")
  need_rust
  std=()
  if [ "$build" != loongarch64-emulated ] && command -v rustup >/dev/null &&
    { rustup target list --installed 2>/dev/null | grep -qx "$target" ||
      timeout 120 rustup target add "$target" >/dev/null 2>&1; }; then
    cargo=$(rustup which cargo) RUSTC=$(rustup which rustc)
    library=rustup
  else
    command -v apt-get >/dev/null ||
      die "no standard library for $target: 'rustup target add $target', or Debian's rust-web-src, of which it is built"
    install rustc-web cargo-web rust-web-src gcc libc6-dev
    cargo=/usr/bin/cargo RUSTC=/usr/bin/rustc
    library="built from Debian's rust-web-src"
  fi
  export RUSTC
  sources=$("$RUSTC" --print sysroot)/lib/rustlib/src/rust
  [ "$library" = rustup ] || std=(-Zbuild-std=${cross_std:-std,panic_abort})
}

# A compiler that takes what rustc and the cc crate say to clang, for one build. Both name the target in their own way;
# this one knows it.
write_compiler() {
  local build=$1 machine to=$cross/bin
  machine=$(machine_of "$build")
  local fixed=(-target "$machine-linux-musl" -fno-sanitize=undefined)
  # LSX is part of zig's base model for LoongArch, too.
  [ "$build" != loongarch64-emulated ] || fixed+=(-mcpu=loongarch64-lsx-lasx)
  mkdir -p "$to"
  {
    echo '#!/usr/bin/env bash'
    echo 'kept=()'
    echo 'for word in "$@"; do case "$word" in --target=*) ;; *) kept+=("$word") ;; esac; done'
    printf 'exec'
    printf ' %q' "${zig[@]}" cc "${fixed[@]}"
    echo ' "${kept[@]}"'
  } >"$to/cc-$build.new"
  { echo '#!/usr/bin/env bash'; printf 'exec'; printf ' %q' "${zig[@]}" ar; echo ' "$@"'; } >"$to/ar.new"
  chmod +x "$to/cc-$build.new" "$to/ar.new"
  # A changed file would have everything built again.
  local file
  for file in "cc-$build" ar; do
    if cmp -s "$to/$file.new" "$to/$file"; then rm "$to/$file.new"; else mv "$to/$file.new" "$to/$file"; fi
  done
}

# The commit that is built, and its time: the only time that a build knows.
need_commit() {
  if [ -z "${HUBU_COMMIT:-}" ]; then
    HUBU_COMMIT=$(git rev-parse --short=12 HEAD 2>/dev/null) || die "not a git clone: say HUBU_COMMIT and SOURCE_DATE_EPOCH"
    # Files that git does not know count: config/ and docs/ are packed as they lie there.
    [ -z "$(git status --porcelain)" ] || HUBU_COMMIT+="-changed"
  fi
  SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
  export HUBU_COMMIT SOURCE_DATE_EPOCH
}

# cross_cargo BUILD COMMAND...: cargo for that build. The same commit gives the same bytes, whatever the folders are called.
cross_cargo() {
  local build=$1 target upper lower crates
  shift
  target=$(target_of "$build")
  need_zig
  need_compiler "$build"
  write_compiler "$build"
  need_commit
  upper=$(tr 'a-z-' 'A-Z_' <<<"$target") lower=${target//-/_}
  crates=${CARGO_HOME:-$HOME/.cargo}/registry/src
  # The deepest folder last: of several that fit, rustc takes the last.
  local flags=(-C link-self-contained=no -C "target-feature=+crt-static"
    "--remap-path-prefix=$crates=/crates" "--remap-path-prefix=$sources=/rust"
    "--remap-path-prefix=$root=/hubu" "--remap-path-prefix=$cross/target=/target")
  [ "$build" != loongarch64-emulated ] || flags[3]+=,-lsx,-lasx
  local c="-ffile-prefix-map=$crates=/crates -ffile-prefix-map=$root=/hubu -ffile-prefix-map=$cross/target=/target"
  # C code (mimalloc) says when it was compiled. Not by SOURCE_DATE_EPOCH: cargo and zig's cache would keep what they made at
  # another commit's time.
  c+=' -Wno-builtin-macro-redefined -D__DATE__="" -D__TIME__=""'
  # No flags of this machine's owner: a shipped build has its own.
  local separator=$'\x1f' joined
  joined=$(IFS=$separator; printf '%s' "${flags[*]}")
  env -u RUSTFLAGS -u CFLAGS -u CARGO_BUILD_RUSTFLAGS \
    RUSTC_BOOTSTRAP=1 CARGO_INCREMENTAL=0 CARGO_TARGET_DIR="$cross/target" CARGO_ENCODED_RUSTFLAGS="$joined" \
    "CARGO_TARGET_${upper}_LINKER=$cross/bin/cc-$build" "CC_$lower=$cross/bin/cc-$build" "AR_$lower=$cross/bin/ar" \
    "CFLAGS_$lower=$c" "$cargo" "$@" --locked --target "$target" "${std[@]}"
}
