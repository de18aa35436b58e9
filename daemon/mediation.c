/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/mediation.h"

#include <string.h>

#include "daemon/core/switch-place.h"
#include "daemon/facts/bridge.h"
#include "daemon/facts/tc-mirror.h"
#include "daemon/guest-announce.h"

#define LOOK_USEC   (1 * G_USEC_PER_SEC)
#define MIN_USEC    (10 * G_USEC_PER_SEC) /* before that a VF has seldom a link */
#define MAX_USEC    (60 * G_USEC_PER_SEC)
#define QUIET_LOOKS 3 /* without a frame of the guest from the virtio half */

/* A team of a guest that runs here. */
typedef struct Team {
        char *uuid;
        char *device; /* the VF of this host */
        char *mac;
        char *tap, *bridge; /* of the virtio half */
        int64_t began;      /* 0: nothing is copied */
        int64_t next;
        uint64_t frames; /* from the guest through the tap, at the last look */
        unsigned quiet;
} Team;

struct Mediations {
        Manager *manager;
        GPtrArray *teams;
        GHashTable *standbys; /* of guests that run here: UUID -> GPtrArray of DomainStandby */
};

static void team_free(void *data) {
        Team *team = data;

        g_free(team->uuid);
        g_free(team->device);
        g_free(team->mac);
        g_free(team->tap);
        g_free(team->bridge);
        g_free(team);
}

Mediations *mediations_new(Manager *manager) {
        Mediations *mediations = g_new0(Mediations, 1);

        mediations->manager = manager;
        mediations->teams = g_ptr_array_new_with_free_func(team_free);
        mediations->standbys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                                     (GDestroyNotify)g_ptr_array_unref);
        return mediations;
}

void mediations_free(Mediations *mediations) {
        if (!mediations)
                return;

        g_ptr_array_unref(mediations->teams);
        g_hash_table_unref(mediations->standbys);
        g_free(mediations);
}

static bool is_possible(const Manager *manager) {
        return manager->config->mediation && manager->rtnl;
}

/* The bridge ------------------------------------------------------------------------ */

static void change_fdb(const Manager *manager, const Team *team,
                       int (*change)(Rtnl *rtnl, int port, const SwitchFdb *fdb)) {
        SwitchFdb entry = { .mac = team->mac, .state = SWITCH_FDB_REACHABLE };
        int tap = rtnl_index(manager->rtnl, team->tap);

        if (tap >= 0)
                (void)change(manager->rtnl, tap, &entry); /* no port, no entry: it floods */
}

/* Frames for it go to the virtio half, wherever the bridge has heard of the MAC before. */
static void point_to_standby(const Manager *manager, const Team *team) {
        change_fdb(manager, team, bridge_add_fdb);
}

/* The guest has its VF, and what goes to the virtio half would be lost. */
static void forget_standby(const Manager *manager, const Team *team) {
        change_fdb(manager, team, bridge_remove_fdb);
}

/* Copying -------------------------------------------------------------------------- */

/* What the guest has sent through its virtio half is what the tap has received. */
static uint64_t frames_of(const Manager *manager, const Team *team) {
        g_autofree char *path = g_strdup_printf("sys/class/net/%s/statistics/rx_packets",
                                                team->tap);
        uint64_t frames = 0;

        (void)sysfs_read_u64(manager->sysfs, path, &frames); /* gone: quiet */
        return frames;
}

static void begin(const Manager *manager, Team *team) {
        g_autoptr(SwitchPlace) place = NULL;
        int tap = rtnl_index(manager->rtnl, team->tap), r;

        r = switch_place_find(manager->sysfs, manager->rtnl, team->device, &place);
        if (r >= 0)
                r = tap < 0 ? tap
                            : tc_mirror_begin(manager->rtnl, tap, team->mac, place->pf_netdev);
        if (r < 0) {
                g_message("%s: what comes for %s does not go to %s as well until that has a link: "
                          "%s",
                          team->tap, team->mac, team->device, g_strerror(-r));
                return;
        }

        team->began = manager->now();
        team->next = team->began + LOOK_USEC;
        team->frames = frames_of(manager, team);
        team->quiet = 0;
}

static void end(const Manager *manager, Team *team) {
        int tap = rtnl_index(manager->rtnl, team->tap);

        team->began = team->next = 0;
        forget_standby(manager, team);
        if (tap >= 0)
                (void)tc_mirror_end(manager->rtnl, tap); /* the tap goes with its guest */
}

