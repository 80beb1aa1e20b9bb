#!/bin/sh
# Install a requirements file into an environment, and perhaps the package in a folder:
#   setup.sh PYTHON ENVIRONMENT REQUIREMENTS [FOLDER]
# uv does it; where it is missing, it is brought along into .tools, below this folder.
set -eu
python=$1 environment=$2 requirements=$3 package=${4-}

fail() {
	printf '%s\n' "$1" >&2
	exit 1
}

command -v "$python" >/dev/null 2>&1 ||
	fail "There is no $python on this machine; Scenery needs Python 3.11, 3.12 or 3.13."
"$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' ||
	fail "Scenery needs Python 3.11, 3.12 or 3.13; $python is $("$python" -V 2>&1). Try: make study PYTHON=python3.12"

if ! command -v uv >/dev/null 2>&1; then
	echo "Bringing uv along ..."
	if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
		# Debian splits venv and pip off Python. With root's rights that is mended here.
		if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
			echo "Installing Debian's python3-venv, which uv needs to be installed ..."
			apt-get update -q >/dev/null
			DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends python3-venv >/dev/null
		else
			fail "This Python has no venv module. Install it once (sudo apt install python3-venv), or install uv, and run the same command again."
		fi
	fi
	"$python" -m venv .tools
	.tools/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	PATH="$PWD/.tools/bin:$PATH"
fi

# Universities and companies often have certificates of their own; uv's built-in ones do not know them.
if [ -e /etc/ssl/certs/ca-certificates.crt ]; then
	export UV_SYSTEM_CERTS=1 UV_NATIVE_TLS=1
fi

[ -x "$environment/bin/python" ] || uv venv --quiet --python "$python" "$environment"
echo "Installing $requirements ..."
# Compiled byte code halves the start of every job; an import of TensorFlow takes 10 s without.
# The files hold everything: KerasHub asks for a package that it needs for texts alone.
uv pip install --quiet --compile-bytecode --no-deps --require-hashes --python "$environment" -r "$requirements"

if [ -n "$package" ]; then
	echo "Installing the command scenery ..."
	# What builds the package is checked by its hashes, too.
	uv pip install --quiet --compile-bytecode --no-deps --reinstall-package scenery \
		--build-constraints requirements/build.txt --python "$environment" "$package"
fi
