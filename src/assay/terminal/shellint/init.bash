# assay in bash: Alt-e turns the words in the edit line into a command; `acmd WORDS...` does the same from the prompt.
# The command waits in the edit line; nothing runs before Enter.

__assay_line() {
    local found
    [[ -n ${READLINE_LINE//[[:space:]]/} ]] || return 0
    found=$(command @ASSAY@ cmd --line -- "$READLINE_LINE" </dev/tty) || return 0
    READLINE_LINE=$found
    READLINE_POINT=${#READLINE_LINE}
}

acmd() {
    local found
    found=$(command @ASSAY@ cmd --line -- "$@") || return
    IFS= read -e -r -p '$ ' -i "$found" found </dev/tty || return
    history -s -- "$found"
    eval "$found"
}

if [[ $- == *i* ]]; then
    bind -m emacs -x '"\ee": __assay_line'
    bind -m vi-insert -x '"\ee": __assay_line'
fi
