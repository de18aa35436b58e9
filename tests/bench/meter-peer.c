/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/bench/meter-peer.h"

#include <sqlite3.h>
#include <stdio.h>

#include "daemon/facts/link-stats.h"

typedef struct Row {
        char *id;
        int64_t realtime;
        uint64_t values[_METRIC_MAX];
} Row;

struct MeterPeer {
        MeterHost *host;
        GArray *rows; /* Row */
        sqlite3 *db;
        sqlite3_stmt *put, *trim;
};

static void run(MeterPeer *peer, const char *sql) {
        g_assert_cmpint(sqlite3_exec(peer->db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
}

static void step(sqlite3_stmt *statement) {
        g_assert_cmpint(sqlite3_step(statement), ==, SQLITE_DONE);
        (void)sqlite3_reset(statement);
}

static void row_clear(void *data) {
        g_free(((Row *)data)->id);
}

static sqlite3_stmt *prepare(MeterPeer *peer, const char *sql) {
        sqlite3_stmt *statement = NULL;

        g_assert_cmpint(sqlite3_prepare_v2(peer->db, sql, -1, &statement, NULL), ==, SQLITE_OK);
        return statement;
}

MeterPeer *meter_peer_new(MeterHost *host, const char *path) {
        MeterPeer *peer = g_new0(MeterPeer, 1);

        peer->host = host;
        peer->rows = g_array_new(false, false, sizeof(Row));
        g_array_set_clear_func(peer->rows, row_clear);
        g_assert_cmpint(sqlite3_open(path, &peer->db), ==, SQLITE_OK);
        run(peer, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                  "CREATE TABLE samples(number INTEGER PRIMARY KEY, id TEXT, time INTEGER,"
                  " data BLOB) STRICT; CREATE INDEX samples_of ON samples(id, time)");
        peer->put = prepare(peer, "INSERT INTO samples(id, time, data) VALUES(?, ?, ?)");
        peer->trim = prepare(peer, "DELETE FROM samples WHERE number <="
                                   " (SELECT max(number) FROM samples) - ?");
        return peer;
}

void meter_peer_free(MeterPeer *peer) {
        (void)sqlite3_finalize(peer->put);
        (void)sqlite3_finalize(peer->trim);
        (void)sqlite3_close(peer->db);
        g_array_unref(peer->rows);
        g_free(peer);
}

static void add_link(MeterPeer *peer, int64_t realtime, char *taken_id, const LinkStats *stats) {
        Row row = { .id = taken_id, .realtime = realtime };

        G_STATIC_ASSERT(sizeof(*stats) <= sizeof(row.values));
        memcpy(row.values, stats, sizeof(*stats));
        g_array_append_val(peer->rows, row);
}

static void look_at_links(MeterPeer *peer, int64_t realtime) {
        for (unsigned i = 1; i <= meter_host_pfs(peer->host); i++) {
                g_autoptr(GArray) vfs = NULL;
                LinkStats link;

                g_assert_cmpint(link_stats_read(meter_host_rtnl(peer->host), (int)i, &link, &vfs),
                                ==, 0);
                add_link(peer, realtime, g_strdup_printf("eth%u", i), &link);
                for (guint j = 0; j < vfs->len; j++) {
                        const VfStats *vf = &g_array_index(vfs, VfStats, j);

                        add_link(peer, realtime, g_strdup_printf("eth%u vf %u", i, vf->vf),
                                 &vf->stats);
                }
        }
}

void meter_peer_look(MeterPeer *peer, int64_t realtime) {
        g_autoptr(GPtrArray) samples = meter_host_ask(peer->host);

        for (guint i = 0; i < samples->len; i++) {
                const GuestSample *guest = samples->pdata[i];
                Row row = { .id = g_strdup(guest->uuid), .realtime = realtime };

                memcpy(row.values, guest->sample.values, sizeof(row.values));
                g_array_append_val(peer->rows, row);
        }
        look_at_links(peer, realtime);
}

void meter_peer_write(MeterPeer *peer) {
        run(peer, "BEGIN IMMEDIATE");
        for (guint i = 0; i < peer->rows->len; i++) {
                const Row *row = &g_array_index(peer->rows, Row, i);

                (void)sqlite3_bind_text(peer->put, 1, row->id, -1, SQLITE_STATIC);
                (void)sqlite3_bind_int64(peer->put, 2, row->realtime);
                (void)sqlite3_bind_blob(peer->put, 3, row->values, sizeof(row->values),
                                        SQLITE_STATIC);
                step(peer->put);
        }
        (void)sqlite3_bind_int64(peer->trim, 1, PEER_ROWS);
        step(peer->trim);
        run(peer, "COMMIT");
        g_array_set_size(peer->rows, 0);
}
