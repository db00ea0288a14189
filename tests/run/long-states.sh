#!/usr/bin/env bash
# The whole cross of tests/run/states.sh.
exec "$(dirname "$0")/states.sh" all
