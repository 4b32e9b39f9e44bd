# shellcheck shell=bash
# `scripts/prove compare`: the same payments, in one run and in turns, against
#
#   a  Hubu, file journal
#   b  Hubu, PostgreSQL journal
#   c  the common way: hyper + deadpool-postgres, a transaction a command, SELECT ... FOR UPDATE
#   d  a batched function in PostgreSQL: the best that SQL alone does
#
# over uniform rows, ten hot rows and one hot row; then the users that each holds with one hot row. Every payment is settled
# by the harness's own audit, the same for all four. docs/compare.md says how it is done and what came of it.
#
#   scripts/prove compare                        all of it: below eight minutes, once it is built
#   scripts/prove compare --systems a,c --loads hot1 --rounds 3
#
# Options
#   --report DIR       where compare.json and compare.html go (target/compare/<time>)
#   --rounds N         slices of each system under each load (4)      --seconds S    of a slice (2)
#   --systems a,b,c,d  which systems                                  --no-users     leaves out the users held
#   --loads L          of uniform,hot10,hot1                          TMPDIR         names a folder on the disk to measure
# HUBU_PROFILE=dev uses the test build.
#
# Exit status: 0 all goals met and all audits clean; 10 audits clean, a goal missed or a request failed; 11 an audit is not
# clean; 12 stopped early, audits clean; 1 something could not be done. Ctrl-C ends the slice under way, then settles what
# was acknowledged. Everything is started on 127.0.0.1 and ended again.

compare() {
  # Builds what is compared, and hands over to hubu-bench.
  local argument profile=${HUBU_PROFILE:-release} report=()
  case " $* " in *" --report"[\ =]*) ;; *) report=(--report "target/compare/$(date +%Y%m%d-%H%M%S)") ;; esac
  for argument in "$@"; do
    case $argument in -h | --help) help_of scripts/compare.sh; return ;; esac
  done
  need_rust
  need_postgres
  say "building ($profile)"
  cargo build --quiet --profile "$profile" -p hubu-core --bin hubu -p hubu-naive --bin hubu-naive \
    -p hubu-benches --bin hubu-bench
  exec "${CARGO_TARGET_DIR:-target}/${profile/#dev/debug}/hubu-bench" compare "${report[@]}" "$@"
}
