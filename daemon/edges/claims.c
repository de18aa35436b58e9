/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/claims.h"

#include <errno.h>

#include "daemon/names.h"
#include "xml/ferry-error.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_bus_message, sd_bus_message_unref)

#define REASON_MAX 400 /* characters of what it says itself */
#define WAY_OUT    "'systemctl status virtferry-placement' says more"

struct ClaimsEdge {
        sd_bus *bus;
        uint64_t timeout_usec;
        sd_event_source *end;
        ClaimOps ops;
        GPtrArray *questions; /* Question, that wait */
};

typedef struct Question {
        ClaimsEdge *claims;
        sd_bus_slot *slot;
        ClaimAnswer answer;
        void *userdata;
} Question;

static void question_free(void *data) {
        Question *question = data;

        sd_bus_slot_unref(question->slot);
        g_free(question);
}

/* No question any more when it is answered: whoever hears it may ask the next one. */
static void answer(Question *question, const Claim *claim, const GError *error) {
        ClaimAnswer tell = question->answer;
        void *userdata = question->userdata;

        g_ptr_array_remove(question->claims->questions, question);
        tell(userdata, claim, error);
}

static void answer_unknown(Question *question, const char *why) {
        g_autoptr(GError) error = g_error_new_literal(FERRY_ERROR, FERRY_ERROR_UNAVAILABLE, why);

        answer(question, NULL, error);
}

static int read_rows(sd_bus_message *reply, Claim *claim) {
        const char *device, *resource;
        uint64_t amount;
        int r;

        r = sd_bus_message_enter_container(reply, 'a', "(sst)");
        for (unsigned n = 0; r >= 0; n++) {
                HeadroomResource known;

                r = sd_bus_message_read(reply, "(sst)", &device, &resource, &amount);
                if (r <= 0)
                        break;
                if (n == CLAIMS_ROWS_MAX)
                        return -E2BIG;

                known = headroom_resource_from_string(resource);
                if (known >= 0)
                        claim_add(claim, device, known, amount);
        }
        return r < 0 ? r : sd_bus_message_exit_container(reply);
}

static Claim *read_claim(sd_bus_message *reply) {
        g_autoptr(Claim) claim = NULL;
        int found;

        if (sd_bus_message_read(reply, "b", &found) < 0)
                return NULL;

        claim = claim_new(found);
        return read_rows(reply, claim) < 0 ? NULL : g_steal_pointer(&claim);
}

static bool is_nobody(const sd_bus_error *error) {
        return sd_bus_error_has_names(error, SD_BUS_ERROR_SERVICE_UNKNOWN,
                                      SD_BUS_ERROR_NAME_HAS_NO_OWNER);
}

static void on_error(Question *question, const sd_bus_error *error) {
        const char *said = error->message ?: error->name;
        g_autofree char *why = NULL;

        if (is_nobody(error))
                why = g_strdup("virtferry-placement does not run: start it with 'systemctl start "
                               "virtferry-placement'");
        else if (sd_bus_error_has_names(error, SD_BUS_ERROR_NO_REPLY, SD_BUS_ERROR_TIMEOUT))
                why = g_strdup("virtferry-placement does not answer in time: " WAY_OUT);
        else
                why = g_utf8_substring(said, 0, MIN(g_utf8_strlen(said, -1), REASON_MAX));
        answer_unknown(question, why);
}

static int on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        const sd_bus_error *error = sd_bus_message_get_error(reply);
        g_autoptr(Claim) claim = NULL;
        Question *question = userdata;

        if (error) {
                on_error(question, error);
                return 0;
        }

        claim = read_claim(reply);
        if (claim)
                answer(question, claim, NULL);
        else
                answer_unknown(question, "virtferry-placement answers what is no claim: is it of "
                                         "the same version as virtferryd?");
        return 0;
}

static int send_question(Question *question, const char *consumer) {
        ClaimsEdge *claims = question->claims;
        g_autoptr(sd_bus_message) call = NULL;
        int r;

        r = sd_bus_message_new_method_call(claims->bus, &call, FERRY_PLACEMENT_BUS_NAME,
                                           FERRY_PLACEMENT_OBJECT, FERRY_PLACEMENT_INTERFACE,
                                           "GetClaim");
        if (r >= 0)
                r = sd_bus_message_append(call, "s", consumer);
        return r < 0 ? r
                     : sd_bus_call_async(claims->bus, &question->slot, call, on_reply, question,
                                         claims->timeout_usec);
}

static void ask(void *userdata, const char *consumer, ClaimAnswer tell, void *tell_userdata) {
        ClaimsEdge *claims = userdata;
        Question *question = g_new0(Question, 1);
        int r;

        question->claims = claims;
        question->answer = tell;
        question->userdata = tell_userdata;
        g_ptr_array_add(claims->questions, question);

        r = send_question(question, consumer);
        if (r < 0) {
                g_autofree char *why = g_strdup_printf("the system bus takes no question for "
                                                       "virtferry-placement (%s): " WAY_OUT,
                                                       g_strerror(-r));

                answer_unknown(question, why);
        }
}

static void give_up(ClaimsEdge *claims) {
        while (claims->questions->len > 0)
                answer_unknown(claims->questions->pdata[0],
                               "virtferryd is about to end: try again");
}

static int on_end(sd_event_source *source, void *userdata) {
        give_up(userdata);
        return 0;
}

int claims_edge_new(sd_bus *bus, uint64_t timeout_usec, ClaimsEdge **ret_claims) {
        g_autoptr(ClaimsEdge) claims = g_new0(ClaimsEdge, 1);
        int r;

        claims->bus = bus;
        claims->timeout_usec = timeout_usec;
        claims->ops = (ClaimOps){ ask, claims };
        claims->questions = g_ptr_array_new_with_free_func(question_free);
        r = sd_event_add_exit(sd_bus_get_event(bus), &claims->end, on_end, claims);
        if (r >= 0)
                r = sd_event_source_set_priority(claims->end, SD_EVENT_PRIORITY_IMPORTANT);
        if (r < 0)
                return r;

        *ret_claims = g_steal_pointer(&claims);
        return 0;
}

void claims_edge_free(ClaimsEdge *claims) {
        if (!claims)
                return;

        give_up(claims);
        sd_event_source_disable_unref(claims->end);
        g_ptr_array_unref(claims->questions);
        g_free(claims);
}

const ClaimOps *claims_edge_ops(ClaimsEdge *claims) {
        return &claims->ops;
}
