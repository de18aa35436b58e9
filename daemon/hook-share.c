/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/hook-share.h"

#include <string.h>

#include "daemon/hook-slice.h"
#include "xml/ferry-error.h"

struct HookShares {
        Manager *manager;
        GQueue waiting; /* Question */
};

typedef struct Question {
        char *operation, *xml; /* operation NULL: it starts */
        Domain *domain;
        int64_t until;
        HookAnswer answer;
        void *userdata;
} Question;

static void question_free(Question *question) {
        g_free(question->operation);
        g_free(question->xml);
        domain_free(question->domain);
        g_free(question);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Question, question_free)

HookShares *hook_shares_new(Manager *manager) {
        HookShares *shares = g_new0(HookShares, 1);

        shares->manager = manager;
        g_queue_init(&shares->waiting);
        return shares;
}

void hook_shares_free(HookShares *shares) {
        Question *question;

        if (!shares)
                return;

        while ((question = g_queue_pop_head(&shares->waiting))) {
                g_autoptr(GError) error = g_error_new(
                        FERRY_ERROR, FERRY_ERROR_UNAVAILABLE,
                        "Guest %s: virtferryd is about to end: try again", question->domain->name);

                question->answer(question->userdata, NULL, error);
                question_free(question);
        }
        g_free(shares);
}

/* It would be refused for want of what is offered. Nothing is changed by that. */
static bool lacks(const HookShares *shares, const Question *question) {
        Manager *manager = shares->manager;
        const Domain *domain = question->domain;
        g_autoptr(GPtrArray) answers = NULL;

        if (domain->devices->len == 0 || (!domain->metadata && !manager->config->adopt))
                return false;

        answers = question->operation ? hook_slice_negotiate(manager, domain)
                                      : negotiate_here(domain, manager->inventory, manager->leases);
        return negotiate_wants_shared(answers);
}

static void pass_on(const HookShares *shares, const Question *question) {
        if (question->operation)
                hook_claim_filter(shares->manager, question->operation, question->xml,
                                  question->answer, question->userdata);
        else
                hook_claim_prepare(shares->manager, question->xml, question->answer,
                                   question->userdata);
}

static bool has_to_wait(const HookShares *shares, Question *question) {
        const Manager *manager = shares->manager;

        if (!share_book_may_come_back(manager->shares))
                return false;

        question->domain = domain_from_xml(question->xml, strlen(question->xml), NULL);
        return question->domain && question->domain->uuid && lacks(shares, question) &&
               share_book_call_back(manager->shares, manager->now());
}

static void ask(HookShares *shares, const char *operation, const char *xml, HookAnswer answer,
                void *userdata) {
        g_autoptr(Question) question = g_new0(Question, 1);

        question->operation = g_strdup(operation);
        question->xml = g_strdup(xml);
        question->answer = answer;
        question->userdata = userdata;
        question->until = shares->manager->now() + HOOK_SHARE_WAIT_USEC;
        if (has_to_wait(shares, question))
                g_queue_push_tail(&shares->waiting, g_steal_pointer(&question));
        else
                pass_on(shares, question);
}

void hook_shares_filter(HookShares *shares, const char *operation, const char *xml,
                        HookAnswer answer, void *userdata) {
        ask(shares, operation, xml, answer, userdata);
}

void hook_shares_prepare(HookShares *shares, const char *xml, HookAnswer answer, void *userdata) {
        ask(shares, NULL, xml, answer, userdata);
}

static bool is_over(const HookShares *shares, const Question *question) {
        return shares->manager->now() >= question->until ||
               !share_book_may_come_back(shares->manager->shares) || !lacks(shares, question);
}

/* Each as it came: what one of them gets the next one does not. */
void hook_shares_wake(HookShares *shares) {
        for (guint n = shares->waiting.length; n > 0; n--) {
                g_autoptr(Question) question = g_queue_pop_head(&shares->waiting);

                if (is_over(shares, question))
                        pass_on(shares, question);
                else
                        g_queue_push_tail(&shares->waiting, g_steal_pointer(&question));
        }
}

void hook_shares_on_time(HookShares *shares) {
        int64_t due = hook_shares_next_time(shares);

        if (due > 0 && due <= shares->manager->now())
                hook_shares_wake(shares);
}

/* They all wait equally long. */
int64_t hook_shares_next_time(const HookShares *shares) {
        const Question *first = g_queue_peek_head((GQueue *)&shares->waiting);

        return first ? first->until : 0;
}
