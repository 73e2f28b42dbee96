#!/bin/sh
# rustc for the crates of this workspace, as cargo calls it by RUSTC_WORKSPACE_WRAPPER: with the counters and
# traces that libFuzzer goes by, in the crates that are fuzzed. Stable flags alone; what comes from elsewhere is not
# compiled anew, and the generic code of its parsers is compiled, and counted, in the crates that use it.
rustc=$1
shift
crate=
for argument; do
  [ "$before" = --crate-name ] && crate=$argument
  before=$argument
done
counters="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table"
[ "$VWS_FUZZ_TRACES" = no ] || counters="$counters -Cllvm-args=-sanitizer-coverage-trace-compares"
case $crate in
  # shellcheck disable=SC2086
  vws_core | vws_server | vws_fuzz) exec "$rustc" "$@" $counters ;;
  # A linker that drops dead code drops its counters, and not the table beside them.
  rest | websocket | log | import | backup) exec "$rustc" "$@" -Clink-dead-code ;;
  *) exec "$rustc" "$@" ;;
esac
