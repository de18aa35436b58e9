/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The edge to etcd, by hand: commands as lines on stdin, what happens as lines on stdout.
 *
 *   etcd-tool PREFIX TTL ENDPOINT...    TLS: ETCD_CACERT, _CERT, _KEY; user: ETCD_USER, _PASSWORD
 *   publish KEY [VALUE]    read BELOW    transact NAME [mod|create KEY REVISION | put KEY VALUE |
 * delete KEY]...
 */
#include "daemon/edges/etcd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define LINE_MAX_SIZE 65536

static void on_up(void *userdata) {
        puts("up");
}

static void on_down(void *userdata, const char *why) {
        printf("down %s\n", why);
}

static void on_reset(void *userdata) {
        puts("reset");
}

static void on_loaded(void *userdata) {
        puts("loaded");
}

static void on_key(void *userdata, const char *key, const char *value, int64_t create_revision,
                   int64_t mod_revision) {
        printf("key %s=%s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n", key,
               value ? value : "(gone)", create_revision, mod_revision);
}

static const ClusterEvents events = {
        .up = on_up, .down = on_down, .reset = on_reset, .loaded = on_loaded, .key = on_key
};

static void on_answer(void *userdata, ClusterOutcome outcome, const char *why) {
        g_autofree char *name = userdata;

        printf("answer %s %s%s%s\n", name, cluster_outcome_to_string(outcome), why ? " " : "",
               why ? why : "");
}

static void on_each(void *userdata, const char *key, const char *value) {
        printf("read %s=%zu %.16s\n", key, strlen(value), value);
}

static void on_read(void *userdata, const char *why) {
        printf("end %s\n", why ? why : "");
}

/* How many words it took; 0: it is none. */
static unsigned add_part(ClusterTransaction *transaction, char **words) {
        if (strcmp(words[0], "delete") == 0 && words[1]) {
                cluster_transaction_delete(transaction, words[1]);
                return 2;
        }
        if (!words[1] || !words[2])
                return 0;

        if (strcmp(words[0], "put") == 0)
                cluster_transaction_put(transaction, words[1], g_strdup(words[2]));
        else if (strcmp(words[0], "mod") == 0)
                cluster_transaction_compare_mod(transaction, words[1], atoll(words[2]));
        else
                cluster_transaction_compare_create(transaction, words[1], atoll(words[2]));
        return 3;
}

static void run_transaction(const ClusterOps *ops, char **words) {
        g_autoptr(ClusterTransaction) transaction = cluster_transaction_new();
        unsigned taken = 2;

        for (unsigned i = 2; words[i] && taken > 0; i += taken)
                taken = add_part(transaction, words + i);
        ops->transact(ops->userdata, transaction, on_answer, g_strdup(words[1]));
}

static void run(const ClusterOps *ops, const char *line) {
        g_auto(GStrv) words = g_strsplit(line, " ", -1);

        if (!words[0] || !words[1])
                return;
        if (strcmp(words[0], "publish") == 0)
                ops->publish(ops->userdata, words[1], words[2]);
        else if (strcmp(words[0], "read") == 0)
                ops->read(ops->userdata, words[1], on_each, on_read, NULL);
        else
                run_transaction(ops, words);
}

static int on_stdin(sd_event_source *source, int fd, uint32_t what, void *userdata) {
        static char buffer[LINE_MAX_SIZE];
        static size_t length;
        const ClusterOps *ops = userdata;
        ssize_t n = read(fd, buffer + length, sizeof buffer - 1 - length);
        char *end;

        if (n <= 0)
                return sd_event_exit(sd_event_source_get_event(source), 0);

        length += (size_t)n;
        buffer[length] = '\0';
        while ((end = strchr(buffer, '\n'))) {
                *end = '\0';
                run(ops, buffer);
                length -= (size_t)(end + 1 - buffer);
                memmove(buffer, end + 1, length + 1);
        }
        return 0;
}

int main(int argc, char **argv) {
        g_autoptr(Etcd) etcd = NULL;
        sd_event *loop = NULL;
        int r;

        if (argc < 4)
                return EXIT_FAILURE;

        setvbuf(stdout, NULL, _IOLBF, 0);
        const EtcdConfig config = {
                .access = { .endpoints = (const char *const *)argv + 3,
                            .user = g_getenv("ETCD_USER"),
                            .password = g_getenv("ETCD_PASSWORD"),
                            .tls = { .cacert = g_getenv("ETCD_CACERT"),
                                     .cert = g_getenv("ETCD_CERT"),
                                     .key = g_getenv("ETCD_KEY") } },
                .prefix = argv[1],
                .ttl = (unsigned)atoi(argv[2]),
        };

        r = sd_event_default(&loop);
        if (r >= 0)
                r = etcd_new(loop, &config, &events, &etcd);
        if (r >= 0)
                r = sd_event_add_io(loop, NULL, STDIN_FILENO, EPOLLIN, on_stdin,
                                    (void *)etcd_ops(etcd));
        if (r >= 0)
                r = sd_event_loop(loop);
        g_clear_pointer(&etcd, etcd_free);
        sd_event_unref(loop);
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
