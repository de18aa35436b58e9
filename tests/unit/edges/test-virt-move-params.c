/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/virt-move-params.h"

#define ALWAYS (VIR_MIGRATE_LIVE | VIR_MIGRATE_PEER2PEER)

/* "name=value ..." in their order. */
static char *params_text(const MoveRequest *request) {
        GString *text = g_string_new(NULL);
        virTypedParameterPtr params = NULL;
        int n = 0, max = 0;

        g_assert_cmpint(virt_move_params(request, &params, &n, &max), ==, 0);
        for (int i = 0; i < n; i++) {
                if (params[i].type == VIR_TYPED_PARAM_STRING)
                        g_string_append_printf(text, "%s=%s ", params[i].field, params[i].value.s);
                else
                        g_string_append_printf(text, "%s=%llu ", params[i].field,
                                               params[i].type == VIR_TYPED_PARAM_INT
                                                       ? (unsigned long long)params[i].value.i
                                                       : params[i].value.ul);
        }
        virTypedParamsFree(params, n);
        return g_string_free(text, FALSE);
}

static const struct {
        MoveRequest request;
        unsigned flags;
        const char *params;
} cases[] = {
        { { .uri = (char *)"x" }, 0, "" },
        { { .connections = 1 }, 0, "" },
        { { .connections = 2 }, VIR_MIGRATE_PARALLEL, "parallel.connections=2 " },
        { { .connections = 255, .compression = (char *)"zstd" },
          VIR_MIGRATE_PARALLEL | VIR_MIGRATE_COMPRESSED,
          "parallel.connections=255 compression=zstd " },
        { { .connections = 1, .compression = (char *)"xbzrle" },
          VIR_MIGRATE_COMPRESSED,
          "compression=xbzrle " },
        { { .auto_converge = true, .persistent = true, .undefine_source = true },
          VIR_MIGRATE_AUTO_CONVERGE | VIR_MIGRATE_PERSIST_DEST | VIR_MIGRATE_UNDEFINE_SOURCE,
          "" },
        { { .new_name = (char *)"g2", .bandwidth = 100 }, 0, "destination_name=g2 bandwidth=100 " },
};

static void test_each_wish_has_its_words(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *text = params_text(&cases[i].request);

                g_assert_cmphex(virt_move_flags(&cases[i].request), ==, ALWAYS | cases[i].flags);
                g_assert_cmpstr(text, ==, cases[i].params);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_assert_cmpint(virInitialize(), ==, 0);

        g_test_add_func("/virt-move-params/each wish has its words", test_each_wish_has_its_words);
        return g_test_run();
}
