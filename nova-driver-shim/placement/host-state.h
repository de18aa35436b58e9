/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What virtferryd tells of this host, as far as Placement is to know it: plain data, which
 * host.c reads and tree.c turns into resource providers. Pure; owned by whoever made it.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* In the order of names_classes[]. */
typedef enum HostResource {
        HOST_VFS, /* that may migrate */
        HOST_CORES,
        HOST_MEMORY, /* MiB */
        HOST_LANES,
        HOST_KEYS,
        HOST_BANDWIDTH, /* kbit/s */
        _HOST_RESOURCE_MAX,
        _HOST_RESOURCE_INVALID = -22,
} HostResource;

const char *host_resource_to_string(HostResource resource); /* "vfs" */
HostResource host_resource_from_string(const char *text);

/* How much is expected to be left, the worst last. */
typedef enum HostLevel {
        HOST_LEVEL_HIGH,
        HOST_LEVEL_MED,
        HOST_LEVEL_LOW,
        _HOST_LEVEL_MAX,
        _HOST_LEVEL_INVALID = -22,
} HostLevel;

const char *host_level_to_string(HostLevel level); /* "high" */
HostLevel host_level_from_string(const char *text);

typedef struct HostAmount {
        uint64_t total;    /* 0: the device has no such thing */
        uint64_t taken;    /* by guests and by the host itself */
        uint64_t expected; /* of the rest, to be used without being promised */
} HostAmount;

/* A PF or an offload device. */
typedef struct HostDevice {
        char *id; /* "0000:3b:00.0", "dpu0" */
        HostAmount amounts[_HOST_RESOURCE_MAX];
        HostLevel level; /* the worst of them */
        bool migratable;
        GPtrArray *formats; /* traits of the states that its functions save and load */
} HostDevice;

/* What a guest has of a device. */
typedef struct HostHold {
        char *domain; /* UUID; of a trial, what is none */
        char *device;
        HostResource resource;
        uint64_t amount;
} HostHold;

typedef struct HostState {
        bool closed;        /* it is being drained: no guest may come */
        GPtrArray *devices; /* HostDevice */
        GPtrArray *holds;   /* HostHold, one for a domain, device and resource */
} HostState;

HostState *host_state_new(void);
void host_state_free(HostState *state);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostState, host_state_free)

/* The one of this id, which is made where there is none. */
HostDevice *host_state_device(HostState *state, const char *id);
/* NULL */
const HostDevice *host_state_find(const HostState *state, const char *id);

void host_device_set(HostDevice *device, HostResource resource, const HostAmount *amount,
                     HostLevel level);
/* Once, whoever says it again. */
void host_device_add_format(HostDevice *device, const char *trait);

/* So much more. */
void host_state_hold(HostState *state, const char *domain, const char *device,
                     HostResource resource, uint64_t amount);
/* At least so much. */
void host_state_hold_least(HostState *state, const char *domain, const char *device,
                           HostResource resource, uint64_t amount);
