#!/bin/bash
#
# Others around us: virt-manager's code edits our domains, other makers' hooks run beside ours, a
# libvirtd that has not seen the hook, a guest that has nothing to do with us, hostile input.

set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HOSTS_DIR/tap.sh"
. "$HOSTS_DIR/guest.sh"
. "$HOSTS_DIR/ferry.sh"

guest=neighbour1
mdev_a=$(uuid_of "$guest a")
mdev_b=$(uuid_of "$guest b")
hooks=/etc/libvirt/hooks/qemu.d
hook=$hooks/50-virtferry

# put_hook HOST NAME: a hook of another maker, which notes its call and puts its name into the title.
put_hook() {
        on_host "$1" "cat >$hooks/$2 && chmod +x $hooks/$2" <<EOF
#!/bin/sh
xml=\$(cat)
echo "\$1 \$2 \$3" >>/run/hook-$2
if [ "\$2" = migrate ]; then
        printf '%s\n' "\$xml" | sed '0,/<description>/s//&$2 /'
fi
EOF
}

define_with_element() {
        local element="<metadata><ferry:domain xmlns:ferry='urn:virtferry:domain:1' version='1'>\
<ferry:device alias='hostdev0' address='0000:00:01.0'><ferry:need migration='required'/>\
</ferry:device></ferry:domain></metadata>"
        guest_xml mtty "$guest" "MDEV=$mdev_a" |
                sed "s#<memory#$element<description>ours</description>&#" |
                on_host a 'virsh -q define /dev/stdin'
}

test_virt_xml_keeps_our_element() {
        ok 'virt-xml edits the guest' -- on_host a "virt-xml $guest --edit --metadata title=edited"
        like "$(on_host a "virsh dumpxml --inactive $guest")" '<title>edited' 'the edit is there'
        like "$(on_host a "virsh dumpxml --inactive $guest")" 'ferry:need migration=.required' \
                'our element has survived'
}

test_other_hooks() {
        put_hook b 10-before
        put_hook b 90-after
        on_host b 'systemctl restart libvirtd'
        ok 'the guest moves with hooks of others before and after ours' -- migrate a b "$guest"
        is "$(source_of b "$guest")" "$mdev_b" 'our change is in the domain'
        like "$(on_host b "virsh dumpxml $guest")" '<description>90-after 10-before ours' 'theirs are too'
        ok 'both were called' -- on_host b \
                'grep -q "migrate begin" /run/hook-10-before && grep -q "migrate begin" /run/hook-90-after'
        on_host b "rm -f $hooks/10-before $hooks/90-after /run/hook-*"
        migrate b a "$guest"
}

test_hook_after_libvirtd() {
        on_host b "mv $hook /run/hook-away && systemctl restart libvirtd"
        wait_until 60 on_host b 'virsh -q list'
        on_host b "mv /run/hook-away $hook && touch $hook"
        like "$(ferry b check 2>&1)" 'libvirtd.*(reload|restart)' \
                'check tells of a libvirtd that has not seen the hook'
        on_host b 'systemctl restart libvirtd'
        wait_until 60 on_host b 'virsh -q list'
        ok 'and is content when it has' -- wait_until 30 ferry b check
}

test_unconcerned_guest() {
        guest_define a plain plain1
        on_host a 'systemctl stop virtferryd && systemctl mask --runtime virtferryd'
        ok 'a guest without passthrough starts while the daemon is away' -- guest_start a plain1
        ok 'and moves' -- migrate a b plain1
        guest_remove plain1
        on_host a 'systemctl unmask --runtime virtferryd && systemctl start virtferryd'
}

resident_kib() {
        # shellcheck disable=SC2016 # the other host's shell expands it
        on_host b 'grep VmHWM /proc/$(systemctl show -P MainPID virtferryd)/status' | tr -dc 0-9
}

# hostile DESC REGEX PYTHON: what the hook says to the domain that the Python expression makes.
hostile() {
        local said
        said=$(python3 -c "
head = '<domain type=\"kvm\"><name>x</name><uuid>$mdev_a</uuid><devices>'
device = '<hostdev mode=\"subsystem\" type=\"mdev\"><source><address uuid=\"$mdev_a\"/></source></hostdev>'
tail = '</devices></domain>'
print($3)" | gzip -1 | on_host b "gunzip | $hook g migrate begin -" 2>&1) && said="accepted: ${#said}"
        like "$said" "^virt-ferry: .*$2" "$1: refused with a sentence"
        is "$(wc -l <<<"$said")" 1 "$1: in one line"
}

test_hostile_input() {
        hostile '10 MB' '' 'head + device * 100000 + tail'
        hostile '10,000 hostdevs' '(256|more than)' 'head + device * 10000 + tail'
        hostile 'deep nesting' '' 'head + device + "<a>" * 5000 + "</a>" * 5000 + tail'
        hostile 'entities' '' '"<!DOCTYPE d [<!ENTITY a \"aaaa\">]>" + head + device + "&a;" + tail'
        hostile 'a wrong version of our element' 'version' \
                'head.replace("<devices>", "<metadata><f:domain xmlns:f=\"urn:virtferry:domain:1\" version=\"9\"/></metadata><devices>") + device + tail'
        ok 'the daemon is there still' -- ferry b leases
        ok 'and was never larger than 64 MiB' -- test "$(resident_kib)" -lt 65536
}

prepare() {
        guest_remove "$guest"
        mdev_create a "$mdev_a"
        mdev_create b "$mdev_b"
        define_with_element
        guest_start a "$guest"
        wait_until 30 lease_runs a "$mdev_a"
}

clean() {
        guest_remove "$guest"
        mdev_remove a "$mdev_a"
        mdev_remove b "$mdev_b"
}

"$HOSTS_DIR/hosts" up
log "starting the guest"
prepare
test_virt_xml_keeps_our_element
test_other_hooks
test_hook_after_libvirtd
test_unconcerned_guest
test_hostile_input
clean
done_testing
