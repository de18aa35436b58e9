/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/transfer.h"

#include <string.h>

#include "xml/ferry-error.h"

#define MIB    ((uint64_t)1024 * 1024)
#define FAST   (900 * MIB)
#define SLOW   (110 * MIB)
#define BUSY   (80 * MIB) /* what a guest writes */
#define LAZY   (10 * MIB)
#define DEB_12 9000000
#define DEB_13 11003000

static const struct {
        const char *name;
        TransferFigures figures;
        TransferWish wish;
        const char *options, *why; /* `why` is in the sentence */
} cases[] = {
        { "a way that was not measured",
          { .cores = 8, .idle = 8, .dirty_rate = BUSY, .libvirt = DEB_13 },
          { 0 },
          "one connection",
          "not measured yet" },
        { "one core", { 1, 1, FAST, 0, BUSY, DEB_13 }, { 0 }, "one connection", "has one core" },
        { "nobody knows the cores", { .rate = FAST }, { 0 }, "one connection", "one core" },
        { "a slow link",
          { 8, 8, SLOW, 0, LAZY, DEB_13 },
          { 0 },
          "one connection",
          "which fills the way (110.0 MiB/s)" },
        { "a fast link",
          { 8, 8, FAST, 0, BUSY, DEB_13 },
          { 0 },
          "4 connections",
          "since one has sent 900.0 MiB/s, about what a core can, and this host has 8" },
        { "two cores", { 2, 0, FAST, 0, 0, DEB_12 }, { 0 }, "2 connections", "this host has 2" },
        { "many cores", { 96, 90, FAST, 0, 0, DEB_12 }, { 0 }, "8 connections", "has 96" },
        { "a fast link that is limited",
          { 8, 8, FAST, SLOW, LAZY, DEB_13 },
          { 0 },
          "one connection",
          "fills the way (110.0 MiB/s)" },
        { "a slow link and a busy guest",
          { 8, 3, SLOW, 0, BUSY, DEB_13 },
          { 0 },
          "3 connections, zstd",
          "zstd, since its memory is written at 80.0 MiB/s, the way takes 110.0 MiB/s, and 3 "
          "cores are idle" },
        { "at the limit", { 8, 3, 2 * BUSY, 0, BUSY, DEB_13 }, { 0 }, "one connection", "fills" },
        { "many idle cores", { 64, 60, SLOW, 0, BUSY, DEB_13 }, { 0 }, "4 connections, zstd", "" },
        { "no idle core", { 8, 1, SLOW, 0, BUSY, DEB_13 }, { 0 }, "one connection", "fills" },
        { "an old libvirt",
          { 8, 8, SLOW, 0, BUSY, DEB_12 },
          { 0 },
          "one connection, xbzrle",
          "xbzrle, since" },
        { "a busy guest on a fast link that is limited",
          { 8, 8, FAST, SLOW, BUSY, DEB_13 },
          { 0 },
          "4 connections, zstd",
          "" },
        { "a busy guest on a limited way that was not measured",
          { 8, 8, 0, SLOW, BUSY, DEB_13 },
          { 0 },
          "4 connections, zstd",
          "" },

        { "connections that were asked for",
          { 8, 8, SLOW, 0, LAZY, DEB_13 },
          { 6, NULL },
          "6 connections",
          "6 connections were asked for" },
        { "one that was asked for",
          { 8, 8, FAST, 0, LAZY, DEB_13 },
          { 1, "auto" },
          "one connection",
          "1 connection was asked for" },
        { "one that was asked for, and a busy guest",
          { 8, 8, SLOW, 0, BUSY, DEB_13 },
          { 1, NULL },
          "one connection, xbzrle",
          "asked for; xbzrle, since" },
        { "several, and a busy guest",
          { 8, 8, SLOW, 0, BUSY, DEB_13 },
          { 6, NULL },
          "6 connections, zstd",
          "asked for; zstd, since" },
        { "several, a busy guest and an old libvirt",
          { 8, 8, SLOW, 0, BUSY, DEB_12 },
          { 6, NULL },
          "6 connections",
          "asked for" },
        { "no compression",
          { 8, 8, SLOW, 0, BUSY, DEB_13 },
          { 0, "none" },
          "one connection",
          "fills the way" },
        { "xbzrle",
          { 8, 8, FAST, 0, 0, DEB_13 },
          { 0, "xbzrle" },
          "one connection, xbzrle",
          "asked" },
        { "mt",
          { 8, 8, FAST, 0, 0, DEB_13 },
          { 1, "mt" },
          "one connection, mt",
          "mt was asked for" },
        { "zlib", { 3, 0, 0, 0, 0, DEB_13 }, { 0, "zlib" }, "3 connections, zlib", "asked for" },
        { "zstd on one core", { 1, 0, 0, 0, 0, 0 }, { 0, "zstd" }, "2 connections, zstd", "" },
        { "zstd and connections",
          { 8, 8, 0, 0, 0, DEB_13 },
          { 7, "zstd" },
          "7 connections, zstd",
          "7 connections were asked for; zstd was asked for" },
};

