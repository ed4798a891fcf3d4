# Bash functions that fixtures, backgrounds and probes of all cases are written with.

unset ${!GIT_AUTHOR_*} ${!GIT_COMMITTER_*}

# put FILE [LINE...]: a file with these lines, and its folders.
put() {
    case $1 in */*) mkdir -p "${1%/*}" ;; esac
    if [ $# -gt 1 ]; then printf '%s\n' "${@:2}" > "$1"; else : > "$1"; fi
}

# sized BYTES FILE [FIRST LINE]: a text file of exactly this size.
sized() {
    case $2 in */*) mkdir -p "${2%/*}" ;; esac
    { [ -z "${3-}" ] || printf '%s\n' "$3"; yes 'some filling words that mean nothing at all'; } | head -c "$1" > "$2"
}

# aged WHEN FILE...: when the files were changed last, as date -d understands it.
aged() { touch -d "$1" -- "${@:2}"; }

# say SECTION [COMMAND...]: a section of a probe.
say() {
    printf '== %s\n' "$1"
    [ $# = 1 ] || "${@:2}" 2>/dev/null || true
}

# repo FOLDER: an empty repository with the branch main; the shell is in it afterwards.
repo() {
    git init -q -b main --template= "$1"
    mkdir "$1/.git/info"
    cd "$1"
}

# remote FOLDER: an empty bare repository.
remote() { git init -q --bare -b main --template= "$1"; }

# commit SUBJECT [FILE [LINE...]]: one commit an hour later than the last; without a file, of what is staged.
clock=1709280000
commit() {
    clock=$((clock + 3600))
    if [ $# -gt 1 ]; then
        put "${@:2}"
        git add -- "$2"
    fi
    GIT_AUTHOR_DATE="$clock +0000" GIT_COMMITTER_DATE="$clock +0000" git commit -q --allow-empty -m "$1"
}

# hold PORT [NAME]: a process that listens there; its id goes to /tmp/ids, under the name or the port.
hold() {
    /usr/bin/python3 -IS -c '
import socket, sys, time
kept = socket.create_server(("127.0.0.1", int(sys.argv[1])))
time.sleep(60)' "$1" &
    echo "${2:-$1} $!" >> /tmp/ids
    wait_for "$1"
}

# certificate NAME: one for the TLS ports of the web server, signed by itself, in /tmp/trust.pem.
certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -keyout /tmp/key.pem \
        -subj "/CN=$1" -addext "subjectAltName=DNS:$1" -out /tmp/trust.pem 2>/dev/null
    cat /tmp/key.pem /tmp/trust.pem > /tmp/cert.pem
}

# git_state [FOLDER]: sections head, refs (name, subject), status of a repository.
git_state() {
    cd "${1:-.}" || return
    say head on_branch "$(< .git/HEAD)"
    say refs git for-each-ref --format='%(refname) %(contents:subject)'
    say status git status --porcelain --untracked-files=all
    cd - > /dev/null || return
}
on_branch() { case $1 in "ref: refs/heads/"*) echo "${1#ref: refs/heads/}" ;; esac; }

# git_commits FOLDER: section commits (id, subject).
git_commits() { say commits git -C "$1" log --all --format='%H %s'; }

# bare_refs SECTION FOLDER: name and subject of what a bare repository holds.
bare_refs() { say "$1" git -C "$2" for-each-ref --format='%(refname) %(contents:subject)'; }

# page PORT PATH [LINE...]: what the web server has there; STATUS lines go to PATH.head in the same way.
page() { put "/tmp/www/$1/$2" "${@:3}"; }

# wait_for PORT...: until a server listens there, 5 s at most.
wait_for() {
    local port tries
    for port in "$@"; do
        for ((tries = 0; tries < 250; tries++)); do
            (exec 3<> "/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
            sleep 0.02
        done
    done
}
