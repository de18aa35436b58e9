/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/advisor-way.h"

#include <math.h>
#include <string.h>

#include "daemon/advisor-leave.h"
#include "daemon/advisor-seats.h"
#include "daemon/advisor-slices.h"

const AdvisorWay *const advisor_ways[] = {
        &advisor_leave_way, /* who leaves needs nothing here any more */
        &advisor_seats_way,
        &advisor_slices_way,
        NULL,
};

AdvisorDraft *advisor_draft_new(const char *kind, const char *uuid, const char *name,
                                const char *target) {
        AdvisorDraft *draft = g_new0(AdvisorDraft, 1);

        draft->kind = kind;
        draft->reason = "";
        draft->uuid = g_strdup(uuid);
        draft->name = g_strdup(name);
        draft->target = g_strdup(target);
        draft->other = g_strdup("");
        draft->sentence = g_strdup("");
        draft->values = g_array_new(FALSE, FALSE, sizeof(AdvisorValue));
        draft->commands = g_ptr_array_new_with_free_func(g_free);
        return draft;
}

void advisor_draft_free(AdvisorDraft *draft) {
        if (!draft)
                return;

        if (draft->payload_free)
                draft->payload_free(draft->payload);
        g_free(draft->uuid);
        g_free(draft->name);
        g_free(draft->target);
        g_free(draft->other_uuid);
        g_free(draft->other);
        g_free(draft->sentence);
        g_array_unref(draft->values);
        g_ptr_array_unref(draft->commands);
        g_free(draft);
}

void advisor_draft_set_other(AdvisorDraft *draft, const char *uuid, const char *name) {
        g_free(draft->other_uuid);
        g_free(draft->other);
        draft->other_uuid = g_strdup(uuid);
        draft->other = g_strdup(name);
}

void advisor_draft_say(AdvisorDraft *draft, const char *reason, char *sentence) {
        g_free(draft->sentence);
        draft->reason = reason;
        draft->sentence = sentence;
}

void advisor_draft_add_value(AdvisorDraft *draft, const char *name, double value) {
        const AdvisorValue one = { name, value };

        if (!isnan(value))
                g_array_append_val(draft->values, one);
}

static char *shell_word(const char *word) {
        static const char plain[] = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_.:+/";
        bool is_plain = *word && *word != '-' && word[strspn(word, plain)] == '\0';

        return is_plain ? g_strdup(word) : g_shell_quote(word);
}

void advisor_draft_add_command(AdvisorDraft *draft, const char *word, ...) {
        GString *command = g_string_new(NULL);
        va_list words;

        va_start(words, word);
        for (; word; word = va_arg(words, const char *)) {
                g_autofree char *quoted = shell_word(word);

                g_string_append_printf(command, "%s%s", command->len > 0 ? " " : "", quoted);
        }
        va_end(words);
        g_ptr_array_add(draft->commands, g_string_free(command, FALSE));
}

/* Two of them ------------------------------------------------------------------------------ */

bool advisor_draft_is_same(const AdvisorDraft *a, const AdvisorDraft *b) {
        return g_str_equal(a->kind, b->kind) && g_str_equal(a->uuid, b->uuid) &&
               g_str_equal(a->target, b->target) && g_strcmp0(a->other_uuid, b->other_uuid) == 0;
}

static bool values_are_equal(const GArray *a, const GArray *b) {
        if (a->len != b->len)
                return false;

        for (guint i = 0; i < a->len; i++) {
                const AdvisorValue *x = &g_array_index(a, AdvisorValue, i);
                const AdvisorValue *y = &g_array_index(b, AdvisorValue, i);

                if (!g_str_equal(x->name, y->name) || x->value != y->value)
                        return false;
        }
        return true;
}

static bool commands_are_equal(const GPtrArray *a, const GPtrArray *b) {
        if (a->len != b->len)
                return false;

        for (guint i = 0; i < a->len; i++)
                if (!g_str_equal(a->pdata[i], b->pdata[i]))
                        return false;
        return true;
}

bool advisor_draft_is_equal(const AdvisorDraft *a, const AdvisorDraft *b) {
        return advisor_draft_is_same(a, b) && a->act == b->act && g_str_equal(a->name, b->name) &&
               g_str_equal(a->other, b->other) && g_str_equal(a->reason, b->reason) &&
               g_str_equal(a->sentence, b->sentence) && values_are_equal(a->values, b->values) &&
               commands_are_equal(a->commands, b->commands);
}

bool advisor_draft_is_about(const AdvisorDraft *draft, const char *uuid) {
        return uuid && (g_str_equal(draft->uuid, uuid) || g_strcmp0(draft->other_uuid, uuid) == 0);
}

bool advisor_draft_shares_guest(const AdvisorDraft *a, const AdvisorDraft *b) {
        return advisor_draft_is_about(a, b->uuid) || advisor_draft_is_about(a, b->other_uuid);
}
