#!/bin/sh
# Runs jobs on a machine and tells of them, so that a job lives on when nobody is connected. Plain POSIX sh and what
# every Linux image has. Installed under a name that holds its own hash: a running copy is never written over.
#
#   new NAME                        makes a job, prints its number
#   put JOB BYTES BYTES BYTES       takes variables, setup, run and the list of nodes from the standard input
#   start JOB                       starts it, and returns
#   tail JOB PHASE OFFSET [once]    prints the log of a phase from a byte on, until the phase has ended
#   status JOB · queue · cancel JOB · newest · active
#
# A job's directory (on the head node: all of these; on the others: those marked *):
#   name submitted started ended    times in seconds since 1970
#   env* setup* run*                what to do; env is removed once it has been read
#   nodes                           rank, key alias, host, port, user, shown address; one node a line
#   pid                             the supervisor and the boot it belongs to
#   state                           SETTING_UP, RUNNING, SUCCEEDED, FAILED_SETUP, FAILED, CANCELLED
#   setup.rc run.rc rc              exit codes; written when the log is complete

set -u
user_umask=$(umask)
umask 077
root=$HOME/.sky
logs=$HOME/sky_logs

boot() { cat /proc/sys/kernel/random/boot_id 2>/dev/null || echo unknown; }

# Writes the second argument to the first as a whole.
set_file() { printf '%s\n' "$2" >"$1.new" && mv -f "$1.new" "$1"; }

need_job() {
  case $1 in '' | *[!0-9]*) echo "no job '$1'" >&2; exit 66 ;; esac
  id=$1
  dir=$root/jobs/$id
  [ -d "$dir" ] || { echo "no job $id" >&2; exit 66; }
}

newest() {
  last=0
  for path in "$root"/jobs/*; do
    number=${path##*/}
    case $number in *[!0-9]*) continue ;; esac
    [ "$number" -gt "$last" ] && last=$number
  done
  echo "$last"
}

new() {
  mkdir -p "$root/jobs" "$logs" || exit 1
  id=$(($(newest) + 1))
  # Two at once: the directory is made by one of them, the other takes the next number.
  until mkdir "$root/jobs/$id" 2>/dev/null; do
    [ -d "$root/jobs/$id" ] || { echo "no job can be made in $root/jobs" >&2; exit 1; }
    id=$((id + 1))
  done
  set_file "$root/jobs/$id/name" "$1"
  set_file "$root/jobs/$id/submitted" "$(date +%s)"
  echo "$id"
}

put() {
  id=$1 dir=$root/jobs/$1
  mkdir -p "$dir" "$logs/$id" || exit 1
  head -c "$2" >"$dir/env" && head -c "$3" >"$dir/setup" && head -c "$4" >"$dir/run" && cat >"$dir/nodes"
}

start() {
  need_job "$1"
  detach=
  command -v setsid >/dev/null 2>&1 && detach=setsid
  umask "$user_umask"
  # shellcheck disable=SC2086
  nohup $detach sh "$0" supervise "$id" >/dev/null 2>"$dir/launcher.log" </dev/null &
  waited=0
  until [ -s "$dir/pid" ]; do
    waited=$((waited + 1))
    [ "$waited" -gt 100 ] && { echo "the launcher did not start" >&2; cat "$dir/launcher.log" >&2; exit 1; }
    sleep 0.1
  done
}

# ---- on the head node: one supervisor a job --------------------------------------------------------------------------

supervise() {
  need_job "$1"
  cancelled=
  trap 'cancelled=1' TERM INT HUP
  set_file "$dir/started" "$(date +%s)"
  set_file "$dir/pid" "$$ $(boot)"
  count=$(wc -l <"$dir/nodes")
  state=SUCCEEDED code=0
  phase setup SETTING_UP || state=FAILED_SETUP
  [ "$code" = 0 ] && { phase run RUNNING || state=FAILED; }
  [ -n "$cancelled" ] && state=CANCELLED code=130
  [ "$state" = SUCCEEDED ] || forget_variables
  set_file "$dir/state" "$state"
  set_file "$dir/ended" "$(date +%s)"
  set_file "$dir/rc" "$code"
}

# Secrets of a job that never came to its run stay nowhere.
forget_variables() {
  rm -f "$dir/env"
  while read -r rank alias host port user address; do
    [ "$rank" = 0 ] || on_worker "rm -f .sky/jobs/$id/env" >/dev/null 2>&1 </dev/null
  done <"$dir/nodes"
}

# Runs one phase on all nodes; the first failure stops the others and is the phase's code.
phase() {
  [ -s "$dir/$1" ] || return 0
  [ -z "$cancelled" ] || { code=130; return 1; }
  set_file "$dir/state" "$2"
  log=$logs/$id/$1.log
  : >>"$log"
  while read -r rank alias host port user address; do
    follow_node "$1" &
  done <"$dir/nodes"
  watch_nodes "$1"
  wait
  set_file "$dir/$1.rc" "$code"
  [ "$code" = 0 ]
}

