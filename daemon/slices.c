/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/slices-ask.h"
#include "daemon/slices-parts.h"
#include "xml/ferry-error.h"

static void pending_free(void *data) {
        SlicePending *pending = data;

        g_free(pending->uuid);
        g_free(pending->name);
        slice_free(pending->wish);
        slice_free(pending->at);
        slice_entry_free(pending->entry);
        g_free(pending->ask_kind);
        g_strfreev(pending->ask_qos);
        slice_placement_free(pending->placement);
        g_clear_error(&pending->error);
        g_free(pending);
}

Slices *slices_new(Manager *manager) {
        Slices *slices = g_new0(Slices, 1);

        slices->manager = manager;
        slices->book = slice_book_new(manager->store);
        slices->map = resource_cache_new(slices_read_host, manager);
        slices->pending = g_ptr_array_new_with_free_func(pending_free);
        slices->due = g_ptr_array_new_with_free_func(slice_due_free);
        slices->problems = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        slices->held = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        slices->short_of = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        slices->lacks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        slices->lifted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        slices->enforcer = slice_enforcer_new(manager, slices_on_enforced, slices);
        slice_book_set_listener(slices->book, slices_on_change, slices);
        slice_book_set_guard(slices->book, slices_guard, slices);
        return slices;
}

void slices_free(Slices *slices) {
        if (!slices)
                return;

        slice_enforcer_free(slices->enforcer);
        g_ptr_array_unref(slices->pending);
        g_ptr_array_unref(slices->due);
        slice_moves_free(slices->moves);
        g_hash_table_unref(slices->problems);
        g_hash_table_unref(slices->held);
        g_hash_table_unref(slices->short_of);
        g_hash_table_unref(slices->lacks);
        g_hash_table_unref(slices->lifted);
        slice_book_free(slices->book);
        resource_cache_free(slices->map);
        g_free(slices->capacity_for);
        g_free(slices);
}

bool slices_start(Slices *slices, GError **error) {
        slices->lacks_stale = true;
        return slice_book_load(slices->book, error);
}

SliceBook *slices_book(Slices *slices) {
        return slices->book;
}

void slices_set_listener(Slices *slices, SliceListener listener, void *userdata) {
        slices->listener = listener;
        slices->userdata = userdata;
}

void slices_set_clock(Slices *slices, int64_t (*now)(void)) {
        slice_book_set_clock(slices->book, now);
        resource_cache_set_clock(slices->map, now);
}

/* The changes ----------------------------------------------------------------------- */

static const SliceEntry *find(const Slices *slices, const SlicePending *pending) {
        return slice_book_find(slices->book, pending->uuid);
}

/* For all that is known. */
static bool may_run(const Slices *slices, const char *domain_uuid) {
        const Manager *manager = slices->manager;

        return !manager->libvirt_known || g_hash_table_contains(manager->active, domain_uuid);
}

bool slices_change_allocate(Slices *slices, SlicePending *pending, GError **error) {
        const SliceEntry *entry = find(slices, pending);
        const char *name = pending->name ?: entry ? entry->domain_name : pending->uuid;

        slices_use_capacity(slices, pending->uuid);
        return slice_book_allocate_at(slices->book, pending->uuid, name, pending->wish,
                                      pending->at ?: pending->wish, pending->expires,
                                      &pending->placement, error) &&
               (may_run(slices, pending->uuid) ||
                slice_book_forget_had(slices->book, pending->uuid, error));
}

/* Of one that runs it has to be taken yet. */
bool slices_change_deallocate(Slices *slices, SlicePending *pending, GError **error) {
        if (!may_run(slices, pending->uuid))
                return slice_book_deallocate(slices->book, pending->uuid, error);
        return slice_book_release(slices->book, pending->uuid, error);
}

/* The other host gets the wish that left with the guest: what is changed now would be lost. */
static bool refuse_while_it_moves(const Slices *slices, const SlicePending *pending,
                                  GError **error) {
        const Migration *move = migration_log_current(slices->manager->migrations, pending->uuid);

        if (!move || move->direction != MIGRATION_OUTGOING || move->state < MIGRATION_CHECKED)
                return false;

        g_set_error(error, FERRY_ERROR, FERRY_ERROR_BUSY,
                    "Guest %s is on its way to another host, and takes its hardware slice along as "
                    "it is: ask again when it has arrived, on the host that it runs on then",
                    move->domain_name);
        return true;
}

static bool allocate_as_asked(Slices *slices, SlicePending *pending, GError **error) {
        return !refuse_while_it_moves(slices, pending, error) &&
               slices_change_allocate(slices, pending, error);
}

static bool deallocate_as_asked(Slices *slices, SlicePending *pending, GError **error) {
        return !refuse_while_it_moves(slices, pending, error) &&
               slices_change_deallocate(slices, pending, error);
}

static bool change_as_asked(Slices *slices, SlicePending *pending, GError **error) {
        const SliceEntry *entry = find(slices, pending);

        if (refuse_while_it_moves(slices, pending, error))
                return false;
        pending->wish = slices_ask_change(entry ? entry->wish : NULL, &pending->ask, error);
        if (!pending->wish)
                return false;
        if (entry && !pending->ask.by_guest && slices_ask_is_empty(pending->wish))
                return slices_change_deallocate(slices, pending, error);

        pending->expires = entry ? entry->expires : 0;
        return slices_change_allocate(slices, pending, error);
}

