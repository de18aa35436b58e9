/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "cli/output.h"
#include "cli/text.h"
#include "daemon/names.h"

#define MOVES  "a(sssssdds)"
#define ABSENT "a(ss)"
#define MOVE   "(&s&s&s&s&sdd&s)"

static const char *const move_names[] = { "Domain", "Name", "From",   "To", "Uri",
                                          "Gain",   "Cost", "Reason", NULL };
static const char *const absent_names[] = { "Host", "Reason", NULL };

typedef struct Answer {
        GVariant *moves, *absent;
        char *here;
        gboolean more;
        GPtrArray *begun; /* paths of migrations; with --apply */
        bool failed;      /* one of them could not be begun */
} Answer;

static void answer_clear(Answer *answer) {
        g_clear_pointer(&answer->moves, g_variant_unref);
        g_clear_pointer(&answer->absent, g_variant_unref);
        g_clear_pointer(&answer->here, g_free);
        g_clear_pointer(&answer->begun, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Answer, answer_clear)

/* Asking ---------------------------------------------------------------------------- */

static GVariant *options_of(const Options *options) {
        GVariantBuilder builder;

        g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
        if (options->moves > 0)
                g_variant_builder_add(&builder, "{sv}", "moves",
                                      g_variant_new_uint64(options->moves));
        return g_variant_builder_end(&builder);
}

static bool ask(const Options *options, Client *client, Answer *answer, GError **error) {
        g_autoptr(GVariant) reply = NULL;

        reply = client_act_on(client, FERRY_OBJECT_ROOT, FERRY_INTERFACE_MANAGER, "Balance",
                              g_variant_new("(@a{sv})", options_of(options)),
                              "(s" MOVES "b" ABSENT ")", error);
        if (!reply)
                return false;

        g_variant_get(reply, "(s@" MOVES "b@" ABSENT ")", &answer->here, &answer->moves,
                      &answer->more, &answer->absent);
        return true;
}

/* Carrying out ---------------------------------------------------------------------- */

static void begin(Client *client, Answer *answer, const char *domain, const char *name,
                  const char *uri) {
        g_autoptr(GVariant) reply = NULL;
        g_autoptr(GError) error = NULL;
        char *path;

        reply = client_act_on(
                client, FERRY_OBJECT_ROOT, FERRY_INTERFACE_MANAGER, "Migrate",
                g_variant_new("(ss@a{sv})", domain, uri, g_variant_new("a{sv}", NULL)), "(o)",
                &error);
        if (!reply) {
                g_autofree char *clean = text_clean(name);

                fprintf(stderr, "virt-ferry: %s stays: %s\n", clean, error->message);
                answer->failed = true;
                return;
        }
        g_variant_get(reply, "(o)", &path);
        g_ptr_array_add(answer->begun, path);
}

/* Those that begin at the host that was asked; it lets so many go at a time. */
static void begin_moves(Client *client, Answer *answer) {
        const char *domain, *name, *from, *uri;
        GVariantIter iter;

        answer->begun = g_ptr_array_new_with_free_func(g_free);
        g_variant_iter_init(&iter, answer->moves);
        while (g_variant_iter_next(&iter, MOVE, &domain, &name, &from, NULL, &uri, NULL, NULL,
                                   NULL))
                if (g_str_equal(from, answer->here) && *uri)
                        begin(client, answer, domain, name, uri);
}

/* Showing --------------------------------------------------------------------------- */

/* What a shell would take apart, or run, is quoted: it is another host's word. */
static char *quote(const char *word) {
        g_autofree char *clean = text_clean(word);
        size_t plain = strspn(clean, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_@%+=:,./-");

        return *clean && !clean[plain] ? g_steal_pointer(&clean) : g_shell_quote(clean);
}

static void print_command(const Answer *answer, const char *name, const char *from, const char *to,
                          const char *uri) {
        g_autofree char *guest = quote(name), *host = quote(from), *where = quote(*uri ? uri : to);

        if (g_str_equal(from, answer->here))
                printf("  virt-ferry migrate %s %s\n", guest, where);
        else
                printf("  virt-ferry -H %s migrate %s %s\n", host, guest, where);
}

static void print_moves(const Options *options, const Answer *answer) {
        const char *name, *from, *to, *uri, *sentence;
        GVariantIter iter;

        g_variant_iter_init(&iter, answer->moves);
        while (g_variant_iter_next(&iter, MOVE, NULL, &name, &from, &to, &uri, NULL, NULL,
                                   &sentence)) {
                g_autofree char *clean = text_clean(sentence);

                puts(clean);
                if (!options->apply || !g_str_equal(from, answer->here) || !*uri)
                        print_command(answer, name, from, to, uri);
        }
}

static void print_absent(const Answer *answer) {
        const char *host, *why;
        GVariantIter iter;

        g_variant_iter_init(&iter, answer->absent);
        while (g_variant_iter_next(&iter, "(&s&s)", &host, &why)) {
                g_autofree char *clean_host = text_clean(host), *clean_why = text_clean(why);

                fprintf(stderr, "virt-ferry: Host %s takes no part: %s\n", clean_host, clean_why);
        }
}

static void print_rest(const Options *options, const Answer *answer) {
        if (options->no_legend)
                return;

        if (g_variant_n_children(answer->moves) == 0)
                puts("All is even: no guest should move.");
        if (answer->more)
                puts("There are more: ask again when these are done, or with a higher --moves.");
        if (answer->begun && answer->begun->len > 0)
                printf("%u of them %s on %s way: 'virt-ferry migrations --watch' follows.\n",
                       answer->begun->len, answer->begun->len == 1 ? "is" : "are",
                       answer->begun->len == 1 ? "its" : "their");
        print_absent(answer);
}

static void print_json(const Answer *answer) {
        GVariantBuilder all;

        g_variant_builder_init(&all, G_VARIANT_TYPE_VARDICT);
        g_variant_builder_add(&all, "{sv}", "Here", g_variant_new_string(answer->here));
        g_variant_builder_add(&all, "{sv}", "Moves", rows_named(answer->moves, move_names));
        g_variant_builder_add(&all, "{sv}", "More", g_variant_new_boolean(answer->more));
        g_variant_builder_add(&all, "{sv}", "Absent", rows_named(answer->absent, absent_names));
        if (answer->begun)
                g_variant_builder_add(&all, "{sv}", "Begun",
                                      g_variant_new_objv((const char *const *)answer->begun->pdata,
                                                         answer->begun->len));
        output_json(g_variant_builder_end(&all));
}

int cmd_balance(const Options *options, char *const *unused, GError **error) {
        g_autoptr(Client) client = NULL;
        g_auto(Answer) answer = { 0 };

        client = client_new(options->host, error);
        if (!client || !ask(options, client, &answer, error))
                return -1;
        if (options->apply)
                begin_moves(client, &answer);

        if (options->json) {
                print_json(&answer);
        } else {
                print_moves(options, &answer);
                print_rest(options, &answer);
        }
        return answer.failed ? EXIT_STATUS_NO : EXIT_STATUS_OK;
}
