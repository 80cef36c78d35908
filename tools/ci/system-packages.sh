#!/usr/bin/env bash
# What the tests need of a Debian system beyond npm and pip; run by `.ci/run`, as root.
set -eu
if command -v redis-server >/dev/null; then exit 0; fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends redis-server >/dev/null
redis-server --version
