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
# No table of places beside the counters: it is what keeps a linker from dropping the code that a target never reaches, whose
# counters are looked through after each run all the same.
counters="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters"
[ "$VWS_FUZZ_TRACES" = no ] || counters="$counters -Cllvm-args=-sanitizer-coverage-trace-compares"
case $crate in
  # shellcheck disable=SC2086
  vws_core | vws_server | vws_fuzz) exec "$rustc" "$@" $counters ;;
  *) exec "$rustc" "$@" ;;
esac
