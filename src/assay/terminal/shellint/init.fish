# assay in fish: Alt-e turns the words in the edit line into a command; `acmd WORDS...` does the same from the prompt.
# The command waits in the edit line; nothing runs before Enter.

function __assay_line
    set -l asked (commandline | string collect)
    string match -qr '\S' -- $asked; or return
    set -l found (command @ASSAY@ cmd --line -- $asked </dev/tty)
    if test $status -eq 0
        commandline -r -- (string join \n -- $found)
        commandline -f end-of-line
    end
    commandline -f repaint
end

function acmd --description 'turn words into a command in the edit line'
    set -l found (command @ASSAY@ cmd --line -- $argv)
    or return
    commandline -r -- (string join \n -- $found)
end

if status is-interactive
    bind \ee __assay_line
    bind -M insert \ee __assay_line
end
