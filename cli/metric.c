/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/metric.h"

#include <math.h>
#include <string.h>

#include "cli/text.h"
#include "daemon/names.h"

GVariant *metrics_list(Client *client, GError **error) {
        g_autoptr(GVariant) reply = NULL;

        reply = client_ask(client, FERRY_INTERFACE_MANAGER, "ListMetrics", "(a(ssss))", NULL,
                           error);
        return reply ? g_variant_get_child_value(reply, 0) : NULL;
}

static void set_unknown(const char *metric, GVariant *list, GError **error) {
        g_autoptr(GString) names = g_string_new(NULL);
        GVariantIter iter;
        const char *name;

        g_variant_iter_init(&iter, list);
        while (g_variant_iter_next(&iter, "(&s&s&s&s)", &name, NULL, NULL, NULL))
                g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", name);
        g_set_error(error, CLIENT_ERROR, CLIENT_ERROR_REFUSED,
                    "There is no metric '%s': there are %s", metric, names->str);
}

bool metrics_find(GVariant *list, const char *name, MetricFacts *ret_facts, GError **error) {
        MetricFacts facts;
        GVariantIter iter;

        g_variant_iter_init(&iter, list);
        while (g_variant_iter_next(&iter, "(&s&s&s&s)", &facts.name, &facts.kind, &facts.unit,
                                   NULL))
                if (g_str_equal(facts.name, name)) {
                        *ret_facts = facts;
                        return true;
                }
        set_unknown(name, list, error);
        return false;
}

char *metric_text(const MetricFacts *facts, double value) {
        bool rate = g_str_equal(facts->kind, "counter");

        if (g_str_equal(facts->unit, "bytes")) {
                g_autofree char *bytes = text_bytes((uint64_t)fmax(value, 0));

                return g_strconcat(bytes, rate ? "/s" : "", NULL);
        }
        if (rate && g_str_equal(facts->unit, "seconds"))
                return g_strdup_printf("%.1f%%", value * 100);
        return g_strdup_printf("%.1f%s", value, rate ? "/s" : "");
}

bool subject_is_function(const char *subject) {
        const char *colon = strrchr(subject, ':');

        return colon && strchr(subject, ':') != colon && strchr(colon, '.');
}

const char *subject_kind_beside_guest(const char *subject) {
        return g_uuid_string_is_valid(subject) ? "vf" : "offload";
}
