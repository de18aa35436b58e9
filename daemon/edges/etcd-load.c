/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/etcd-load.h"

#include "daemon/edges/etcd-json.h"

#include <string.h>

#define PAGE            4096u /* keys; of 4 KiB each they are what HTTP_ANSWER_MAX allows */
#define HOSTS_OF_A_SPAN 100u
#define TOGETHER        2u
#define REQUEST_TIME    10u /* seconds; etcd itself gives up after 5 to 7 */
#define MAPS            "maps/"
#define LOTS            "lots/"
#define LOTS_END        "lots0" /* the first key behind all of these */

typedef struct Span {
        EtcdLoad *load;
        char *from, *to;
        char *last; /* key of the page before; NULL: none was */
        EtcdCall *call;
} Span;

struct EtcdLoad {
        EtcdClient *client;
        char *prefix, *maps;
        EtcdLoadEvents events;
        GPtrArray *spans; /* of Span, that are not told */
        GPtrArray *hosts; /* names of those with a map, in order */
        bool cut;         /* all of lots/ is in spans */
        unsigned page;
        int64_t revision; /* 0: that of the first page */
        uint64_t cluster_id;
};

static void load_page(Span *span);

static void span_free(void *data) {
        Span *span = data;

        etcd_call_cancel(span->call);
        g_free(span->from);
        g_free(span->to);
        g_free(span->last);
        g_free(span);
}

/* Takes both. */
static void add_span(EtcdLoad *load, char *from, char *to) {
        Span *span = g_new0(Span, 1);

        span->load = load;
        span->from = from;
        span->to = to;
        g_ptr_array_add(load->spans, span);
}

/* Where it is cut is of no matter, as long as nothing is left out: there may be lots of hosts that
 * have no map. */
static void cut_lots(EtcdLoad *load) {
        char *from = g_strconcat(load->prefix, LOTS, NULL), *to;

        for (guint i = HOSTS_OF_A_SPAN; i < load->hosts->len; i += HOSTS_OF_A_SPAN) {
                to = g_strconcat(load->prefix, LOTS, load->hosts->pdata[i], NULL);
                add_span(load, from, to);
                from = g_strdup(to);
        }
        add_span(load, from, g_strconcat(load->prefix, LOTS_END, NULL));
        load->cut = true;
}

/* The first one alone, since all are to be of its revision. */
static void load_more(EtcdLoad *load) {
        guint together = load->revision > 0 ? TOGETHER : 1;

        if (load->spans->len == 0 && !load->cut)
                cut_lots(load);
        for (guint i = 0; i < MIN(together, load->spans->len); i++) {
                Span *span = load->spans->pdata[i];

                if (!span->call)
                        load_page(span);
        }
        if (load->spans->len == 0)
                load->events.done(load->events.userdata, load->revision, load->cluster_id);
}

/* An EtcdPageTell. */
static void take_key(void *userdata, const EtcdPageKey *key) {
        EtcdLoad *load = userdata;

        load->events.key(load->events.userdata, key);
        if (!load->cut && g_str_has_prefix(key->key, load->maps))
                g_ptr_array_add(load->hosts, g_strdup(key->key + strlen(load->maps)));
}

/* False: it is not what etcd answers. */
static bool take_page(Span *span, const EtcdReply *reply) {
        EtcdLoad *load = span->load;
        EtcdPage page;

        if (!etcd_page_read(reply->text, reply->size, take_key, load, &page))
                return false;

        if (load->revision == 0) {
                load->revision = page.revision;
                load->cluster_id = page.cluster_id;
        }
        g_free(span->last);
        span->last = page.last;
        if (!page.more || !page.last)
                g_ptr_array_remove(load->spans, span);
        return true;
}

static void on_page(void *userdata, const EtcdReply *reply) {
        Span *span = userdata;
        EtcdLoad *load = span->load;

        span->call = NULL;
        if (reply->result == ETCD_OK) {
                if (take_page(span, reply))
                        load_more(load);
                else
                        load->events.bad(load->events.userdata,
                                         "etcd's answer cannot be understood");
        } else if (reply->too_long && load->page > 1) {
                load->page /= 2;
                load_page(span);
        } else if (reply->code == ETCD_CODE_OUT_OF_RANGE) {
                load->events.compacted(load->events.userdata);
        } else {
                load->events.bad(load->events.userdata, reply->why);
        }
}

static void load_page(Span *span) {
        const EtcdLoad *load = span->load;
        g_autofree char *body = etcd_span_body(span->from, span->last, span->to, load->page,
                                               load->revision);

        span->call = etcd_client_call(load->client,
                                      &(EtcdRequest){ .path = "/v3/kv/range",
                                                      .body = body,
                                                      .seconds = REQUEST_TIME,
                                                      .again = true,
                                                      .plain = true },
                                      on_page, span);
}

EtcdLoad *etcd_load_new(EtcdClient *client, const char *prefix, const EtcdLoadEvents *events) {
        EtcdLoad *load = g_new0(EtcdLoad, 1);

        load->client = client;
        load->prefix = g_strdup(prefix);
        load->maps = g_strconcat(prefix, MAPS, NULL);
        load->events = *events;
        load->spans = g_ptr_array_new_with_free_func(span_free);
        load->hosts = g_ptr_array_new_with_free_func(g_free);
        load->page = PAGE;
        add_span(load, g_strdup(prefix), g_strconcat(prefix, LOTS, NULL));
        add_span(load, g_strconcat(prefix, LOTS_END, NULL), etcd_end(prefix));
        load_more(load);
        return load;
}

void etcd_load_free(EtcdLoad *load) {
        if (!load)
                return;

        g_ptr_array_unref(load->spans);
        g_ptr_array_unref(load->hosts);
        g_free(load->prefix);
        g_free(load->maps);
        g_free(load);
}
