#!/bin/sh
# Brings what the browser test needs: a chromium, and playwright in the Python environment target/interop. Does nothing on a
# machine that has both. Where something cannot be had, that is said and is no error: the test is skipped by name.
set -eu
cd "$(dirname "$0")/../.."
environment=${CARGO_TARGET_DIR:-target}/interop

say() { printf '%s\n' "$*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }

# Runs a program and keeps quiet, unless it fails: then its last lines say why.
quietly() {
    said=$("$@" 2>&1) && return 0
    say "browser: \`$*\` failed:"
    printf '%s\n' "$said" | tail -n 3 | sed 's/^/  /' >&2
    return 1
}

if ! have chromium && ! have chromium-browser && ! have google-chrome; then
    if have apt-get && [ "$(id -u)" = 0 ]; then
        say "browser: installing chromium"
        export DEBIAN_FRONTEND=noninteractive
        # Old lists may do, so only the installation decides.
        quietly apt-get update -q || true
        quietly apt-get install -y -q --no-install-recommends chromium fonts-dejavu-core ||
            say "browser: without a chromium the browser test is skipped; install one and run this again"
    else
        say "browser: the browser test is skipped; run: sudo apt-get install --no-install-recommends chromium fonts-dejavu-core"
    fi
fi
if ! "$environment/bin/python" -c 'import playwright' 2>/dev/null; then
    say "browser: installing playwright into $environment"
    if ! { [ -x "$environment/bin/python" ] || quietly python3 -m venv "$environment"; } ||
        ! quietly "$environment/bin/python" -m pip install -q --disable-pip-version-check -r tests/browser/requirements.txt; then
        say "browser: the browser test is skipped; run: python3 -m venv $environment && $environment/bin/pip install -r tests/browser/requirements.txt"
    fi
fi
