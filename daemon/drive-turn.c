/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/drive-turn.h"

#include "daemon/replug.h"

static void *copy_name(const void *name, void *unused) {
        return g_strdup(name);
}

Turn *turn_copy(const Turn *turn) {
        Turn *copy = g_new(Turn, 1);

        *copy = *turn;
        copy->migration = g_strdup(turn->migration);
        copy->strategy = g_strdup(turn->strategy);
        copy->request = move_request_copy(turn->request);
        copy->xml = g_strdup(turn->xml);
        copy->host = g_strdup(turn->host);
        copy->tried = turn->tried ? g_ptr_array_copy(turn->tried, copy_name, NULL) : NULL;
        return copy;
}

void turn_free(Turn *turn) {
        g_free(turn->migration);
        g_free(turn->strategy);
        move_request_free(turn->request);
        g_free(turn->xml);
        g_free(turn->host);
        g_clear_pointer(&turn->tried, g_ptr_array_unref);
        g_free(turn);
}

void turn_free_any(void *turn) {
        turn_free(turn);
}

/* One whose devices are just being given back to the guest has time until it has them. */
static bool is_due(const Manager *manager, const Turn *turn) {
        return turn->not_before <= manager->now() &&
               !replug_is_busy(manager->replug, turn->request->uuid);
}

Turn *turns_take(GQueue *turns, const Manager *manager) {
        for (GList *link = turns->head; link; link = link->next) {
                Turn *turn = link->data;

                if (is_due(manager, turn)) {
                        g_queue_delete_link(turns, link);
                        return turn;
                }
        }
        return NULL;
}

static int compare_turn(gconstpointer turn, gconstpointer migration) {
        return g_strcmp0(((const Turn *)turn)->migration, migration);
}

GList *turns_find(const GQueue *turns, const char *migration_id) {
        return g_queue_find_custom((GQueue *)turns, migration_id, compare_turn);
}

void turns_hurry(GQueue *turns, int64_t now) {
        for (GList *link = turns->head; link; link = link->next) {
                Turn *turn = link->data;

                turn->not_before = MIN(turn->not_before, now);
        }
}

int64_t turns_next_time(const GQueue *turns) {
        int64_t next = 0;

        for (GList *link = turns->head; link; link = link->next) {
                const Turn *turn = link->data;

                next = next == 0 ? turn->not_before : MIN(next, turn->not_before);
        }
        return next;
}