/* Asking ---------------------------------------------------------------------------- */

SlicePending *slices_pending_new(SliceChanger change, const char *domain_uuid) {
        SlicePending *pending = g_new0(SlicePending, 1);

        pending->change = change;
        pending->uuid = g_strdup(domain_uuid);
        return pending;
}

void slices_push(Slices *slices, SlicePending *taken) {
        g_ptr_array_add(slices->pending, taken);
        if (slices->pending->len >= SLICES_BATCH_MAX)
                slices_write(slices);
}

void slices_allocate(Slices *slices, const char *domain_uuid, const char *name, const Slice *wish,
                     SliceAnswer answer, void *userdata) {
        SlicePending *pending = slices_pending_new(allocate_as_asked, domain_uuid);

        pending->name = g_strdup(name);
        pending->wish = slice_copy(wish);
        pending->answer = answer;
        pending->userdata = userdata;
        slices_push(slices, pending);
}

void slices_deallocate(Slices *slices, const char *domain_uuid, SliceAnswer answer,
                       void *userdata) {
        SlicePending *pending = slices_pending_new(deallocate_as_asked, domain_uuid);

        pending->answer = answer;
        pending->userdata = userdata;
        slices_push(slices, pending);
}

void slices_ask(Slices *slices, const SliceAsk *ask, SliceAnswer answer, void *userdata) {
        SlicePending *pending = slices_pending_new(change_as_asked, ask->domain_uuid);

        pending->name = g_strdup(ask->domain_name);
        pending->ask = *ask;
        pending->ask.domain_uuid = pending->uuid;
        pending->ask.domain_name = pending->name;
        pending->ask.kind = pending->ask_kind = g_strdup(ask->kind);
        pending->ask_qos = g_strdupv((char **)ask->qos);
        pending->ask.qos = (const char *const *)pending->ask_qos;
        pending->answer = answer;
        pending->userdata = userdata;
        slices_push(slices, pending);
}

SlicePlacement *slices_try(Slices *slices, const char *domain_uuid, const Slice *wish,
                           GError **error) {
        slices_use_capacity(slices, domain_uuid);
        return slice_book_try(slices->book, domain_uuid, wish, error);
}

/* Writing --------------------------------------------------------------------------- */

bool slices_is_pending(const Slices *slices) {
        return slices->pending->len > 0 || slices->due->len > 0 || slices->lacks_stale;
}

static void return_one(Slices *slices, const SliceEntry *entry) {
        g_autoptr(SliceEntry) before = slice_entry_copy(entry);

        slices_use_capacity(slices, before->domain_uuid);
        (void)slice_book_allocate(slices->book, before->domain_uuid, before->domain_name,
                                  before->wish, before->expires, NULL, NULL);
}

/* Slices of best effort that had to give way are tried again when something has changed, the
 * oldest first: all of them, since a small one may find room where larger ones do not. */
static void return_preempted(Slices *slices) {
        g_autoptr(GPtrArray) entries = slice_book_list(slices->book);

        for (guint i = 0; i < entries->len; i++) {
                const SliceEntry *entry = entries->pdata[i];

                if (entry->state == SLICE_PREEMPTED)
                        return_one(slices, entry);
        }
}

/* What it was promised others may be promised now, but not the devices that it holds. Nothing is
 * left to the cluster that one here was refused for. */
static bool change_one(Slices *slices, SlicePending *pending) {
        Manager *manager = slices->manager;
        bool done = pending->change(slices, pending, &pending->error);

        if (g_error_matches(pending->error, FERRY_ERROR, FERRY_ERROR_NO_RESOURCES))
                (void)share_book_call_back(manager->shares, manager->now());

        slices->capacity_stale |= done && slices_has_devices(slices, pending->uuid);
        return done;
}

static void change_all(Slices *slices, GPtrArray *batch) {
        g_autoptr(GError) failure = NULL;
        bool any = false;

        slice_book_begin(slices->book);
        for (guint i = 0; i < batch->len; i++)
                any |= change_one(slices, batch->pdata[i]);
        if (any)
                return_preempted(slices);
        if (slice_book_commit(slices->book, &failure))
                return;

        for (guint i = 0; i < batch->len; i++) {
                SlicePending *pending = batch->pdata[i];

                if (!pending->error)
                        pending->error = g_error_copy(failure);
        }
}

static void answer(const Slices *slices, const SlicePending *pending) {
        if (pending->answer && pending->error)
                pending->answer(pending->userdata, NULL, NULL, pending->error);
        else if (pending->answer)
                pending->answer(pending->userdata, find(slices, pending), pending->placement, NULL);
        else if (pending->error)
                g_warning("%s: %s", pending->name ?: pending->uuid, pending->error->message);
}

void slices_write(Slices *slices) {
        g_autoptr(GPtrArray) batch = slices->pending;

        slices->pending = g_ptr_array_new_with_free_func(pending_free);
        if (batch->len == 0)
                return;

        change_all(slices, batch);
        for (guint i = 0; i < batch->len; i++)
                answer(slices, batch->pdata[i]);
}

/* Whoever has an answer may ask again, and nothing else need come that wakes the loop. */
void slices_flush(Slices *slices) {
        while (slices_is_pending(slices)) {
                slices_write(slices);
                slices_find_lacks(slices);
                slices_carry_out(slices);
        }
}
