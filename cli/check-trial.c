/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/check-trial.h"

#include "cli/text.h"
#include "daemon/names.h"

#define STEPS "a(ssttiss)"

/* What the half of a trial on one host has said. */
typedef struct Half {
        GVariant *reply;
        const char *device; /* "": none was tried */
        gboolean good;
        const char *verdict;
} Half;

static void half_done(Half *half) {
        g_clear_pointer(&half->reply, g_variant_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Half, half_done)

/* A trial that a daemon refuses is not made, and the rest of the check stands. */
static bool was_refused(GuestReport *report, const char *host, const char *name, GError **error) {
        if (!g_error_matches(*error, CLIENT_ERROR, CLIENT_ERROR_REFUSED))
                return false;

        guest_report_add(report, "error", host, name, (*error)->message);
        g_clear_error(error);
        return true;
}

static bool ask(Half *half, Client *client, const char *method, GVariant *arguments,
                const char *type, GError **error) {
        half->reply = client_act_on(client, FERRY_OBJECT_ROOT, FERRY_INTERFACE_MANAGER, method,
                                    arguments, type, error);
        if (!half->reply)
                return false;

        g_variant_get_child(half->reply, 0, "&s", &half->device);
        g_variant_get_child(half->reply, 1, "b", &half->good);
        g_variant_get_child(half->reply, 2, "&s", &half->verdict);
        return true;
}

static void add_untried(GuestReport *report, const char *host, const char *name, const char *why) {
        g_autofree char *sentence = g_strdup_printf("Not tried: %s", why);

        guest_report_add(report, "note", host, name, sentence);
}

static void add_failure(GuestReport *report, const char *host, const char *name,
                        const char *verdict) {
        g_autofree char *sentence = NULL;

        sentence = g_strdup_printf("A trial has failed, as the move would with the guest paused: "
                                   "%s; use another device or driver",
                                   verdict);
        guest_report_add(report, "error", host, name, sentence);
}

/* Of the state that was loaded. */
static char *size_of(const Half *loaded) {
        g_autoptr(GVariant) steps = g_variant_get_child_value(loaded->reply, 3);
        const char *name;
        GVariantIter iter;
        uint64_t bytes;

        g_variant_iter_init(&iter, steps);
        while (g_variant_iter_next(&iter, "(&s&stti&s&s)", &name, NULL, NULL, &bytes, NULL, NULL,
                                   NULL))
                if (g_str_equal(name, "load"))
                        return text_bytes(bytes);
        return g_strdup("?");
}

static void add_success(GuestReport *report, const char *host, const char *name, const Half *saved,
                        const Half *loaded) {
        g_autofree char *size = size_of(loaded), *sentence = NULL;

        sentence = g_strdup_printf("Tried: %s loads the state of %s (%s)", loaded->device,
                                   saved->device, size);
        guest_report_add(report, "note", host, name, sentence);
}

static bool load(const CheckTrial *trial, const char *name, const Half *saved, GuestReport *report,
                 GError **error) {
        g_autoptr(GVariant) document = g_variant_get_child_value(saved->reply, 4);
        g_auto(Half) loaded = { 0 };

        if (!ask(&loaded, trial->there, "LoadTrialState",
                 g_variant_new("(ss@ay)", trial->xml, name, document), "(sbs" STEPS ")", error))
                return was_refused(report, trial->host_there, name, error);

        if (!*loaded.device)
                add_untried(report, trial->host_there, name, loaded.verdict);
        else if (!loaded.good)
                add_failure(report, trial->host_there, name, loaded.verdict);
        else
                add_success(report, trial->host_there, name, saved, &loaded);
        return true;
}

static bool try_device(const CheckTrial *trial, const char *name, GuestReport *report,
                       GError **error) {
        g_auto(Half) saved = { 0 };

        if (!ask(&saved, trial->here, "SaveTrialState", g_variant_new("(ss)", trial->domain, name),
                 "(sbs" STEPS "ay)", error))
                return was_refused(report, trial->host_here, name, error);

        if (!*saved.device)
                add_untried(report, trial->host_here, name, saved.verdict);
        else if (!saved.good)
                add_failure(report, trial->host_here, name, saved.verdict);
        else
                return load(trial, name, &saved, report, error);
        return true;
}

bool check_trial(const CheckTrial *trial, GVariant *answers, GuestReport *report, GError **error) {
        GVariantIter iter;
        const char *name;
        gboolean fits;

        g_variant_iter_init(&iter, answers);
        while (g_variant_iter_next(&iter, "(&sb&s&sb&s&s&s&s)", &name, &fits, NULL, NULL, NULL,
                                   NULL, NULL, NULL, NULL))
                if (fits && !try_device(trial, name, report, error))
                        return false;
        return true;
}