/* The guest speaks through the VF, or not at all: then switches learn it from us. */
static void look(const Manager *manager, Team *team) {
        uint64_t frames = frames_of(manager, team);
        int64_t age = manager->now() - team->began;

        team->quiet = frames == team->frames ? team->quiet + 1 : 0;
        team->frames = frames;
        team->next = manager->now() + LOOK_USEC;
        if (age < MIN_USEC || (team->quiet < QUIET_LOOKS && age < MAX_USEC))
                return;

        guest_announce_device(manager, team->device, team->mac);
        end(manager, team);
}

/* Guests --------------------------------------------------------------------------- */

static Team *team_new(const char *uuid, const char *vf, const DomainStandby *standby) {
        Team *team = g_new0(Team, 1);

        team->uuid = g_strdup(uuid);
        team->device = g_strdup(vf);
        team->mac = g_strdup(standby->mac);
        team->tap = g_strdup(standby->tap);
        team->bridge = g_strdup(standby->bridge);
        return team;
}

static bool has_vf(const Domain *domain, const char *vf) {
        for (guint i = 0; i < domain->devices->len; i++) {
                const DomainDevice *device = domain->devices->pdata[i];

                if (!device->unplugged && g_str_equal(device->source, vf))
                        return true;
        }
        return false;
}

/* All teams of the guest, but, with a domain, those for which is copied what they have. */
static void forget_teams(Mediations *mediations, const char *uuid, const Domain *domain) {
        for (guint i = mediations->teams->len; i > 0; i--) {
                Team *team = mediations->teams->pdata[i - 1];

                if (!g_str_equal(team->uuid, uuid) ||
                    (domain && team->began && has_vf(domain, team->device)))
                        continue;
                if (team->began)
                        end(mediations->manager, team);
                g_ptr_array_remove_index(mediations->teams, i - 1);
        }
}

void mediations_on_end(Mediations *mediations, const char *uuid) {
        forget_teams(mediations, uuid, NULL);
        g_hash_table_remove(mediations->standbys, uuid);
}

static Team *find_team(const Mediations *mediations, const char *uuid, const char *vf) {
        for (guint i = 0; i < mediations->teams->len; i++) {
                Team *team = mediations->teams->pdata[i];

                if (g_str_equal(team->uuid, uuid) && g_str_equal(team->device, vf))
                        return team;
        }
        return NULL;
}

static bool is_useful(const DomainStandby *standby) {
        return standby && standby->tap && standby->bridge;
}

/* NULL: nothing can be done for it. */
static const DomainStandby *find_standby(const Mediations *mediations, const char *uuid,
                                         const char *mac) {
        const GPtrArray *standbys = g_hash_table_lookup(mediations->standbys, uuid);
        const DomainStandby *standby = standbys ? domain_standby_find(standbys, mac) : NULL;

        return is_possible(mediations->manager) && is_useful(standby) ? standby : NULL;
}

static void note_team(Mediations *mediations, const GuestEvent *event, const Team *found) {
        const Manager *manager = mediations->manager;
        Team *team = (Team *)found;
        int tap = rtnl_index(manager->rtnl, team->tap);

        g_ptr_array_add(mediations->teams, team);
        if (event->kind == GUEST_ARRIVED) {
                point_to_standby(manager, team);
                begin(manager, team);
        } else if (tap >= 0) {
                (void)tc_mirror_end(manager->rtnl, tap); /* of a daemon that was killed */
        }
}

void mediations_on_running(Mediations *mediations, const GuestEvent *event, const Domain *domain) {
        g_autoptr(GPtrArray) standbys = NULL;

        if (!is_possible(mediations->manager))
                return;

        forget_teams(mediations, domain->uuid, event->kind == GUEST_RUNNING ? domain : NULL);
        standbys = domain_standbys_from_xml(event->xml, strlen(event->xml), NULL);
        if (!standbys)
                return;

        g_hash_table_replace(mediations->standbys, g_strdup(domain->uuid),
                             g_ptr_array_ref(standbys));
        for (guint i = 0; i < domain->devices->len; i++) {
                const DomainDevice *device = domain->devices->pdata[i];
                const DomainStandby *standby = domain_standby_find(standbys, device->mac);

                if (device->transient && is_useful(standby) &&
                    !find_team(mediations, domain->uuid, device->source))
                        note_team(mediations, event,
                                  team_new(domain->uuid, device->source, standby));
        }
}