# Waits until every node has a code; `code` is the first that is not 0.
watch_nodes() {
  ended=0 ticks=0
  while [ "$ended" -lt "$count" ]; do
    sleep 0.1
    ended=0 rank=0
    while [ "$rank" -lt "$count" ]; do
      if [ -s "$dir/$1.$rank.rc" ]; then
        ended=$((ended + 1))
        read -r one <"$dir/$1.$rank.rc"
        if [ "$code" = 0 ] && [ "$one" != 0 ]; then
          code=$one
          # Nobody else is to be blamed for being stopped.
          [ "$count" -gt 1 ] && [ -z "$cancelled" ] &&
            echo "sky: rank $rank failed with exit code $one; stopping the other nodes" >>"$log"
        fi
      fi
      rank=$((rank + 1))
    done
    [ -n "$cancelled" ] && [ "$code" = 0 ] && code=130
    # Again from time to time: one may have been on its way up when it was told first.
    if [ "$code" != 0 ]; then
      [ "$((ticks % 20))" = 0 ] && stop_nodes "$1"
      ticks=$((ticks + 1))
    fi
  done
}

stop_nodes() {
  : >"$dir/stopping"
  rank=0
  while [ "$rank" -lt "$count" ]; do
    if [ ! -s "$dir/$1.$rank.rc" ] && [ -s "$dir/$1.$rank.pid" ]; then
      kill -TERM "$(cat "$dir/$1.$rank.pid")" 2>/dev/null
    fi
    rank=$((rank + 1))
  done
}

# One node of a phase: its output goes to the log, with a label where there are several nodes.
follow_node() {
  exec </dev/null
  {
    run_node "$1" 2>&1
    set_file "$dir/$1.$rank.rc" "$?"
  } | {
    # What a login file prints comes before it.
    while read -r line; do
      case $line in "sky-pid "*) break ;; *) printf '%s\n' "$line" ;; esac
    done
    pid=${line#sky-pid }
    name=head where=
    [ "$rank" = 0 ] || { name=worker$rank where=", ip=$address"; }
    # sed keeps lines whole, so that nodes do not write into each other's.
    if [ "$count" -gt 1 ]; then sed -u "s/^/($name, rank=$rank, pid=$pid$where) /"; else cat; fi
  } >>"$log" 2>&1
}

# The process that stands for the node: stopping it stops what runs there.
run_node() {
  if [ "$rank" = 0 ]; then
    sh -c 'echo $$ >"$1.new"; mv "$1.new" "$1"; exec sh "$2" piece "$3" "$4"' \
      sh "$dir/$1.$rank.pid" "$0" "$id" "$1"
    return
  fi
  pid_file=$dir/$1.$rank.pid
  on_worker "exec sh .sky/bin/${0##*/} piece $id $1"
  ssh_code=$?
  [ "$ssh_code" = 255 ] && [ ! -e "$dir/stopping" ] && echo "sky: the connection from the head node to rank $rank was lost"
  return "$ssh_code"
}

# A command on the node that `rank`, `alias`, `host`, `port` and `user` are of, by the cluster's own key.
on_worker() {
  # shellcheck disable=SC2016
  sh -c 'echo $$ >"$1.new"; mv "$1.new" "$1"; shift; exec ssh "$@"' sh "${pid_file-$dir/forget.pid}" \
    -F /dev/null -T -i "$root/internal/key" -o IdentitiesOnly=yes -o BatchMode=yes -o ConnectTimeout=20 \
    -o ServerAliveInterval=15 -o ServerAliveCountMax=4 -o StrictHostKeyChecking=yes -o CheckHostIP=no \
    -o "UserKnownHostsFile=$root/internal/known_hosts" -o GlobalKnownHostsFile=/dev/null -o LogLevel=ERROR \
    -o "HostKeyAlias=$alias" -p "$port" "$user@$host" "$1"
}

# ---- on every node: its piece of a phase ------------------------------------------------------------------------------

# Prints a line with its process id, then what the commands print; ends with their code. Stops them when it is stopped, or when
# the head node's connection is gone.
piece() {
  need_job "$1"
  what=$2
  shell=$(command -v bash || command -v sh)
  detach=
  command -v setsid >/dev/null 2>&1 && detach=setsid
  rm -f "$dir/out.$what"
  mkfifo "$dir/out.$what" || exit 1
  cat <"$dir/out.$what" &
  copier=$!
  umask "$user_umask"
  # shellcheck disable=SC2086,SC2016
  $detach "$shell" -c '
    for file in "$HOME/.bashrc" /opt/conda/etc/profile.d/conda.sh "$HOME/miniconda3/etc/profile.d/conda.sh"; do
      [ -r "$file" ] && . "$file" >/dev/null 2>&1
    done
    export PYTHONUNBUFFERED=1
    . "$1/env"
    if [ "$2" = run ] || [ ! -s "$1/run" ]; then rm -f "$1/env"; fi
    export SKYPILOT_INTERNAL_JOB_ID="${1##*/}"
    [ -d "$HOME/sky_workdir" ] && cd "$HOME/sky_workdir"
    sky_script=$1/$2
    set --
    . "$sky_script"' "$shell" "$dir" "$what" >"$dir/out.$what" 2>&1 </dev/null &
  pid=$!
  echo "sky-pid $pid"
  stopping=
  ending=
  trap '[ -n "$ending" ] || end_group; stopping=1' TERM INT HUP
  watch_connection >/dev/null 2>&1 </dev/null &
  watcher=$!
  wait "$pid"
  result=$?
  while [ -n "$stopping" ]; do
    stopping=
    wait "$pid"
    result=$?
  done
  # What the commands left in the background may hold the output open; it is not waited for.
  { sleep 2; kill "$copier"; } >/dev/null 2>&1 </dev/null &
  impatience=$!
  wait "$copier" 2>/dev/null
  kill "$impatience" "$watcher" 2>/dev/null
  rm -f "$dir/out.$what"
  [ "$result" = 0 ] || rm -f "$dir/env"
  exit "$result"
}

