/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/transfer.h"

#include "xml/ferry-error.h"

#define MIB ((uint64_t)1024 * 1024)

/* A thread of QEMU's sends about 1 GiB/s. What has come near to that was held up by the thread;
 * what has not, by the link. */
#define ONE_CONNECTION_RATE (512 * MIB)
#define CONNECTIONS_LEAST   2
#define CONNECTIONS_MOST    8
/* Compressing is work for a core each, and four of them fill such a link. */
#define COMPRESSING_MOST 4

/* VIR_MIGRATE_PARAM_COMPRESSION_ZLIB_LEVEL, _ZSTD_LEVEL and their methods: libvirt 9.4.0. */
#define LIBVIRT_WITH_ZSTD 9004000

typedef struct Method {
        const char *name;
        bool parallel; /* with parallel connections only, else without */
} Method;

static const Method methods[] = {
        { "xbzrle", false },
        { "mt", false },
        { "zlib", true },
        { "zstd", true },
};

static const Method *find_method(const char *name) {
        for (size_t i = 0; i < G_N_ELEMENTS(methods); i++)
                if (g_strcmp0(methods[i].name, name) == 0)
                        return &methods[i];
        return NULL;
}

void transfer_done(Transfer *transfer) {
        g_clear_pointer(&transfer->why, g_free);
}

/* What is known ------------------------------------------------------------------- */

/* The way takes no more than this; 0 not known. */
static uint64_t way_rate(const TransferFigures *figures) {
        uint64_t limit = figures->bandwidth_limit;

        if (figures->rate == 0 || limit == 0)
                return MAX(figures->rate, limit);
        return MIN(figures->rate, limit);
}

static char *rate_text(uint64_t rate) {
        return g_strdup_printf("%.1f MiB/s", (double)rate / (double)MIB);
}

static void add_reason(Transfer *transfer, char *taken) {
        g_autofree char *before = transfer->why, *reason = taken;

        transfer->why = before ? g_strconcat(before, "; ", reason, NULL) : g_steal_pointer(&reason);
}

/* Compression --------------------------------------------------------------------- */

/* Where more is written than half of what the way takes, each pass is more than half of the one
 * before. A link that one thread does not fill is not slow enough for it. */
static bool is_worth_compressing(const TransferFigures *figures) {
        uint64_t rate = way_rate(figures);

        return rate > 0 && rate < ONE_CONNECTION_RATE && figures->dirty_rate > rate / 2 &&
               figures->idle >= CONNECTIONS_LEAST;
}

/* The connections that were asked for may leave no choice. */
static const Method *choose_method(const TransferWish *wish, const TransferFigures *figures) {
        bool can_zstd = figures->libvirt >= LIBVIRT_WITH_ZSTD && wish->connections != 1;

        if (can_zstd)
                return find_method("zstd");
        return wish->connections <= 1 ? find_method("xbzrle") : NULL;
}

static void choose_compression(const TransferWish *wish, const TransferFigures *figures,
                               Transfer *transfer) {
        const Method *method = choose_method(wish, figures);
        g_autofree char *rate = rate_text(way_rate(figures));
        g_autofree char *dirty = rate_text(figures->dirty_rate);

        if (!method || !is_worth_compressing(figures))
                return;

        transfer->compression = method->name;
        if (wish->connections == 0)
                transfer->connections = method->parallel ? CLAMP(figures->idle, CONNECTIONS_LEAST,
                                                                 COMPRESSING_MOST)
                                                         : 1;
        add_reason(transfer, g_strdup_printf("%s, since its memory is written at %s, the way takes "
                                             "%s, and %u cores are idle",
                                             method->name, dirty, rate, figures->idle));
}

static bool refuse(GError **error, const Method *method, const char *why) {
        g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS, "Compression by %s %s",
                    method->name, why);
        return false;
}

