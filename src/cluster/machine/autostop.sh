#!/bin/sh
# Stops this machine, and the other nodes of its cluster, when there has been nothing to do for a while. It runs on the
# head node, so that it holds when nobody is connected.
#
#   check KIND CLOUD                     says what will happen instead of KIND, if anything; 3 if nothing can
#   set SECONDS KIND CLOUD LAUNCHER      watches from now on; the nodes come over the standard input
#   cancel                               watches no longer
#   show                                 prints SECONDS KIND, if it watches
#   watch                                the watcher itself
#   now KIND CLOUD                       stops this machine
#
# KIND is stop or down, CLOUD is aws, gcp or azure, or any where the cloud terminates what shuts itself down.
# SKY_STOP_COMMAND in the machine's environment replaces the cloud's own way; it is run with SKY_STOP_KIND set.

set -u
umask 077
root=$HOME/.sky
state=$root/autostop
unit=sky-autostop.service
as_root=
[ "$(id -u)" = 0 ] || as_root="sudo -n"

# Seconds since the machine was started: nobody sets that clock.
uptime_seconds() { cut -d. -f1 /proc/uptime; }

# ---- watching --------------------------------------------------------------------------------------------------------

busy() {
  sh "$root/bin/$launcher" active && return 0
  # Files on their way here.
  pgrep -x rsync >/dev/null 2>&1 && return 0
  # Somebody at a prompt.
  who 2>/dev/null | grep -q .
}

watch() {
  echo "$$" >"$state/pid"
  idle_since=$(uptime_seconds)
  while read -r own 2>/dev/null <"$state/pid" && [ "$own" = "$$" ]; do
    # Read anew each time: they may have been changed.
    read -r limit kind cloud launcher <"$state/plan" || exit 0
    now=$(uptime_seconds)
    busy && idle_since=$now
    if [ "$((now - idle_since))" -ge "$limit" ]; then
      echo "$(date): idle for $((now - idle_since)) s: $kind"
      stop_all
      # If that did not help, again after another while.
      idle_since=$(uptime_seconds)
    fi
    pause=$((limit / 10))
    [ "$pause" -gt 20 ] && pause=20
    [ "$pause" -lt 1 ] && pause=1
    sleep "$pause"
  done
}

stop_all() {
  while read -r rank alias host port user _; do
    [ "$rank" = 0 ] || ssh -F /dev/null -T -i "$root/internal/key" -o IdentitiesOnly=yes -o BatchMode=yes \
      -o ConnectTimeout=20 -o StrictHostKeyChecking=yes -o CheckHostIP=no \
      -o "UserKnownHostsFile=$root/internal/known_hosts" -o GlobalKnownHostsFile=/dev/null \
      -o "HostKeyAlias=$alias" -p "$port" "$user@$host" "sh .sky/bin/${0##*/} now $kind $cloud" </dev/null
  done <"$state/nodes"
  stop_here
}

# ---- each cloud's way to stop a machine from within -------------------------------------------------------------------

stop_here() {
  if [ -n "${SKY_STOP_COMMAND-}" ]; then
    SKY_STOP_KIND=$kind sh -c "$SKY_STOP_COMMAND"
    return
  fi
  case $cloud-$kind in
    aws-down) aws_terminate || shut_down ;;
    gcp-down) gcp_delete || shut_down ;;
    azure-down) azure_call DELETE "" || azure_call POST /deallocate ;;
    azure-stop) azure_call POST /deallocate ;;
    *) shut_down ;;
  esac
}

shut_down() { sync; $as_root shutdown -h now; }

