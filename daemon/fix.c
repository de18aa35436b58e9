/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fix.h"

#include <string.h>

#include "daemon/hardware.h"
#include "xml/ferry-error.h"

static bool release_lease(Manager *manager, const char *id, GError **error) {
        Lease *lease = lease_book_find(manager->leases, id);

        return !lease || hardware_release(manager, lease, error);
}

/* %s is what stands behind the name in a finding. */
static const struct {
        const char *name, *what, *unit;
        bool restart;
        bool (*act)(Manager *manager, const char *argument, GError **error);
} fixes[] = {
        { FIX_RESTART_LIBVIRT, "restarts %s, which looks for hooks when it starts", "%s.service",
          true, NULL },
        { FIX_INSTALL_HOOK, "puts the hook in its place, for all to execute",
          "virtferry-%s.service", true, NULL },
        { FIX_LOAD_DRIVER, "loads %s", "modprobe@%s.service", true, NULL },
        { FIX_RELEASE_LEASE, "gives the device of lease %s back", NULL, false, release_lease },
};

void fix_free(Fix *fix) {
        if (!fix)
                return;

        g_free(fix->id);
        g_free(fix->object);
        g_free(fix->finding);
        g_free(fix->what);
        g_free(fix->unit);
        g_free(fix);
}

static void fix_free_any(void *fix) {
        fix_free(fix);
}

/* What is behind the blank; NULL when it begins with another name. */
static const char *argument_of(const char *id, const char *name) {
        size_t length = strlen(name);

        return strncmp(id, name, length) == 0 && id[length] == ' ' ? &id[length + 1] : NULL;
}

static char *fill_in(const char *format, const char *argument) {
        g_auto(GStrv) parts = format ? g_strsplit(format, "%s", 2) : NULL;

        return parts ? g_strjoinv(argument, parts) : NULL;
}

/* An instance of a unit has no dashes of its own, and the kernel knows a module by either. */
static char *unit_of(const char *format, const char *argument) {
        g_autofree char *instance = g_strdelimit(g_strdup(argument), "-", '_');

        return fill_in(format, instance);
}

static Fix *fix_new(const Finding *finding) {
        Fix *fix = g_new0(Fix, 1);

        fix->id = g_strdup(finding->fix);
        fix->object = g_strdup(finding->object);
        fix->finding = g_strdup(finding->sentence);
        for (guint i = 0; i < G_N_ELEMENTS(fixes); i++) {
                const char *argument = argument_of(finding->fix, fixes[i].name);

                if (!argument)
                        continue;
                fix->what = fill_in(fixes[i].what, argument);
                fix->unit = unit_of(fixes[i].unit, argument);
                fix->restart = fixes[i].restart;
        }
        g_assert(fix->what);
        return fix;
}

GPtrArray *fixes_list(const Manager *manager, const HostState *state) {
        g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);
        g_autoptr(GPtrArray) findings = host_check(manager, state);
        GPtrArray *list = g_ptr_array_new_with_free_func(fix_free_any);

        for (guint i = 0; i < findings->len; i++) {
                const Finding *finding = findings->pdata[i];

                if (finding->fix && g_hash_table_add(known, finding->fix))
                        g_ptr_array_add(list, fix_new(finding));
        }
        return list;
}

Fix *fix_find(const Manager *manager, const HostState *state, const char *id, GError **error) {
        g_autoptr(GPtrArray) list = fixes_list(manager, state);

        for (guint i = 0; i < list->len; i++) {
                const Fix *fix = list->pdata[i];

                if (g_str_equal(fix->id, id))
                        return g_ptr_array_steal_index(list, i);
        }

        g_set_error(error, FERRY_ERROR, FERRY_ERROR_NOT_FOUND,
                    "There is nothing on this host that '%s' would mend: 'virt-ferry check' says "
                    "what is missing",
                    id);
        return NULL;
}

bool fix_do(Manager *manager, const Fix *fix, GError **error) {
        for (guint i = 0; i < G_N_ELEMENTS(fixes); i++) {
                const char *argument = argument_of(fix->id, fixes[i].name);

                if (argument && fixes[i].act)
                        return fixes[i].act(manager, argument, error);
        }
        g_assert_not_reached();
}
