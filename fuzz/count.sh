#!/bin/sh
# rustc as fuzz/instrument.sh calls it, without the traces of what is compared: those are half the time of a run, and find
# little where the inputs to begin with know the words already. A program of its own, because cargo tells what was
# compiled one way from what was compiled the other by its path.
VWS_FUZZ_TRACES=no exec "$(dirname "$0")/instrument.sh" "$@"