metadata=${SKY_METADATA_URL-http://169.254.169.254}

fetch() { curl -fsS --max-time 10 "$@"; }

field() { sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p"; }

aws_about() {
  session=$(fetch -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$metadata/latest/api/token") || return 1
  fetch -H "X-aws-ec2-metadata-token: $session" "$metadata/latest/meta-data/$1"
}

# Works where the machine has a role that may do it.
aws_terminate() {
  command -v aws >/dev/null && aws ec2 terminate-instances --region "$(aws_about placement/region)" \
    --instance-ids "$(aws_about instance-id)"
}

gcp_about() { fetch -H 'Metadata-Flavor: Google' "$metadata/computeMetadata/v1/$1"; }

gcp_delete() {
  # In two steps: the token stays off the command line.
  token=$(gcp_about instance/service-accounts/default/token | field access_token)
  [ -n "$token" ] || return 1
  name=$(gcp_about instance/name) && place=$(gcp_about instance/zone) || return 1
  printf 'Authorization: Bearer %s\n' "$token" |
    fetch -X DELETE -H @- "${SKY_CLOUD_URL-https://compute.googleapis.com}/compute/v1/$place/instances/$name"
}

azure_token() {
  fetch -H 'Metadata: true' "$metadata/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://management.azure.com/" |
    field access_token
}

azure_call() {
  token=$(azure_token)
  [ -n "$token" ] || return 1
  self=$(fetch -H 'Metadata: true' "$metadata/metadata/instance/compute/resourceId?api-version=2021-02-01&format=text") || return 1
  printf 'Authorization: Bearer %s\n' "$token" | fetch -X "$1" -H @- -H 'Content-Length: 0' \
    "${SKY_CLOUD_URL-https://management.azure.com}$self$2?api-version=2024-07-01"
}

check() {
  [ -z "${SKY_STOP_COMMAND-}" ] || return 0
  case $2 in
    azure)
      [ -n "$(azure_token 2>/dev/null)" ] && return 0
      echo "the machine has no managed identity, so it cannot deallocate itself, and Azure bills a machine that is" \
        "merely shut down; give it an identity with the role 'Virtual Machine Contributor', or use \`sky $1\`"
      return 3
      ;;
  esac
  if [ -n "$as_root" ] && ! $as_root true 2>/dev/null; then
    echo "the user $(id -un) may not shut the machine down without a password"
    return 3
  fi
  case $2-$1 in
    aws-down)
      command -v aws >/dev/null && aws_about iam/security-credentials/ >/dev/null 2>&1 && return 0
      echo "Amazon was not told to terminate the machine when it shuts down, and it has no role by which it may do so" \
        "itself: it stops, and its disk is billed until \`sky down\`"
      ;;
    gcp-down)
      gcp_about instance/service-accounts/default/scopes 2>/dev/null |
        grep -Eq 'auth/(compute|cloud-platform)$' && return 0
      echo "the machine has no service account by which it may delete itself: it stops, and its disk is billed until" \
        "\`sky down\`"
      ;;
  esac
}

# ---- beginning and ending ---------------------------------------------------------------------------------------------

by_systemd() { [ -d /run/systemd/system ] && [ -z "${SKY_STOP_COMMAND-}" ] && $as_root true 2>/dev/null; }

set_up() {
  mkdir -p "$state" && cat >"$state/nodes" || exit 1
  printf '%s\n' "$1 $2 $3 $4" >"$state/plan.new" && mv -f "$state/plan.new" "$state/plan" || exit 1
  if by_systemd; then
    # Begins again when the machine does.
    printf '%s\n' '[Unit]' 'Description=Stops this machine when it is idle (sky)' '[Service]' "User=$(id -un)" \
      "Environment=HOME=$HOME" "ExecStart=/bin/sh $root/bin/${0##*/} watch" 'Restart=on-failure' \
      '[Install]' 'WantedBy=multi-user.target' | $as_root tee "/etc/systemd/system/$unit" >/dev/null &&
      $as_root systemctl daemon-reload && $as_root systemctl enable "$unit" >/dev/null 2>&1 &&
      $as_root systemctl restart "$unit" && return
  fi
  rm -f "$state/pid"
  detach=
  command -v setsid >/dev/null 2>&1 && detach=setsid
  nohup $detach sh "$0" watch >>"$state/log" 2>&1 </dev/null &
  waited=0
  until [ -s "$state/pid" ]; do
    waited=$((waited + 1))
    [ "$waited" -gt 100 ] && { echo "the watcher did not start" >&2; cat "$state/log" >&2; exit 1; }
    sleep 0.1
  done
}

cancel() {
  rm -f "$state/plan" "$state/pid"
  if by_systemd && [ -e "/etc/systemd/system/$unit" ]; then
    $as_root systemctl disable --now "$unit" >/dev/null 2>&1
    $as_root rm -f "/etc/systemd/system/$unit"
  fi
}

show() {
  [ -s "$state/plan" ] || return 0
  read -r limit kind _ <"$state/plan"
  echo "$limit $kind"
}

verb=$1
shift
case $verb in
  check) check "$1" "$2" ;;
  set) set_up "$1" "$2" "$3" "$4" ;;
  cancel) cancel ;;
  show) show ;;
  watch) watch ;;
  now) kind=$1 cloud=$2; stop_here ;;
  *) echo "autostop: no verb $verb" >&2; exit 64 ;;
esac
