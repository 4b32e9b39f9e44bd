# shellcheck shell=bash
# From two programs to what is handed over: sums, SBOM, archive, Debian package, RPM. Source it after cross.sh; scripts/build-all
# uses it. Nothing here takes the time from the clock or an order from the file system: the same programs give the same bytes.

version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' "$root/Cargo.toml")

need_packers() {
  install binutils dpkg openssl rpm xz-utils
  local tool
  for tool in python3 tar gzip dpkg-deb rpmbuild openssl; do
    command -v "$tool" >/dev/null || die "no $tool: install it"
  done
}

debian_name() { case "$1" in x86_64) echo amd64 ;; aarch64) echo arm64 ;; loongarch64) echo loong64 ;; esac; }

# What is handed over of a build, by name: archive, and packages where it has any.
packed_files() {
  echo "hubu-$version-$1.tar.gz"
  [ "$1" != loongarch64-emulated ] || return 0
  echo "hubu_${version}_$(debian_name "$1").deb"
  echo "hubu-$version-1.$1.rpm"
}

# The builds in the folder whose programs were made of the present commit, this time or an earlier one.
builds_of_commit() {
  local build
  for build in "${builds[@]}"; do
    [ "$(cat "$dist/$build/COMMIT" 2>/dev/null)" != "$HUBU_COMMIT" ] || echo "$build"
  done
}

# What was packed of them, by name. A build that was made by --quick has nothing.
packed_of_commit() {
  local build file
  for build in $(builds_of_commit); do
    for file in $(packed_files "$build"); do [ ! -e "$dist/$file" ] || echo "$file"; done
  done | LC_ALL=C sort
}

# Files beside which their two sums are put, as sha256sum and `openssl dgst -sm3 -r` write them.
write_sums() {
  local file sum
  for file in "$@"; do
    (cd "$(dirname "$file")" && sha256sum "$(basename "$file")") >"$file.sha256"
    sum=$(openssl dgst -sm3 -r "$file") || die "this openssl has no SM3: OpenSSL 1.1.1 or newer is wanted"
    printf '%s  %s\n' "${sum%% *}" "$(basename "$file")" >"$file.sm3"
  done
}

# write_bill BUILD FOLDER: SBOM, list of licences and their texts for both programs, into the folder.
write_bill() {
  local build=$1 to=$2 target work name package option
  target=$(target_of "$build") work=$cross/bill/$build
  mkdir -p "$work" "$to"
  need_compiler "$build"
  "$cargo" metadata --format-version 1 --locked --filter-platform "$target" >"$work/metadata.json"
  local also=("rust-std=$("$RUSTC" --version | cut -d' ' -f2)=MIT OR Apache-2.0" "musl=1.2.5=MIT"
    "llvm-runtime=$zig_version+zig=Apache-2.0 WITH LLVM-exception") more=()
  for option in "${also[@]}"; do more+=(--also "$option"); done
  for name in hubu hubu-load; do
    package=$name
    [ "$name" != hubu ] || package=hubu-core
    "$cargo" tree --locked --quiet --target "$target" -p "$package" --prefix none --format '{p}' \
      -e normal,no-proc-macro >"$work/$name.linked"
    "$cargo" tree --locked --quiet --target "$target" -p "$package" --prefix none --format '{p}' \
      -e normal,build >"$work/$name.built"
    python3 "$root/packaging/sbom.py" --metadata "$work/metadata.json" --linked "$work/$name.linked" \
      --built "$work/$name.built" --lock Cargo.lock --crate "$package" --name "$name" --target "$target" \
      --commit "$HUBU_COMMIT" --time "$SOURCE_DATE_EPOCH" "${more[@]}" --sbom "$to/$name.cdx.json" \
      --licences "$to/$name.licences.tsv" --texts "$to/$name.licences.txt"
  done
}

# Modes by rule and times by the commit, whatever umask and clock say here.
settle() {
  local tree=$1
  find "$tree" -type d -exec chmod 755 {} +
  find "$tree" -type f -exec chmod 644 {} +
  find "$tree" -type f \( -path '*/bin/*' -o -name install.sh -o -path '*/DEBIAN/p*' \) -exec chmod 755 {} +
  find "$tree" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
}

copy_config() {
  mkdir -p "$1"
  cp -r config/. "$1/"
}

