/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/main/daemon.h"

#include <errno.h>
#include <signal.h>
#include <systemd/sd-daemon.h>

#include "daemon/advice-check.h"
#include "daemon/advisor.h"
#include "daemon/cluster/draining.h"
#include "daemon/cluster/cluster.h"
#include "daemon/edges/agent-links.h"
#include "daemon/edges/announce.h"
#include "daemon/edges/claims.h"
#include "daemon/edges/clock.h"
#include "daemon/edges/hook-flags.h"
#include "daemon/edges/metronome.h"
#include "daemon/edges/sampler.h"
#include "daemon/edges/switch-watch.h"
#include "daemon/edges/trial-helper.h"
#include "daemon/edges/uevent.h"
#include "daemon/edges/virt.h"
#include "daemon/guest-list.h"
#include "daemon/main/cluster-edge.h"
#include "daemon/main/guests.h"
#include "daemon/main/journal.h"
#include "daemon/main/metrics-sockets.h"
#include "daemon/manager.h"
#include "daemon/meter.h"
#include "daemon/names.h"
#include "daemon/slices.h"
#include "dbus/faces.h"

struct Daemon {
        sd_event *loop;
        sd_event_source *idle;
        sd_bus *bus;
        Sysfs *sysfs;
        Rtnl *rtnl;
        Manager *manager;
        HostState host;
        Journal *journal;
        Faces *faces;
        Uevents *uevents;
        SwitchWatch *switches;
        Announcer *announcer;
        Clock *clock;
        Sampler *sampler;
        Metronome *metronome;
        Metrics *metrics;
        MetricsServer *metrics_server; /* NULL: nobody may read them */
        TrialHelper *trial_helper;
        AgentLinks *agents;
        ClaimsEdge *claims;
        ClusterEdge *cluster; /* NULL: this host is in none */
        Virt *virt;
        Guests *guests; /* NULL: they may not ask */
};

/* For what is no outcome of ours: "WHAT: reason". */
static bool fail(GError **error, int r, const char *what) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(-r), "%s: %s", what,
                    g_strerror(-r));
        return false;
}

static void notify_status(const Daemon *daemon) {
        (void)sd_notifyf(false, "STATUS=%u devices, %s", inventory_size(daemon->manager->inventory),
                         !daemon->virt                    ? "without libvirt"
                         : daemon->manager->libvirt_known ? "connected to libvirt"
                                                          : "connecting to libvirt");
}

/* From the rings inside to the faces ---------------------------------------------- */

static void on_device(void *userdata, InventoryChange change, const Device *device) {
        Daemon *daemon = userdata;

        faces_on_device(daemon->faces, change, device);
        slices_on_host_changed(daemon->manager->slices);
        cluster_on_host_changed(daemon->manager->cluster);
        if (change != INVENTORY_CHANGED)
                notify_status(daemon);
}

static void on_lease(void *userdata, LeaseChange change, const Lease *lease) {
        Daemon *daemon = userdata;

        journal_lease(change, lease);
        faces_on_lease(daemon->faces, change, lease);
        slices_on_leases_changed(daemon->manager->slices);
        cluster_on_host_changed(daemon->manager->cluster);
        if (change == LEASE_REMOVED)
                slices_on_lease_gone(daemon->manager->slices, lease->domain_uuid);
}

static void on_slice(void *userdata, SliceChange change, const SliceEntry *entry) {
        Daemon *daemon = userdata;

        journal_slice(daemon->journal, change, entry);
        faces_on_slice(daemon->faces, change, entry);
        cluster_on_host_changed(daemon->manager->cluster);
        guests_on_slice(daemon->guests, entry);
}

static void on_advice(void *userdata, AdviceChange change, const AdvisorEntry *entry) {
        const Daemon *daemon = userdata;

        faces_on_advice(daemon->faces, change, entry);
}

static void on_migration(void *userdata, MigrationChange change, const Migration *migration) {
        Daemon *daemon = userdata;

        journal_migration(daemon->journal, change, migration);
        metrics_on_migration(daemon->metrics, change, migration);
        faces_on_migration(daemon->faces, change, migration);
}

