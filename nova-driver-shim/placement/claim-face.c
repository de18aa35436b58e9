/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/claim-face.h"

#include "daemon/names.h"
#include "nova-driver-shim/placement/claim.h"
#include "nova-driver-shim/placement/uuid5.h"

#define ERROR_UNAVAILABLE  FERRY_ERROR_PREFIX "Unavailable"
#define ERROR_BUSY         FERRY_ERROR_PREFIX "Busy"
#define ERROR_INVALID_ARGS FERRY_ERROR_PREFIX "InvalidArgs"

struct ClaimFace {
        sd_bus *bus;
        Api *api;
        const Publisher *publisher;
        sd_bus_slot *slot;
        GPtrArray *questions; /* Question, that wait */
};

typedef struct Question {
        ClaimFace *face;
        sd_bus_message *call;
        ApiCall *asking;
} Question;

static void question_free(void *data) {
        Question *question = data;

        api_cancel(question->asking);
        sd_bus_message_unref(question->call);
        g_free(question);
}

/* GetClaim ------------------------------------------------------------------------- */

static void refuse(const Question *question, const char *reason) {
        (void)sd_bus_reply_method_errorf(question->call, ERROR_UNAVAILABLE, "%s", reason);
}

static int append_rows(sd_bus_message *reply, const GArray *rows) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(sst)");
        for (guint i = 0; r >= 0 && i < rows->len; i++) {
                const ClaimRow *row = &g_array_index(rows, ClaimRow, i);

                r = sd_bus_message_append(reply, "(sst)", row->device, row->resource, row->amount);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int reply_claim(const Question *question, const ApiConsumer *consumer, const Tree *tree) {
        sd_bus_message *reply = NULL;
        g_autoptr(GArray) rows = NULL;
        bool found;
        int r;

        rows = claim_new(consumer, tree, &found);
        r = sd_bus_message_new_method_return(question->call, &reply);
        if (r >= 0)
                r = sd_bus_message_append(reply, "b", found);
        if (r >= 0)
                r = append_rows(reply, rows);
        if (r >= 0)
                r = sd_bus_send(NULL, reply, NULL);
        sd_bus_message_unref(reply);
        return r;
}

/* Which providers are this host's is known when its tree is, and then for good. */
static char *why_not_published(const ClaimFace *face) {
        const char *problem = publisher_problem(face->publisher);

        return g_strdup_printf("this host is not in Placement yet%s%s", *problem ? ": " : "",
                               problem);
}

static void on_allocations(void *userdata, const ApiAnswer *answer, const ApiError *error) {
        Question *question = userdata;
        ClaimFace *face = question->face;
        const Tree *tree = publisher_tree(face->publisher);
        g_autofree char *reason = NULL;

        question->asking = NULL;
        if (error) {
                refuse(question, error->sentence);
        } else if (!tree) {
                reason = why_not_published(face);
                refuse(question, reason);
        } else if (reply_claim(question, answer->consumer, tree) < 0) {
                refuse(question, "the claim cannot be written as a message");
        }
        g_ptr_array_remove(face->questions, question);
}

static int method_get_claim(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        g_autofree char *lower = NULL, *reason = NULL;
        ClaimFace *face = userdata;
        const char *consumer;
        Question *question;
        int r;

        r = sd_bus_message_read(m, "s", &consumer);
        if (r < 0)
                return r;

        if (!uuid_is_valid(consumer))
                return sd_bus_error_setf(reterr, ERROR_INVALID_ARGS,
                                         "'%s' is no consumer: that is the UUID of a domain",
                                         consumer);
        if (!publisher_tree(face->publisher)) {
                reason = why_not_published(face);
                return sd_bus_error_set(reterr, ERROR_UNAVAILABLE, reason);
        }
        if (face->questions->len >= CLAIM_QUESTIONS_MAX)
                return sd_bus_error_setf(reterr, ERROR_BUSY,
                                         "%d claims are asked for already: try again later",
                                         CLAIM_QUESTIONS_MAX);

        lower = g_ascii_strdown(consumer, -1);
        question = g_new0(Question, 1);
        question->face = face;
        question->call = sd_bus_message_ref(m);
        question->asking = api_get_allocations(face->api, lower, on_allocations, question);
        g_ptr_array_add(face->questions, question);
        return 1;
}

/* Properties ----------------------------------------------------------------------- */

static int property_get_state(sd_bus *bus, const char *path, const char *interface,
                              const char *property, sd_bus_message *reply, void *userdata,
                              sd_bus_error *reterr) {
        const ClaimFace *face = userdata;

        return sd_bus_message_append(reply, "s",
                                     publish_state_to_string(publisher_state(face->publisher)));
}

static int property_get_problem(sd_bus *bus, const char *path, const char *interface,
                                const char *property, sd_bus_message *reply, void *userdata,
                                sd_bus_error *reterr) {
        const ClaimFace *face = userdata;

        return sd_bus_message_append(reply, "s", publisher_problem(face->publisher));
}

static int property_get_published(sd_bus *bus, const char *path, const char *interface,
                                  const char *property, sd_bus_message *reply, void *userdata,
                                  sd_bus_error *reterr) {
        const ClaimFace *face = userdata;

        return sd_bus_message_append(reply, "t", publisher_published_usec(face->publisher));
}

static int property_get_providers(sd_bus *bus, const char *path, const char *interface,
                                  const char *property, sd_bus_message *reply, void *userdata,
                                  sd_bus_error *reterr) {
        const ClaimFace *face = userdata;
        const Tree *tree = publisher_tree(face->publisher);
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(ss)");
        if (r >= 0 && tree)
                r = sd_bus_message_append(reply, "(ss)", "", tree->root);
        for (guint i = 0; r >= 0 && tree && i < tree->providers->len; i++) {
                const TreeProvider *provider = tree->providers->pdata[i];

                r = sd_bus_message_append(reply, "(ss)", provider->device, provider->uuid);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

#define CHANGES SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE

/* A question costs OpenStack a request: who may ask is for the policy of the bus to say. */
static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("GetClaim", SD_BUS_ARGS("s", consumer),
                                SD_BUS_RESULT("b", found, "a(sst)", claim), method_get_claim,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_PROPERTY("State", "s", property_get_state, 0, CHANGES),
        SD_BUS_PROPERTY("Problem", "s", property_get_problem, 0, CHANGES),
        SD_BUS_PROPERTY("PublishedUSec", "t", property_get_published, 0, CHANGES),
        SD_BUS_PROPERTY("Providers", "a(ss)", property_get_providers, 0, CHANGES),
        SD_BUS_VTABLE_END,
};

void claim_face_changed(ClaimFace *face) {
        (void)sd_bus_emit_properties_changed(face->bus, FERRY_PLACEMENT_OBJECT,
                                             FERRY_PLACEMENT_INTERFACE, "State", "Problem",
                                             "PublishedUSec", "Providers", NULL);
}

/* The object is there before the name, so that whoever waits for that finds it. */
int claim_face_new(sd_bus *bus, Api *api, const Publisher *publisher, ClaimFace **ret_face) {
        g_autoptr(ClaimFace) face = g_new0(ClaimFace, 1);
        int r;

        face->bus = sd_bus_ref(bus);
        face->api = api;
        face->publisher = publisher;
        face->questions = g_ptr_array_new_with_free_func(question_free);
        r = sd_bus_add_object_vtable(bus, &face->slot, FERRY_PLACEMENT_OBJECT,
                                     FERRY_PLACEMENT_INTERFACE, vtable, face);
        if (r >= 0)
                r = sd_bus_request_name(bus, FERRY_PLACEMENT_BUS_NAME, 0);
        if (r < 0)
                return r;

        *ret_face = g_steal_pointer(&face);
        return 0;
}

void claim_face_free(ClaimFace *face) {
        if (!face)
                return;

        for (guint i = 0; i < face->questions->len; i++)
                refuse(face->questions->pdata[i], "virtferry-placement ends");
        g_ptr_array_unref(face->questions);
        sd_bus_slot_unref(face->slot);
        sd_bus_unref(face->bus);
        g_free(face);
}