copy_documents() {
  local build=$1 to=$2
  mkdir -p "$to"
  cp docs/*.md "$to/"
  cp "$dist/$build"/*.cdx.json "$dist/$build"/*.licences.* "$to/"
}

# What an installed machine's folder for data and settings is told by.
machine_line() {
  printf '%s: %s\nversion %s, commit %s, %s\n' "$1" "$(meant_for "$1")" "$version" "$HUBU_COMMIT" "$(target_of "$1")"
}

# write_archive BUILD: the archive that install.sh is in.
write_archive() {
  local build=$1 name=hubu-$version-$1 stage
  stage=$cross/stage/$name
  rm -rf "$stage"
  mkdir -p "$stage/bin" "$stage/systemd"
  cp "$dist/$build/hubu" "$dist/$build/hubu-load" "$stage/bin/"
  copy_config "$stage/config"
  copy_documents "$build" "$stage/doc"
  cp packaging/hubu.service packaging/hubu.sysusers packaging/hubu.env "$stage/systemd/"
  cp packaging/install.sh packaging/README.install LICENSE "$stage/"
  machine_line "$build" >"$stage/MACHINE"
  (cd "$stage" && find . -type f ! -name SHA256SUMS | sed 's#^\./##' | LC_ALL=C sort | xargs -d '\n' sha256sum) >"$cross/stage/sums"
  mv "$cross/stage/sums" "$stage/SHA256SUMS"
  settle "$stage"
  tar -C "$cross/stage" --sort=name --owner=0 --group=0 --numeric-owner --format=gnu --mtime="@$SOURCE_DATE_EPOCH" \
    -cf - "$name" | gzip -9 -n >"$dist/$name.tar.gz"
}

# The tree that both kinds of packages install.
stage_tree() {
  local build=$1 tree=$2
  rm -rf "$tree"
  mkdir -p "$tree/usr/bin" "$tree/usr/lib/systemd/system" "$tree/usr/lib/sysusers.d" "$tree/etc/hubu" "$tree/var/lib/hubu"
  cp "$dist/$build/hubu" "$dist/$build/hubu-load" "$tree/usr/bin/"
  copy_config "$tree/usr/share/hubu/config"
  copy_documents "$build" "$tree/usr/share/doc/hubu"
  machine_line "$build" >"$tree/usr/share/doc/hubu/MACHINE"
  cp packaging/README.install "$tree/usr/share/doc/hubu/"
  cp LICENSE "$tree/usr/share/doc/hubu/copyright"
  cp packaging/hubu.service "$tree/usr/lib/systemd/system/"
  cp packaging/hubu.sysusers "$tree/usr/lib/sysusers.d/hubu.conf"
  cp packaging/hubu.env "$tree/etc/hubu/"
}

write_deb() {
  local build=$1 tree=$cross/stage/deb-$1 machine size name
  machine=$(debian_name "$build")
  stage_tree "$build" "$tree"
  size=$(($(find "$tree" -type f -printf '%s\n' | awk '{n += int(($1 + 1023) / 1024)} END {print n}')))
  mkdir -p "$tree/DEBIAN"
  sed -e "s/@VERSION@/$version/" -e "s/@MACHINE@/$machine/" -e "s/@SIZE@/$size/" packaging/deb/control >"$tree/DEBIAN/control"
  for name in conffiles postinst prerm postrm; do cp "packaging/deb/$name" "$tree/DEBIAN/"; done
  settle "$tree"
  # Passwords may be in it.
  chmod 640 "$tree/etc/hubu/hubu.env"
  dpkg-deb --root-owner-group -Zgzip -z9 --build "$tree" "$dist/hubu_${version}_$machine.deb" >/dev/null
}

write_rpm() {
  local build=$1 tree=$cross/stage/rpm-$1 top=$cross/stage/rpmbuild-$1
  stage_tree "$build" "$tree"
  settle "$tree"
  rm -rf "$top"
  mkdir -p "$top"
  # Where it was built, when, by whom and with how many threads is nobody's business.
  rpmbuild --quiet -bb --target "$build-unknown-linux" \
    --define "_topdir $top" --define "_buildhost hubu" --define "hubu_version $version" --define "hubu_tree $tree" \
    --define "use_source_date_epoch_as_buildtime 1" --define "clamp_mtime_to_source_date_epoch 1" \
    --define "build_mtime_policy clamp_to_source_date_epoch" --define "_binary_payload w9.gzdio" \
    --define "_build_id_links none" --define "debug_package %{nil}" --define "__os_install_post %{nil}" \
    packaging/hubu.spec >"$top/log" 2>&1 || { cat "$top/log" >&2; die "rpmbuild failed for $build"; }
  cp "$top"/RPMS/*/*.rpm "$dist/hubu-$version-1.$build.rpm"
}

# write_sizes: bytes of every program, archive and package of the present commit, as scripts/bench writes its figures.
write_sizes() {
  local build files
  mapfile -t files < <(packed_of_commit)
  for build in $(builds_of_commit); do files+=("$build/hubu" "$build/hubu-load"); done
  python3 - "$dist" "$HUBU_COMMIT" "${files[@]}" <<'PYTHON'
import json, pathlib, sys
dist, commit = pathlib.Path(sys.argv[1]), sys.argv[2]
sizes = {name: (dist / name).stat().st_size for name in sorted(sys.argv[3:])}
(dist / "sizes.json").write_text(json.dumps({"commit": commit, "bytes": sizes}, indent=1) + "\n")
PYTHON
}
