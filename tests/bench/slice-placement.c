/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Our half of the benchmark against Placement, see slice-placement.py.
 *
 *   slice-placement STORE
 *
 * For each line "PAIRS CLIENTS" of standard input so many hardware slices are
 * promised and given back, and the seconds it took are the answer. One client:
 * one after the other, two commits each. Several: as the daemon answers all who
 * wait, by one commit for what they ask and one for what they give back.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/core/made-up-host.h"

#define CLIENTS_MAX 64u

/* What 64 of them ask for, it has. */
static const MadeUpHostSize host_size = {
        .nodes = 4, .cores = 64, .memory_mib = 262144, .vfs = 64
};

static const char wish_xml[] =
        "<slice version='1'><cores count='4' exclusive='yes'/><memory size='8' unit='GiB'/>"
        "<function name='nic' class='sriov'/></slice>";

typedef struct Bench {
        SliceBook *book;
        const Slice *wish;
        char uuids[CLIENTS_MAX][37], names[CLIENTS_MAX][16];
} Bench;

static void check(bool good, const char *what, GError *error) {
        if (good)
                return;

        fprintf(stderr, "%s: %s\n", what, error ? error->message : "failed");
        exit(EXIT_FAILURE);
}

static void allocate(const Bench *bench, unsigned client) {
        GError *error = NULL;
        bool good = slice_book_allocate(bench->book, bench->uuids[client], bench->names[client],
                                        bench->wish, 0, NULL, &error);

        check(good, "To promise", error);
}

static void deallocate(const Bench *bench, unsigned client) {
        GError *error = NULL;
        bool good = slice_book_deallocate(bench->book, bench->uuids[client], &error);

        check(good, "To give back", error);
}

static void for_all(const Bench *bench, unsigned clients,
                    void (*call)(const Bench *bench, unsigned client)) {
        GError *error = NULL;
        bool good;

        slice_book_begin(bench->book);
        for (unsigned i = 0; i < clients; i++)
                call(bench, i);
        good = slice_book_commit(bench->book, &error);
        check(good, "To commit", error);
}

static void one_after_the_other(const Bench *bench, unsigned pairs) {
        for (unsigned i = 0; i < pairs; i++) {
                allocate(bench, i % CLIENTS_MAX);
                deallocate(bench, i % CLIENTS_MAX);
        }
}

static void together(const Bench *bench, unsigned pairs, unsigned clients) {
        for (unsigned done = 0; done < pairs; done += clients) {
                for_all(bench, clients, allocate);
                for_all(bench, clients, deallocate);
        }
}

static void answer(const Bench *bench) {
        char line[64];

        while (fgets(line, sizeof(line), stdin)) {
                unsigned pairs, clients;
                int64_t begin = g_get_monotonic_time();

                check(sscanf(line, "%u %u", &pairs, &clients) == 2 && clients > 0 &&
                              clients <= CLIENTS_MAX && pairs % clients == 0,
                      line, NULL);
                if (clients == 1)
                        one_after_the_other(bench, pairs);
                else
                        together(bench, pairs, clients);
                printf("%.6f\n", (double)(g_get_monotonic_time() - begin) / G_USEC_PER_SEC);
                fflush(stdout);
        }
}

static void name_clients(Bench *bench) {
        for (unsigned i = 0; i < CLIENTS_MAX; i++) {
                g_snprintf(bench->uuids[i], sizeof(bench->uuids[i]),
                           "00000000-0000-4000-8000-%012u", i);
                g_snprintf(bench->names[i], sizeof(bench->names[i]), "guest%u", i);
        }
}

int main(int argc, char **argv) {
        g_autoptr(MadeUpHost) host = made_up_host_new(&host_size);
        g_autoptr(Slice) wish = slice_from_xml(wish_xml, strlen(wish_xml), NULL);
        g_autoptr(Store) store = NULL;
        g_autoptr(SliceBook) book = NULL;
        GError *error = NULL;
        Bench bench = { .wish = wish };

        check(argc == 2, "Usage: slice-placement STORE", NULL);
        store = store_open(argv[1], &error);
        check(store, argv[1], error);
        book = bench.book = slice_book_new(store);
        slice_book_set_capacity(book, made_up_host_capacity(host));
        name_clients(&bench);
        answer(&bench);
        return EXIT_SUCCESS;
}
