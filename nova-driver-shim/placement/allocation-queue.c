/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/allocation-queue.h"

#include "nova-driver-shim/placement/uuid5.h"

struct AllocationQueue {
        GHashTable *seen;      /* consumer -> what it held, in this round */
        GHashTable *strangers; /* consumers */
        GHashTable *known;     /* consumer -> what Placement has of it, as of seen */
        bool stale;
};

static GHashTable *texts_new(void) {
        return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

AllocationQueue *allocation_queue_new(void) {
        AllocationQueue *queue = g_new0(AllocationQueue, 1);

        queue->seen = texts_new();
        queue->strangers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        queue->known = texts_new();
        return queue;
}

void allocation_queue_free(AllocationQueue *queue) {
        if (!queue)
                return;

        g_hash_table_unref(queue->seen);
        g_hash_table_unref(queue->strangers);
        g_hash_table_unref(queue->known);
        g_free(queue);
}

void allocation_queue_begin(AllocationQueue *queue) {
        g_hash_table_remove_all(queue->seen);
        queue->stale = false;
}

void allocation_queue_doubt(AllocationQueue *queue) {
        queue->stale = true;
}

bool allocation_queue_is_stale(const AllocationQueue *queue) {
        return queue->stale;
}

void allocation_queue_stranger(AllocationQueue *queue, const char *consumer) {
        g_hash_table_add(queue->strangers, g_strdup(consumer));
}

void allocation_queue_settle(AllocationQueue *queue, const char *consumer) {
        const char *held = g_hash_table_lookup(queue->seen, consumer);

        if (held && *held)
                g_hash_table_replace(queue->known, g_strdup(consumer), g_strdup(held));
        else
                g_hash_table_remove(queue->known, consumer);
}

/* One consumer ------------------------------------------------------------------------ */

static bool holds_of(const TreeProvider *provider, const char *consumer, GString *text) {
        bool found = false;

        for (guint i = 0; i < provider->holds->len; i++) {
                const HostHold *hold = provider->holds->pdata[i];

                if (!g_str_equal(hold->domain, consumer))
                        continue;

                found = true;
                g_string_append_printf(text, "%s/%s=%" G_GUINT64_FORMAT " ", provider->uuid,
                                       host_resource_to_string(hold->resource), hold->amount);
        }
        return found;
}

static bool has(const char *const *consumers, const char *consumer) {
        return consumers && g_strv_contains(consumers, consumer);
}

/* Placement has it as a consumer of all that it holds something of and of nothing else, and nothing
 * has changed in that since it was looked at. */
static bool is_settled(const AllocationQueue *queue, const Tree *tree,
                       AllocationConsumers consumers, void *userdata, const char *consumer) {
        g_autoptr(GString) text = g_string_new(NULL);

        for (guint i = 0; i < tree->providers->len; i++) {
                const TreeProvider *provider = tree->providers->pdata[i];
                bool holds = holds_of(provider, consumer, text);

                if (holds != has(consumers(userdata, provider->uuid), consumer))
                        return false;
        }
        return g_strcmp0(g_hash_table_lookup(queue->known, consumer), text->str) == 0;
}

static void note(AllocationQueue *queue, const Tree *tree, const char *consumer) {
        g_autoptr(GString) text = g_string_new(NULL);

        for (guint i = 0; i < tree->providers->len; i++)
                (void)holds_of(tree->providers->pdata[i], consumer, text);
        g_hash_table_replace(queue->seen, g_strdup(consumer), g_strdup(text->str));
}

static bool is_next(const AllocationQueue *queue, const Tree *tree, AllocationConsumers consumers,
                    void *userdata, const char *consumer) {
        return uuid_is_valid(consumer) && !g_hash_table_contains(queue->seen, consumer) &&
               !g_hash_table_contains(queue->strangers, consumer) &&
               !is_settled(queue, tree, consumers, userdata, consumer);
}

/* All ---------------------------------------------------------------------------------- */

static const char *find_in(const AllocationQueue *queue, const Tree *tree,
                           const TreeProvider *provider, AllocationConsumers consumers,
                           void *userdata) {
        const char *const *names = consumers(userdata, provider->uuid);

        if (!names)
                return NULL;

        for (guint i = 0; i < provider->holds->len; i++) {
                const HostHold *hold = provider->holds->pdata[i];

                if (is_next(queue, tree, consumers, userdata, hold->domain))
                        return hold->domain;
        }
        for (size_t i = 0; names[i]; i++)
                if (is_next(queue, tree, consumers, userdata, names[i]))
                        return names[i];

        return NULL;
}

char *allocation_queue_next(AllocationQueue *queue, const Tree *tree, AllocationConsumers consumers,
                            void *userdata) {
        for (guint i = 0; i < tree->providers->len; i++) {
                const char *found = find_in(queue, tree, tree->providers->pdata[i], consumers,
                                            userdata);

                if (!found)
                        continue;

                note(queue, tree, found);
                return g_strdup(found);
        }
        return NULL;
}