/* The VF has one, the virtio half another, and net_failover of Linux a third above both. */
static unsigned count_seen(char **macs, const char *mac) {
        unsigned n = 0;

        for (; *macs; macs++)
                n += g_ascii_strcasecmp(*macs, mac) == 0;
        return n;
}

static char *team_trouble(const GuestEvent *found, const DomainStandby *standby) {
        if (standby->down)
                return g_strdup_printf("The virtio half of the team of %s is to carry its traffic "
                                       "and has its link down: 'virsh domif-setlink %s %s up'",
                                       standby->mac, found->name, standby->tap ?: standby->mac);

        if (found->agent_macs && count_seen(found->agent_macs, standby->mac) < 2)
                return g_strdup_printf("The agent of guest %s sees %s interface of the team of %s, "
                                       "so nothing would carry its traffic while its VF is out: "
                                       "load virtio_net and net_failover in the guest, or move "
                                       "it with --strategy cold",
                                       found->name,
                                       count_seen(found->agent_macs, standby->mac) ? "only one"
                                                                                   : "no",
                                       standby->mac);
        return NULL;
}

char *mediation_trouble(const GuestEvent *found, const Domain *domain) {
        g_autoptr(GPtrArray) standbys = NULL;

        standbys = domain_standbys_from_xml(found->xml, strlen(found->xml), NULL);
        for (guint i = 0; standbys && i < domain->devices->len; i++) {
                const DomainDevice *device = domain->devices->pdata[i];
                const DomainStandby *standby = domain_standby_find(standbys, device->mac);
                char *trouble = device->transient && standby ? team_trouble(found, standby) : NULL;

                if (trouble)
                        return trouble;
        }
        return NULL;
}

/* To this bridge and to the switches outside. */
static void show_standby(const Manager *manager, const Team *team) {
        point_to_standby(manager, team);
        if (manager->announce)
                manager->announce->announce(manager->announce->userdata, team->bridge, team->mac,
                                            0);
}

void mediations_on_leaving(Mediations *mediations, const char *uuid) {
        const Manager *manager = mediations->manager;

        for (guint i = 0; i < mediations->teams->len; i++) {
                const Team *team = mediations->teams->pdata[i];

                if (!g_str_equal(team->uuid, uuid))
                        continue;
                show_standby(manager, team);
        }
}

void mediations_on_stayed(Mediations *mediations, const char *uuid) {
        for (guint i = 0; i < mediations->teams->len; i++) {
                const Team *team = mediations->teams->pdata[i];

                if (g_str_equal(team->uuid, uuid))
                        forget_standby(mediations->manager, team);
        }
}

void mediations_on_vf_added(Mediations *mediations, const char *uuid, const char *vf,
                            const char *mac) {
        const DomainStandby *standby = find_standby(mediations, uuid, mac);
        Team *team = find_team(mediations, uuid, vf);

        if (!standby || (team && team->began))
                return;

        if (!team) {
                team = team_new(uuid, vf, standby);
                g_ptr_array_add(mediations->teams, team);
        }
        point_to_standby(mediations->manager, team);
        begin(mediations->manager, team);
}

/* libvirt may have told before that the guest runs without it, so that the team is forgotten. */
void mediations_on_vf_removed(Mediations *mediations, const char *uuid, const char *vf,
                              const char *mac) {
        const DomainStandby *standby = find_standby(mediations, uuid, mac);
        Team *team = find_team(mediations, uuid, vf);

        if (!standby)
                return;

        if (!team) {
                team = team_new(uuid, vf, standby);
                g_ptr_array_add(mediations->teams, team);
        }
        if (team->began)
                end(mediations->manager, team);
        show_standby(mediations->manager, team);
        g_ptr_array_remove(mediations->teams, team);
}

/* Time ----------------------------------------------------------------------------- */

void mediations_on_time(Mediations *mediations) {
        for (guint i = 0; i < mediations->teams->len; i++) {
                Team *team = mediations->teams->pdata[i];

                if (team->next && team->next <= mediations->manager->now())
                        look(mediations->manager, team);
        }
}

int64_t mediations_next_time(const Mediations *mediations) {
        int64_t next = 0;

        for (guint i = 0; i < mediations->teams->len; i++) {
                const Team *team = mediations->teams->pdata[i];

                if (team->next && (!next || team->next < next))
                        next = team->next;
        }
        return next;
}