static void test_the_table(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_auto(Transfer) transfer = { 0 };
                g_autoptr(GError) error = NULL;
                g_autofree char *options = NULL;

                g_test_message("%s", cases[i].name);
                transfer_choose(&cases[i].wish, &cases[i].figures, &transfer, &error);
                g_assert_no_error(error);
                options = transfer_to_string(&transfer);
                g_assert_cmpstr(options, ==, cases[i].options);
                if (!strstr(transfer.why, cases[i].why))
                        g_error("not '%s' but '%s'", cases[i].why, transfer.why);
        }
}

static void test_wishes_that_do_not_go_together_are_refused(void) {
        static const struct {
                TransferWish wish;
                unsigned long libvirt;
                const char *message;
        } refusals[] = {
                { { 0, "lzma" },
                  DEB_13,
                  "Memory is compressed by auto, none, xbzrle, mt, zlib or zstd, not 'lzma'" },
                { { 0, "" },
                  DEB_13,
                  "Memory is compressed by auto, none, xbzrle, mt, zlib or zstd, not ''" },
                { { 1, "zstd" },
                  DEB_13,
                  "Compression by zstd goes over parallel connections only: ask for 2 at least, or "
                  "give no number" },
                { { 2, "xbzrle" },
                  DEB_13,
                  "Compression by xbzrle goes over one connection only: ask for zstd or zlib, or "
                  "give no number of connections" },
                { { 0, "zlib" },
                  DEB_12,
                  "Compression by zlib needs libvirt 9.4, and this host has an older one: ask for "
                  "xbzrle" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
                const TransferFigures figures = { .cores = 8, .libvirt = refusals[i].libvirt };
                g_auto(Transfer) transfer = { 0 };
                g_autoptr(GError) error = NULL;

                g_assert_false(transfer_choose(&refusals[i].wish, &figures, &transfer, &error));
                g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS);
                g_assert_cmpstr(error->message, ==, refusals[i].message);
                g_assert_null(transfer.why);
        }
}

/* libvirt's own rules, in its own order (qemuMigrationParamsSetCompression()). */
static bool libvirt_takes(const Transfer *transfer, unsigned long libvirt) {
        bool parallel = transfer->connections > 1;
        const char *method = transfer->compression;

        if (!method)
                return true;
        if (g_str_equal(method, "xbzrle") || g_str_equal(method, "mt"))
                return !parallel;
        return parallel && (libvirt >= 9004000 || libvirt == 0);
}

static unsigned try_all_figures(const TransferWish *wish) {
        static const uint64_t rates[] = { 0, LAZY, SLOW, FAST, G_MAXUINT64 };
        static const unsigned long versions[] = { 0, DEB_12, 9003000, 9004000, DEB_13 };
        static const unsigned cores[] = { 0, 1, 2, 5, 1000 };
        unsigned n = 0;

        for (size_t i = 0; i < 5u * 5 * 5 * 5 * 5; i++) {
                const TransferFigures figures = { cores[i % 5],       cores[i / 5 % 5],
                                                  rates[i / 25 % 5],  rates[(i + 1) % 5],
                                                  rates[i / 125 % 5], versions[i / 625 % 5] };
                g_auto(Transfer) transfer = { 0 };

                if (!transfer_choose(wish, &figures, &transfer, NULL))
                        continue;
                n++;
                g_assert_true(libvirt_takes(&transfer, figures.libvirt));
                g_assert_cmpuint(transfer.connections, >=, 1);
                g_assert_cmpuint(transfer.connections, <=, 255);
                g_assert_true(wish->connections == 0 || transfer.connections == wish->connections);
                g_assert_nonnull(transfer.why);
        }
        return n;
}

static void test_what_libvirt_refuses_is_never_chosen(void) {
        static const unsigned connections[] = { 0, 1, 2, 255 };
        static const char *const methods[] = { NULL, "auto", "none", "xbzrle",
                                               "mt", "zlib", "zstd", "lzma" };
        unsigned n = 0;

        for (size_t c = 0; c < G_N_ELEMENTS(connections); c++)
                for (size_t m = 0; m < G_N_ELEMENTS(methods); m++)
                        n += try_all_figures(&(TransferWish){ connections[c], methods[m] });
        g_assert_cmpuint(n, >, 10000);
}

static void test_to_slow_the_guest_down_is_told(void) {
        const TransferFigures figures = { 8, 8, FAST, 0, 0, DEB_13 };
        g_auto(Transfer) transfer = { 0 };
        g_autofree char *options = NULL;

        g_assert_true(transfer_choose(&(TransferWish){ 0 }, &figures, &transfer, NULL));
        g_assert_false(transfer.auto_converge);
        transfer_slow_down(&transfer);
        options = transfer_to_string(&transfer);
        g_assert_cmpstr(options, ==, "4 connections, auto-converge");
        g_assert_true(g_str_has_suffix(transfer.why, "has 8; QEMU slows the guest down when its "
                                                     "memory is written faster than it is sent, as "
                                                     "the forecast says"));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/transfer/the table", test_the_table);
        g_test_add_func("/transfer/wishes that do not go together are refused",
                        test_wishes_that_do_not_go_together_are_refused);
        g_test_add_func("/transfer/what libvirt refuses is never chosen",
                        test_what_libvirt_refuses_is_never_chosen);
        g_test_add_func("/transfer/to slow the guest down is told",
                        test_to_slow_the_guest_down_is_told);
        return g_test_run();
}
