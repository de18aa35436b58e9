/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/virt-map.h"

#include <libvirt/libvirt.h>

typedef enum Course {
        COURSE_HERE, /* and every guest that is not in the table */
        COURSE_INCOMING,
        COURSE_LEAVING,
} Course;

struct VirtMap {
        GHashTable *courses; /* Course by UUID */
};

VirtMap *virt_map_new(void) {
        VirtMap *map = g_new0(VirtMap, 1);

        map->courses = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        return map;
}

void virt_map_free(VirtMap *map) {
        if (!map)
                return;

        g_hash_table_unref(map->courses);
        g_free(map);
}

static Course get_course(const VirtMap *map, const char *uuid) {
        return GPOINTER_TO_INT(g_hash_table_lookup(map->courses, uuid));
}

static void set_course(VirtMap *map, const char *uuid, Course course) {
        if (course == COURSE_HERE)
                g_hash_table_remove(map->courses, uuid);
        else
                g_hash_table_replace(map->courses, g_strdup(uuid), GINT_TO_POINTER(course));
}

static GuestEventKind map_started(VirtMap *map, const char *uuid, int detail) {
        switch (detail) {
        case VIR_DOMAIN_EVENT_STARTED_BOOTED:
        case VIR_DOMAIN_EVENT_STARTED_RESTORED:
        case VIR_DOMAIN_EVENT_STARTED_FROM_SNAPSHOT:
                set_course(map, uuid, COURSE_HERE);
                return GUEST_RUNNING;
        case VIR_DOMAIN_EVENT_STARTED_MIGRATED:
                set_course(map, uuid, COURSE_INCOMING);
                return GUEST_INCOMING;
        }
        return GUEST_NOTHING;
}

static GuestEventKind map_resumed(VirtMap *map, const char *uuid, int detail) {
        Course before = get_course(map, uuid);

        if (detail != VIR_DOMAIN_EVENT_RESUMED_MIGRATED)
                return GUEST_NOTHING;

        set_course(map, uuid, COURSE_HERE);
        return before == COURSE_INCOMING ? GUEST_ARRIVED : GUEST_STAYED;
}

static GuestEventKind map_suspended(VirtMap *map, const char *uuid, int detail) {
        switch (detail) {
        case VIR_DOMAIN_EVENT_SUSPENDED_MIGRATED:
        case VIR_DOMAIN_EVENT_SUSPENDED_POSTCOPY:
                set_course(map, uuid, COURSE_LEAVING);
                return GUEST_LEAVING;
        case VIR_DOMAIN_EVENT_SUSPENDED_PAUSED:
                if (get_course(map, uuid) != COURSE_INCOMING)
                        return GUEST_NOTHING;
                set_course(map, uuid, COURSE_HERE);
                return GUEST_ARRIVED;
        }
        return GUEST_NOTHING;
}

GuestEventKind virt_map_lifecycle(VirtMap *map, const char *uuid, int event, int detail) {
        switch (event) {
        case VIR_DOMAIN_EVENT_STARTED:
                return map_started(map, uuid, detail);
        case VIR_DOMAIN_EVENT_RESUMED:
                return map_resumed(map, uuid, detail);
        case VIR_DOMAIN_EVENT_SUSPENDED:
                return map_suspended(map, uuid, detail);
        case VIR_DOMAIN_EVENT_STOPPED:
                set_course(map, uuid, COURSE_HERE);
                return detail == VIR_DOMAIN_EVENT_STOPPED_MIGRATED ? GUEST_LEFT : GUEST_STOPPED;
        case VIR_DOMAIN_EVENT_DEFINED:
                return GUEST_DEFINED;
        }
        return GUEST_NOTHING;
}

GuestEventKind virt_map_devices(const VirtMap *map, const char *uuid) {
        return get_course(map, uuid) == COURSE_HERE ? GUEST_RUNNING : GUEST_NOTHING;
}

GuestEventKind virt_map_found(VirtMap *map, const char *uuid, int state, int reason, bool moving) {
        bool waits = state == VIR_DOMAIN_PAUSED && reason == VIR_DOMAIN_PAUSED_MIGRATION;

        if (state == VIR_DOMAIN_PAUSED && reason == VIR_DOMAIN_PAUSED_STARTING_UP)
                return GUEST_NOTHING;

        if (waits && !moving) {
                set_course(map, uuid, COURSE_INCOMING);
                return GUEST_INCOMING;
        }

        set_course(map, uuid, moving ? COURSE_LEAVING : COURSE_HERE);
        return GUEST_RUNNING;
}

GuestEventKind virt_map_iteration(VirtMap *map, const char *uuid) {
        set_course(map, uuid, COURSE_LEAVING);
        return GUEST_ITERATING;
}

GuestEventKind virt_map_polled(VirtMap *map, const char *uuid, bool moving) {
        if (moving)
                return get_course(map, uuid) == COURSE_LEAVING ? GUEST_ITERATING : GUEST_NOTHING;

        set_course(map, uuid, COURSE_HERE);
        return GUEST_STAYED;
}

const char *virt_map_stop_reason(int detail) {
        static const char *const reasons[] = {
                [VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN] = "shutdown",
                [VIR_DOMAIN_EVENT_STOPPED_DESTROYED] = "destroyed",
                [VIR_DOMAIN_EVENT_STOPPED_CRASHED] = "crashed",
                [VIR_DOMAIN_EVENT_STOPPED_MIGRATED] = "migrated",
                [VIR_DOMAIN_EVENT_STOPPED_SAVED] = "saved",
                [VIR_DOMAIN_EVENT_STOPPED_FAILED] = "failed",
                [VIR_DOMAIN_EVENT_STOPPED_FROM_SNAPSHOT] = "from snapshot",
        };

        if (detail < 0 || detail >= (int)G_N_ELEMENTS(reasons))
                return "unknown";
        return reasons[detail];
}
