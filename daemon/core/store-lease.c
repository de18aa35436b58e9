/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/lease.h"
#include "daemon/core/store-query.h"

bool store_put_lease(Store *store, const Lease *lease, GError **error) {
        g_auto(Query) query = query_new(store, STATEMENT_PUT_LEASE);

        query_put_text(&query, lease->id);
        query_put_text(&query, lease->domain_uuid);
        query_put_text(&query, lease->domain_name);
        query_put_text(&query, lease->device);
        query_put_text(&query, lease->class_name);
        query_put_text(&query, lease->pool);
        query_put_text(&query, lease->parent);
        query_put_text(&query, lease->type);
        query_put_text(&query, lease->address);
        query_put_text(&query, lease->name);
        query_put_int(&query, lease->make);
        query_put_int(&query, lease->managed);
        query_put_int(&query, lease->bound);
        query_put_text(&query, lease->previous_driver);
        query_put_text(&query, lease_state_to_string(lease->state));
        query_put_int(&query, lease->created);
        query_put_int(&query, lease->expires);
        query_put_text(&query, lease->switch_before);
        query_put_int(&query, lease->switch_applied);
        query_put_text(&query, lease->switch_guest);
        return store_may_write(store, error) && query_run(&query, error);
}

bool store_delete_lease(Store *store, const char *id, GError **error) {
        return store_may_write(store, error) && store_run(store, STATEMENT_DELETE_LEASE, id, error);
}

static bool read_state(Query *row, Lease *lease, GError **error) {
        g_autofree char *word = query_get_text(row), *object = NULL;

        lease->state = lease_state_from_string(word);
        if (lease->state >= 0)
                return true;

        object = g_strdup_printf("lease %s", lease->id);
        return query_set_unknown_word(row, object, "state", word, error);
}

static Lease *lease_from_row(Query *row, GError **error) {
        g_autoptr(Lease) lease = lease_new();

        lease->id = query_get_text(row);
        lease->domain_uuid = query_get_text(row);
        lease->domain_name = query_get_text(row);
        lease->device = query_get_text(row);
        lease->class_name = query_get_text(row);
        lease->pool = query_get_text(row);
        lease->parent = query_get_text(row);
        lease->type = query_get_text(row);
        lease->address = query_get_text(row);
        lease->name = query_get_text(row);
        lease->make = query_get_int(row);
        lease->managed = query_get_int(row);
        lease->bound = query_get_int(row);
        lease->previous_driver = query_get_text(row);
        if (!read_state(row, lease, error))
                return NULL;
        lease->created = query_get_int(row);
        lease->expires = query_get_int(row);
        lease->switch_before = query_get_text(row);
        lease->switch_applied = query_get_int(row);
        lease->switch_guest = query_get_text(row);
        return g_steal_pointer(&lease);
}

GPtrArray *store_load_leases(Store *store, GError **error) {
        g_auto(Query) query = query_new(store, STATEMENT_LOAD_LEASES);
        g_autoptr(GPtrArray) leases = g_ptr_array_new_with_free_func((GDestroyNotify)lease_free);
        int r;

        while ((r = query_next_row(&query, error)) > 0) {
                Lease *lease = lease_from_row(&query, error);

                if (!lease)
                        return NULL;
                g_ptr_array_add(leases, lease);
        }
        return r < 0 ? NULL : g_steal_pointer(&leases);
}