static bool check_method(const Method *method, const TransferWish *wish,
                         const TransferFigures *figures, GError **error) {
        if (!method) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS,
                            "Memory is compressed by " TRANSFER_COMPRESSIONS ", not '%.32s'",
                            wish->compression);
                return false;
        }
        if (method->parallel && wish->connections == 1)
                return refuse(error, method,
                              "goes over parallel connections only: ask for 2 at least, or give no "
                              "number");
        if (!method->parallel && wish->connections > 1)
                return refuse(error, method,
                              "goes over one connection only: ask for zstd or zlib, or give no "
                              "number of connections");
        if (method->parallel && figures->libvirt > 0 && figures->libvirt < LIBVIRT_WITH_ZSTD)
                return refuse(error, method,
                              "needs libvirt 9.4, and this host has an older one: ask for xbzrle");
        return true;
}

static bool take_compression(const TransferWish *wish, const TransferFigures *figures,
                             Transfer *transfer, GError **error) {
        const Method *method = find_method(wish->compression);

        if (!check_method(method, wish, figures, error))
                return false;

        transfer->compression = method->name;
        if (wish->connections == 0)
                transfer->connections = method->parallel ? CLAMP(figures->cores, CONNECTIONS_LEAST,
                                                                 COMPRESSING_MOST)
                                                         : 1;
        add_reason(transfer, g_strdup_printf("%s was asked for", method->name));
        return true;
}

/* Connections --------------------------------------------------------------------- */

static void choose_connections(const TransferFigures *figures, Transfer *transfer) {
        g_autofree char *rate = rate_text(way_rate(figures));

        transfer->connections = 1;
        if (figures->cores < CONNECTIONS_LEAST) {
                add_reason(transfer, g_strdup("one connection, since this host has one core"));
        } else if (way_rate(figures) == 0) {
                add_reason(transfer, g_strdup("one connection, since what the way takes was not "
                                              "measured yet"));
        } else if (way_rate(figures) < ONE_CONNECTION_RATE) {
                add_reason(transfer,
                           g_strdup_printf("one connection, which fills the way (%s)", rate));
        } else {
                transfer->connections = CLAMP(figures->cores / 2, CONNECTIONS_LEAST,
                                              CONNECTIONS_MOST);
                add_reason(transfer,
                           g_strdup_printf("%u connections, since one has sent %s, about what a "
                                           "core can, and this host has %u",
                                           transfer->connections, rate, figures->cores));
        }
}

/* Compression has the first word: it may need connections, or bear none. */
bool transfer_choose(const TransferWish *wish, const TransferFigures *figures,
                     Transfer *ret_transfer, GError **error) {
        const char *compression = wish->compression ?: "auto";
        g_auto(Transfer) transfer = { .connections = wish->connections };

        if (wish->connections > 0)
                add_reason(&transfer,
                           g_strdup_printf("%u connection%s asked for", wish->connections,
                                           wish->connections == 1 ? " was" : "s were"));
        if (g_str_equal(compression, "auto"))
                choose_compression(wish, figures, &transfer);
        else if (!g_str_equal(compression, "none") &&
                 !take_compression(wish, figures, &transfer, error))
                return false;
        if (transfer.connections == 0)
                choose_connections(figures, &transfer);

        *ret_transfer = transfer;
        transfer.why = NULL;
        return true;
}

void transfer_slow_down(Transfer *transfer) {
        transfer->auto_converge = true;
        add_reason(transfer, g_strdup("QEMU slows the guest down when its memory is written faster "
                                      "than it is sent, as the forecast says"));
}

char *transfer_to_string(const Transfer *transfer) {
        GString *text = g_string_new(NULL);

        if (transfer->connections > 1)
                g_string_append_printf(text, "%u connections", transfer->connections);
        else
                g_string_append(text, "one connection");
        if (transfer->compression)
                g_string_append_printf(text, ", %s", transfer->compression);
        if (transfer->auto_converge)
                g_string_append(text, ", auto-converge");
        return g_string_free(text, FALSE);
}