/* An ActorCheck. */
static char *check_guest(void *userdata, const AdvisorDraft *draft, const GuestEvent *found) {
        const Daemon *daemon = userdata;

        return advice_check(daemon->manager, &daemon->host, draft, found);
}

static void on_drain(void *userdata, const DrainRecord *before, const DrainRecord *now) {
        Daemon *daemon = userdata;

        drained_flag_set(daemon->manager->sysfs, now != NULL);
        journal_drain(before, now);
        faces_on_drain(daemon->faces);
        cluster_on_host_changed(daemon->manager->cluster);
        if (daemon->manager->cluster)
                draining_wake(cluster_draining(daemon->manager->cluster));
}

static void on_agent(void *userdata, AgentState before, const AgentEntry *agent) {
        Daemon *daemon = userdata;

        journal_agent(before, agent);
        slices_on_host_changed(daemon->manager->slices);
        cluster_on_host_changed(daemon->manager->cluster);
}

static void on_trial(void *userdata, const char *device, const TrialReport *report,
                     const GError *error) {
        Daemon *daemon = userdata;

        journal_trial(device, report, error);
        faces_on_trial(daemon->faces, device, report, error);
}

/* From the edges to the manager --------------------------------------------------- */

static void on_uevent(void *userdata, const char *subsystem, const char *name) {
        Daemon *daemon = userdata;

        manager_on_device_event(daemon->manager, subsystem, name);
}

static void on_switch(void *userdata) {
        Daemon *daemon = userdata;

        manager_on_switch_event(daemon->manager);
}

static void on_guest(void *userdata, const GuestEvent *event) {
        Daemon *daemon = userdata;
        bool known = daemon->manager->libvirt_known;

        daemon->host.libvirt_version = virt_get_version(daemon->virt);
        daemon->manager->libvirt_version = daemon->host.libvirt_version;
        daemon->host.qemu_version = virt_get_qemu_version(daemon->virt);
        daemon->manager->qemu_version = daemon->host.qemu_version;
        manager_on_guest_event(daemon->manager, event);
        guests_on_guest_event(daemon->guests, event);
        cluster_on_guest_event(daemon->manager->cluster, event);
        if (guest_list_on_guest_event(daemon->manager, event))
                faces_on_guests(daemon->faces);
        if (daemon->manager->libvirt_known == known)
                return;

        faces_on_libvirt(daemon->faces);
        cluster_on_host_changed(daemon->manager->cluster);
        notify_status(daemon);
}

/* Asks for slices that came together are written together: nothing else is to be done now. */
static int on_idle(sd_event_source *source, void *userdata) {
        Daemon *daemon = userdata;

        if (slices_is_pending(daemon->manager->slices))
                slices_flush(daemon->manager->slices);
        return 0;
}

/* Beginning ----------------------------------------------------------------------- */

static bool open_loop(Daemon *daemon, GError **error) {
        int r;

        r = sd_event_default(&daemon->loop);
        if (r >= 0)
                r = sd_event_set_watchdog(daemon->loop, true);
        if (r >= 0)
                r = sd_event_add_signal(daemon->loop, NULL, SIGTERM, NULL, NULL);
        if (r >= 0)
                r = sd_event_add_signal(daemon->loop, NULL, SIGINT, NULL, NULL);
        return r >= 0 || fail(error, r, "The event loop cannot be made");
}

static bool open_bus(Daemon *daemon, GError **error) {
        int r;

        r = sd_bus_open_system(&daemon->bus);
        if (r >= 0)
                r = sd_bus_set_exit_on_disconnect(daemon->bus, true);
        if (r >= 0)
                r = sd_bus_attach_event(daemon->bus, daemon->loop, SD_EVENT_PRIORITY_NORMAL);
        return r >= 0 || fail(error, r, "No connection to the system bus");
}

/* Below the root, where a made-up host has rules of its own or none. */
static void load_rules(const Daemon *daemon, Config *config) {
        static const char *const directories[] = { &FERRY_RULES[1], &FERRY_OWN_RULES[1], NULL };
        const GPtrArray *problems;

        compat_free(config->compat);
        config->compat = compat_load(sysfs_root_fd(daemon->sysfs), directories);
        problems = compat_problems(config->compat);
        for (guint i = 0; i < problems->len; i++)
                journal_rules_passed_over(problems->pdata[i]);
}