end_group() {
  ending=1
  kill -s TERM -- "-$pid" 2>/dev/null || kill -TERM "$pid" 2>/dev/null
  { sleep 10; kill -s KILL -- "-$pid"; } >/dev/null 2>&1 </dev/null &
}

watch_connection() {
  while kill -0 "$pid" 2>/dev/null; do
    kill -0 "$PPID" 2>/dev/null || { end_group; return; }
    sleep 1
  done
}

# ---- telling ---------------------------------------------------------------------------------------------------------

# True while the job's supervisor runs: of this boot, and no other process that got its number.
alive() {
  [ -s "$1/pid" ] || return 1
  read -r supervisor of_boot <"$1/pid"
  [ "$of_boot" = "$(boot)" ] && kill -0 "$supervisor" 2>/dev/null
}

# STATE CODE of a job's directory; the code is - until there is one.
state_of() {
  if [ -s "$1/rc" ]; then
    echo "$(cat "$1/state") $(cat "$1/rc")"
  elif alive "$1"; then
    echo "$(cat "$1/state" 2>/dev/null || echo SETTING_UP) -"
  elif [ -s "$1/rc" ]; then
    # It ended between the two looks.
    echo "$(cat "$1/state") $(cat "$1/rc")"
  elif [ -s "$1/pid" ]; then
    echo "LOST -"
  else
    echo "PENDING -"
  fi
}

status() {
  need_job "$1"
  state_of "$dir"
}

queue() {
  last=$(newest)
  while [ "$last" -gt 0 ]; do
    at=$root/jobs/$last
    if [ -s "$at/name" ]; then
      printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$last" "$(state_of "$at" | tr ' ' '\t')" \
        "$(cat "$at/submitted" 2>/dev/null || echo -)" "$(cat "$at/started" 2>/dev/null || echo -)" \
        "$(cat "$at/ended" 2>/dev/null || echo -)" "$(cat "$at/name")"
    fi
    last=$((last - 1))
  done
}

# True if a job runs, or has just been made and waits for its files.
active() {
  for path in "$root"/jobs/*; do
    [ -d "$path" ] || continue
    [ -s "$path/rc" ] && continue
    alive "$path" && return 0
    [ ! -s "$path/pid" ] && [ -n "$(find "$path" -maxdepth 0 -mmin -10 2>/dev/null)" ] && return 0
  done
  return 1
}

cancel() {
  need_job "$1"
  if [ ! -s "$dir/rc" ] && alive "$dir"; then
    kill -TERM "$supervisor"
    waited=0
    until [ -s "$dir/rc" ] || [ "$waited" -gt 200 ]; do
      waited=$((waited + 1))
      sleep 0.1
    done
  fi
  state_of "$dir"
}

tail_log() {
  need_job "$1"
  log=$logs/$id/$2.log offset=$3
  [ "$2" = run ] || [ -s "$dir/$2" ] || exit 0
  # Who has seen the last phase's log wants to know next how the job ended.
  end=$dir/$2.rc
  [ "$2" = run ] && end=$dir/rc
  while :; do
    over=
    { [ -n "$4" ] || [ -s "$end" ] || [ -s "$dir/rc" ] || ! alive "$dir"; } && over=1
    size=0
    [ -e "$log" ] && size=$(wc -c <"$log")
    if [ "$size" -gt "$offset" ]; then
      tail -c "+$((offset + 1))" "$log" | head -c "$((size - offset))" || exit 0
      offset=$size
    fi
    [ -z "$over" ] || exit 0
    # Nobody reads any more.
    kill -0 "$PPID" 2>/dev/null || exit 0
    sleep 0.1
  done
}

verb=$1
shift
case $verb in
  new) new "$1" ;;
  put) put "$1" "$2" "$3" "$4" ;;
  start) start "$1" ;;
  supervise) supervise "$1" ;;
  piece) piece "$1" "$2" ;;
  tail) tail_log "$1" "$2" "$3" "${4-}" ;;
  status) status "$1" ;;
  queue) queue ;;
  cancel) cancel "$1" ;;
  newest) newest ;;
  active) active ;;
  *) echo "launcher: no verb $verb" >&2; exit 64 ;;
esac
