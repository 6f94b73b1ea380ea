#!/bin/sh
# Installs what the project needs and this machine lacks: the npm packages, and redis-server.
# Quiet when there is nothing to do. Fails with one sentence that says what to install.
set -eu
cd "$(dirname "$0")/.."

fail() {
  echo "$1" >&2
  exit 1
}

check_node() {
  command -v node >/dev/null || fail 'There is no "node" on PATH: install Node 20 or newer, see https://nodejs.org/en/download'
  command -v npm >/dev/null || fail 'There is no "npm" on PATH: install the one that belongs to your Node, see https://nodejs.org/en/download'
  node -e 'process.exit(Number.parseInt(process.versions.node) >= 20 ? 0 : 1)' ||
    fail "Node $(node --version) is too old: install Node 20 or newer, see https://nodejs.org/en/download"
}

# A linked node_modules is kept by whoever linked it.
install_packages() {
  [ ! -L node_modules ] || return 0
  installed=node_modules/.package-lock.json
  if [ -f "$installed" ] && [ -z "$(find package-lock.json -newer "$installed")" ]; then
    return 0
  fi
  echo '… npm ci' >&2
  npm ci --include=dev --no-fund --no-audit --loglevel=error >&2 || fail 'npm ci failed, see above: the npm packages are needed; check that the registry can be reached.'
}

install_redis() {
  command -v redis-server >/dev/null && return 0
  missing='There is no redis-server on PATH: install it ("apt-get install redis-server", "brew install redis") and run this again.'
  command -v apt-get >/dev/null || fail "$missing"
  as_root=
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null && sudo -n true 2>/dev/null || fail "$missing"
    as_root='sudo -n'
  fi
  echo '… apt-get install redis-server' >&2
  apt_install "$as_root" || { $as_root apt-get update >&2 && apt_install "$as_root"; } || fail "apt-get could not install it. $missing"
}

# RUNLEVEL=1 keeps the package from starting a Redis of its own.
apt_install() {
  $1 env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends redis-server >&2
}

check_node
install_packages
install_redis