/* It would answer for this host, whatever the root is. */
static int open_rtnl(Daemon *daemon, const DaemonOptions *options) {
        return g_str_equal(options->root, "/") ? rtnl_open(&daemon->rtnl) : 0;
}

static bool start_manager(Daemon *daemon, const DaemonOptions *options, Config *config,
                          GError **error) {
        const char *damaged;
        int r;

        daemon->sysfs = sysfs_open(options->root);
        if (!daemon->sysfs) {
                config_free(config);
                return fail(error, -errno, options->root);
        }

        load_rules(daemon, config);
        daemon->manager = manager_new(config, daemon->sysfs, options->state, NULL, error);
        if (!daemon->manager)
                return false;

        r = open_rtnl(daemon, options);
        if (r < 0)
                return fail(error, r, "No connection to rtnetlink");

        daemon->manager->rtnl = daemon->rtnl;
        damaged = store_damaged_path(daemon->manager->store);
        if (damaged)
                journal_store_damaged(options->state, damaged);
        return manager_start(daemon->manager, error);
}

static bool show_faces(Daemon *daemon, GError **error) {
        Manager *manager = daemon->manager;
        g_autoptr(GPtrArray) entries = NULL;
        int r;

        r = faces_new(daemon->bus, manager, &daemon->host, &daemon->faces);
        if (r < 0)
                return fail(error, r, "The objects cannot be put on the bus");

        daemon->metrics = metrics_new(manager);
        inventory_set_listener(manager->inventory, on_device, daemon);
        lease_book_set_listener(manager->leases, on_lease, daemon);
        migration_log_set_listener(manager->migrations, on_migration, daemon);
        trials_set_listener(manager->trials, on_trial, daemon);
        advisor_set_check(manager->advisor, check_guest, daemon);
        advisor_set_listener(manager->advisor, on_advice, daemon);
        drain_set_listener(manager->drain, on_drain, daemon);
        entries = slice_book_list(slices_book(manager->slices));
        journal_know_slices(daemon->journal, entries);
        slices_set_listener(manager->slices, on_slice, daemon);
        drained_flag_set(manager->sysfs, drain_get(manager->drain) != NULL);
        claims_flags_set(manager->sysfs, manager->config->claims);
        return true;
}

/* Of a made-up host no kernel tells, and none is told. */
static int open_kernel(Daemon *daemon) {
        int r;

        r = uevents_new(daemon->loop, on_uevent, daemon, &daemon->uevents);
        if (r >= 0)
                r = switch_watch_new(daemon->loop, on_switch, daemon, &daemon->switches);
        if (r >= 0 && daemon->manager->config->announce) {
                daemon->announcer = announcer_new(daemon->loop);
                daemon->manager->announce = announcer_get_ops(daemon->announcer);
        }
        return r;
}

static int open_idle(Daemon *daemon) {
        int r;

        r = sd_event_add_post(daemon->loop, &daemon->idle, on_idle, daemon);
        return r < 0 ? r : sd_event_source_set_priority(daemon->idle, SD_EVENT_PRIORITY_IDLE);
}

