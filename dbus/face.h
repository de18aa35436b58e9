/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the faces share. Private to this folder. */

#include "daemon/core/telemetry.h"
#include "daemon/names.h"
#include "dbus/authorize.h"
#include "dbus/bus-error.h"
#include "dbus/bus-path.h"
#include "dbus/faces.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_bus_message, sd_bus_message_unref)

typedef struct FaceFix FaceFix;

struct Faces {
        sd_bus *bus;
        Manager *manager;
        HostState *host;
        Authorizer *authorizer;
        GHashTable *probes; /* device id → sd_bus_message, a call that waits for its trial */
        GPtrArray *fixes;   /* FaceFix, calls that wait for systemd */
        sd_bus_slot *jobs;  /* the match for the ends of its jobs; NULL until one is needed */
};

/* Each registers its objects with the bus; they live as long as the bus. */
int manager_face_attach(Faces *faces);
/* CheckGuest() and CheckArrival() of the Manager; `userdata` is the faces. */
int manager_method_check_guest(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
int manager_method_check_arrival(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
int hook_face_attach(Faces *faces);
int device_face_attach(Faces *faces);
/* ListFixes() and Fix() of the manager; `userdata` is the faces. */
int manager_method_list_fixes(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
int manager_method_fix(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
/* libvirt is there, or has gone: what was awaited. */
void faces_finish_fixes(Faces *faces);
void face_fix_free(void *fix);
/* SaveTrialState() and LoadTrialState() of the manager; `userdata` is the faces. */
int manager_method_save_trial_state(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
int manager_method_load_trial_state(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
/* Drain() and Undrain() of the manager, and its two properties; `userdata` is the faces. */
int manager_method_drain(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
int manager_method_undrain(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
int manager_get_drain_state(sd_bus *bus, const char *path, const char *interface,
                            const char *property, sd_bus_message *reply, void *userdata,
                            sd_bus_error *reterr);
int manager_get_drain_guests(sd_bus *bus, const char *path, const char *interface,
                             const char *property, sd_bus_message *reply, void *userdata,
                             sd_bus_error *reterr);
/* ListResources() of the manager; `userdata` is the faces. */
int manager_method_list_resources(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
/* ListGuests() of the manager; `userdata` is the faces. */
int manager_method_list_guests(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
/* ListHeadroom() of the manager; `userdata` is the faces. */
int manager_method_list_headroom(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
/* ListHosts(), ForgetHost() and Place() of the manager; `userdata` is the faces. */
int manager_method_list_hosts(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
int manager_method_forget_host(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
int manager_method_place(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
/* ListHostOffers() of the manager; `userdata` is the faces. */
int manager_method_list_host_offers(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
/* Balance() of the manager; `userdata` is the faces. */
int manager_method_balance(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
/* GetMoveLimits() and SetMoveLimits() of the manager; `userdata` is the faces. */
int manager_method_get_move_limits(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
int manager_method_set_move_limits(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
/* Promise() and Release() of the manager; `userdata` is the faces. */
int manager_method_promise(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
int manager_method_release(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
/* ListMetrics(), ListUsage() and GetHistory() of the manager; `userdata` is the faces. */
int manager_method_list_metrics(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
int manager_method_list_usage(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
int manager_method_get_history(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
/* The id of a guest of that name as it runs; else the name, which may be the id of one that has
 * ended. Borrowed from either. */
const char *face_find_subject(const Manager *manager, SubjectKind kind, const char *name);
/* Forecast() and ListForecasts() of the manager, Forecast() of a device; `userdata` is the faces.
 */
int manager_method_forecast(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
int manager_method_list_forecasts(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
int device_method_forecast(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
/* GetPolicy(), FreezePolicy(), ThawPolicy() and DecideNow() of the manager; `userdata` is the
 * faces. */
int manager_method_get_policy(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
int manager_method_freeze_policy(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
int manager_method_thaw_policy(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
int manager_method_decide_now(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
/* Migrate() of the manager, Abort() of a migration; `userdata` is the faces. */
int manager_method_migrate(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
int migration_method_abort(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
/* MoveDevice() of the manager; `userdata` is the faces. */
int manager_method_move_device(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
/* Probe() of a device; `userdata` is the faces. */
int device_method_probe(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
int lease_face_attach(Faces *faces);
int migration_face_attach(Faces *faces);
int slice_face_attach(Faces *faces);
int advice_face_attach(Faces *faces);

/* Paths of `ids` below the prefix, for an enumerator: what sd-bus frees. */
char **face_paths(const char *prefix, const GPtrArray *ids);

#define ACTION_PROBE          FERRY_BUS_NAME ".probe" /* a device is tried */
#define ACTION_MANAGE_CLUSTER FERRY_BUS_NAME ".manage-cluster"

/* TrialStep, as a(ssttiss). */
int face_append_steps(sd_bus_message *reply, const GPtrArray *steps);
int face_append_findings(sd_bus_message *reply, const GPtrArray *findings); /* a(sss) */

/* Of a method of the cluster, on a host that is in none. Negative. */
int face_refuse_alone(sd_bus_error *reterr);

/* Of a method that has to ask libvirt for a guest. Negative. */
int face_refuse_without_libvirt(sd_bus_error *reterr);

/* Signals; failures are logged, ignoring. */
void face_emit_added(Faces *faces, const char *path, const char *interface);
void face_emit_removed(Faces *faces, const char *path, const char *interface);
/* All that can change, or one property. */
void face_emit_changed(Faces *faces, const char *path, const char *interface);
void face_emit_property(Faces *faces, const char *path, const char *interface, const char *name);
