# The first process of the box, which no signal from inside can end. fd 0: the driver; fd 1 and 2: the command's output.
# Every line is a builtin until a script of the case is started: a box has to come up in milliseconds.
exec 3<&0 4>&1 5>&2 </dev/null >/opt/box/log 2>&1
printf init >/proc/1/comm
printf 1000 >/proc/1/oom_score_adj

say() { printf '%s\n' "$*" >&3; }
go_on() { (read -r answer <&3) || exit 1; }  # waiting for a child, this process buries the dead of others too
script() {
    [ ! -f "/opt/box/$1" ] || bash -e "/opt/box/$1" 3<&- 4>&- 5>&- || { say "failed $1 $?"; exit 1; }
}

# Only now would this process die with the driver: one that has died before is not there to answer.
say here
read -r answer <&3 || exit 1

script fixture
script background
cd -- "$1" || { say "failed cwd 1"; exit 1; }
say ready
go_on
(exec $3 bash -c "$2" 3<&- 4>&- 5>&-) >&4 2>&5  # $3: words that keep it from starving who watches, or none
status=$?
exec 4>&- 5>&-
say "done $status"
go_on
cd /home/user
bash /opt/box/after >/opt/box/answer 3<&-
say "over $?"
go_on