static bool start_edges(Daemon *daemon, const DaemonOptions *options, GError **error) {
        int r = 0;

        if (g_str_equal(options->root, "/"))
                r = open_kernel(daemon);
        if (r < 0)
                return fail(error, r, "The kernel's events about devices cannot be had");

        r = open_idle(daemon);
        if (r < 0)
                return fail(error, r, "No event source can be made");

        r = clock_new(daemon->loop, daemon->manager, &daemon->clock);
        if (r >= 0)
                r = sampler_new(daemon->loop, daemon->manager->traffic, &daemon->sampler);
        if (r >= 0)
                r = metronome_new(daemon->loop, daemon->manager->meter, &daemon->metronome);
        if (r < 0)
                return fail(error, r, "No timer can be made");

        r = claims_edge_new(daemon->bus, CLAIMS_TIMEOUT_USEC, &daemon->claims);
        if (r < 0)
                return fail(error, r, "No event source can be made");

        daemon->manager->claims = claims_edge_ops(daemon->claims);

        daemon->metrics_server = metrics_sockets_open(daemon->loop, daemon->metrics);
        daemon->trial_helper = trial_helper_new(daemon->loop, daemon->manager->trials,
                                                options->trial_helper,
                                                options->trial_timeout_msec * (uint64_t)1000);
        agents_set_listener(daemon->manager->agents, on_agent, daemon);
        r = agent_links_new(daemon->loop, daemon->bus, daemon->manager->agents, &agent_patience,
                            FERRY_DAEMON, &daemon->agents);
        if (r < 0)
                return fail(error, r, "The agents of offload devices cannot be connected to");
        if (!cluster_edge_new(daemon->loop, daemon->manager, &daemon->cluster, error))
                return false;
        if (!options->libvirt_uri)
                return true;

        if (daemon->manager->config->guests_ask)
                r = guests_new(daemon->loop, daemon->manager, &daemon->guests);
        if (r < 0)
                return fail(error, r, "No event source can be made");

        r = virt_new(daemon->loop, options->libvirt_uri, on_guest, daemon, &daemon->virt);
        if (r < 0)
                return fail(error, r, "libvirt's library does not start");

        daemon->manager->virt = virt_get_ops(daemon->virt);
        return true;
}

/* Last: for systemd the daemon is there with its name, and calls that came before wait for it. */
static bool take_name(Daemon *daemon, GError **error) {
        int r;

        r = sd_bus_request_name(daemon->bus, FERRY_BUS_NAME, 0);
        if (r == -EEXIST) {
                g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_EXIST,
                            "Another virtferryd runs on this system bus, which has the "
                            "name " FERRY_BUS_NAME " already: stop it first");
                return false;
        }
        return r >= 0 ||
               fail(error, r,
                    "The name " FERRY_BUS_NAME
                    " cannot be taken on the system bus (is " FERRY_BUS_NAME ".conf installed?)");
}

Daemon *daemon_new(const DaemonOptions *options, GError **error) {
        g_autoptr(Daemon) daemon = g_new0(Daemon, 1);
        g_autoptr(Config) config = NULL;

        daemon->journal = journal_new();
        config = config_load(options->config, error);
        if (!config)
                return NULL;

        if (!open_loop(daemon, error) || !open_bus(daemon, error) ||
            !start_manager(daemon, options, g_steal_pointer(&config), error) ||
            !show_faces(daemon, error) || !start_edges(daemon, options, error) ||
            !take_name(daemon, error))
                return NULL;

        return g_steal_pointer(&daemon);
}

/* Faces after the bus, whose objects know them; the name goes with the bus. */
void daemon_free(Daemon *daemon) {
        if (!daemon)
                return;

        guests_free(daemon->guests);
        daemon->guests = NULL; /* no slice is news to them any more */
        virt_free(daemon->virt);
        cluster_edge_free(daemon->cluster);
        claims_edge_free(daemon->claims);
        agent_links_free(daemon->agents);
        trial_helper_free(daemon->trial_helper);
        metrics_server_free(daemon->metrics_server);
        metronome_free(daemon->metronome);
        sampler_free(daemon->sampler);
        clock_free(daemon->clock);
        announcer_free(daemon->announcer);
        switch_watch_free(daemon->switches);
        uevents_free(daemon->uevents);
        sd_bus_flush_close_unref(daemon->bus);
        faces_free(daemon->faces);
        metrics_free(daemon->metrics);
        manager_free(daemon->manager);
        rtnl_free(daemon->rtnl);
        sysfs_free(daemon->sysfs);
        sd_event_source_disable_unref(daemon->idle);
        sd_event_unref(daemon->loop);
        journal_free(daemon->journal);
        g_free(daemon);
}

bool daemon_run(Daemon *daemon, GError **error) {
        int r;

        notify_status(daemon);
        r = sd_event_loop(daemon->loop);
        (void)sd_notify(false, "STOPPING=1");
        meter_flush(daemon->manager->meter);
        if (r > 0)
                g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_PIPE,
                            "The connection to the system bus is lost");
        return r == 0 || (r < 0 && fail(error, r, "The event loop has failed"));
}
