# assay in zsh: Alt-e turns the words in the edit line into a command; `acmd WORDS...` does the same from the prompt.
# The command waits in the edit line; nothing runs before Enter.

__assay_line() {
    emulate -L zsh
    local found
    [[ -n ${BUFFER//[[:space:]]/} ]] || return 0
    zle -I
    if found=$(command @ASSAY@ cmd --line -- "$BUFFER" </dev/tty); then
        BUFFER=$found
        CURSOR=${#BUFFER}
    fi
    zle reset-prompt
}

acmd() {
    emulate -L zsh
    local found
    found=$(command @ASSAY@ cmd --line -- "$@") || return
    print -rz -- "$found"
}

if [[ -o interactive ]]; then
    zle -N __assay_line
    bindkey -M emacs '\ee' __assay_line
    bindkey -M viins '\ee' __assay_line
fi
