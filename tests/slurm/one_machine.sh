#!/bin/bash
# A real Slurm of one machine with pretend GPUs, on loopback and without systemd. Needs root, and
# Debian's or Ubuntu's packages slurmctld, slurmd, slurm-client and munge.
#
#   one_machine.sh install | start [CPUS] [GPUS] | controller stop|start | stop
#
# State and logs lie in $SCENERY_SLURM (/run/scenery-slurm). An /etc/slurm/slurm.conf that is not
# this script's own is never touched.
set -eu
STATE=${SCENERY_SLURM:-/run/scenery-slurm}
HOST=$(hostname -s)
CONFIG=/etc/slurm/slurm.conf

fail() {
	echo "$1" >&2
	exit 2
}

ours() {
	[ ! -e $CONFIG ] || grep -q '^ClusterName=scenery$' $CONFIG ||
		fail "$CONFIG is there and not this script's: this machine has a Slurm of its own."
}

# Ends the process of a PID file and waits for it, with force after five seconds.
end() {
	[ -e "$1" ] || return 0
	local process try
	process=$(cat "$1")
	kill "$process" 2>/dev/null || return 0
	for try in $(seq 100); do
		grep -qs '^State:.[RSD]' "/proc/$process/status" || return 0
		[ "$try" != 50 ] || kill -9 "$process" 2>/dev/null || true
		sleep 0.1
	done
}

idle() {
	# Clients retry for long while the controller is down.
	[ "$(timeout 2 sinfo -h -t idle,mix,alloc -o %D 2>/dev/null)" = 1 ]
}

wait_until_idle() {
	local try
	for try in $(seq 50); do
		idle && return 0
		sleep 0.2
	done
	timeout 2 sinfo -R || true
	tail -n 20 "$STATE"/*.log
	return 1
}

configure() {
	rm -rf "$STATE"
	mkdir -p "$STATE/state" "$STATE/spool" "$STATE/dev"
	# A GPU must be a device file; clones of /dev/null do, or the real one where mknod is forbidden.
	local gpus=$2 device="$STATE/dev/gpu[0-$(($2 - 1))]" number
	for number in $(seq 0 $((gpus - 1))); do
		mknod "$STATE/dev/gpu$number" c 1 3 2>/dev/null || gpus=2
	done
	if [ -c "$STATE/dev/gpu0" ]; then
		echo "NodeName=$HOST Name=gpu File=$device" >/etc/slurm/gres.conf
	else
		printf 'NodeName=%s Name=gpu File=%s\n' "$HOST" /dev/null "$HOST" /dev/zero >/etc/slurm/gres.conf
	fi
	cat >$CONFIG <<-C
		ClusterName=scenery
		SlurmctldHost=$HOST(127.0.0.1)
		CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
		SlurmUser=root
		StateSaveLocation=$STATE/state
		SlurmdSpoolDir=$STATE/spool
		SlurmctldPidFile=$STATE/slurmctld.pid
		SlurmdPidFile=$STATE/slurmd.pid
		SlurmctldLogFile=$STATE/slurmctld.log
		SlurmdLogFile=$STATE/slurmd.log
		ProctrackType=proctrack/linuxproc
		TaskPlugin=task/none
		JobAcctGatherType=jobacct_gather/none
		AccountingStorageType=accounting_storage/none
		SelectType=select/cons_tres
		SelectTypeParameters=CR_Core
		GresTypes=gpu
		EnforcePartLimits=ALL
		ReturnToService=2
		MinJobAge=86400
		KillWait=5
		SlurmdParameters=config_overrides
		NodeName=$HOST NodeAddr=127.0.0.1 CPUs=$1 RealMemory=256000 Gres=gpu:$gpus
		PartitionName=main Nodes=$HOST Default=YES
	C
}

case "${1:?install | start [CPUS] [GPUS] | controller stop|start | stop}" in
install)
	ours
	apt-get update -q
	DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
		slurmctld slurmd slurm-client munge
	;;
start)
	ours
	getent ahostsv4 "$HOST" | grep -q '^127\.' || fail "Put '127.0.0.1 $HOST' into /etc/hosts first."
	configure "${2:-32}" "${3:-8}"
	install -d -o munge -g munge -m 755 /run/munge
	# Daemons must not keep the caller's output open, or a CI step would never end.
	munge -n >/dev/null 2>&1 ||
		runuser -u munge -- /usr/sbin/munged --force --origin=127.0.0.1 </dev/null >/dev/null 2>&1
	/usr/sbin/slurmctld </dev/null >/dev/null 2>&1
	/usr/sbin/slurmd </dev/null >/dev/null 2>&1
	wait_until_idle
	;;
controller)
	ours
	case "${2:?stop or start}" in
	stop) end "$STATE/slurmctld.pid" ;;
	start)
		/usr/sbin/slurmctld </dev/null >/dev/null 2>&1
		wait_until_idle
		;;
	esac
	;;
stop)
	ours
	timeout 10 squeue -h -o %A 2>/dev/null | sort -u | xargs -r timeout 10 scancel || true
	sleep 1
	end "$STATE/slurmd.pid"
	end "$STATE/slurmctld.pid"
	end /run/munge/munged.pid
	rm -f $CONFIG /etc/slurm/gres.conf
	;;
*) fail "unknown: $1" ;;
esac
