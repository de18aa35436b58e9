/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/trouble.h"

#include <glib.h>

#include "nova-driver-shim/placement/message-ids.h"

void trouble_done(Trouble *trouble) {
        g_clear_pointer(&trouble->sentence, g_free);
        trouble->kind = TROUBLE_NONE;
}

bool trouble_begins(Trouble *trouble, TroubleKind kind, const char *sentence) {
        if (trouble->kind == kind && g_strcmp0(trouble->sentence, sentence) == 0)
                return false;

        if (trouble->kind != kind)
                g_log_structured(NULL, G_LOG_LEVEL_WARNING, "MESSAGE_ID", MESSAGE_PLACEMENT_BEHIND,
                                 "MESSAGE", "%s", sentence);
        g_free(trouble->sentence);
        trouble->sentence = g_strdup(sentence);
        trouble->kind = kind;
        return true;
}

bool trouble_ends(Trouble *trouble) {
        if (trouble->kind == TROUBLE_NONE)
                return false;

        g_log_structured(NULL, G_LOG_LEVEL_MESSAGE, "MESSAGE_ID", MESSAGE_PLACEMENT_PUBLISHED,
                         "MESSAGE", "Placement knows again what this host has");
        trouble_done(trouble);
        return true;
}
