/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/hook-claim.h"

#include <string.h>

#include "daemon/drain.h"
#include "daemon/slices.h"
#include "xml/ferry-error.h"

struct HookClaim {
        const char *domain_uuid;
        const Claim *claim;  /* NULL: */
        const GError *error; /* why it is not known */
        Slice *wish, *at;    /* after the check; NULL: nothing is bound to the claim */
};

typedef struct Question {
        Manager *manager;
        char *uuid, *operation, *xml; /* operation NULL: it starts */
        HookAnswer answer;
        void *userdata;
} Question;

static void question_free(Question *question) {
        g_free(question->uuid);
        g_free(question->operation);
        g_free(question->xml);
        g_free(question);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Question, question_free)

static bool is_demanded(const Manager *manager, const Domain *domain) {
        switch (manager->config->claims) {
        case CLAIMS_NO:
                return false;
        case CLAIMS_NOVA:
                return domain->nova;
        case CLAIMS_ALL:
                return true;
        case _CLAIMS_MAX:
        case _CLAIMS_INVALID:
                break;
        }
        g_assert_not_reached();
}

/* The question ---------------------------------------------------------------------- */

/* With what has been claimed in the manager's hand. */
static void carry_out(const Question *question) {
        Manager *manager = question->manager;
        g_autoptr(GError) error = NULL;
        g_autofree char *xml = NULL;

        if (question->operation)
                xml = manager_filter_domain(manager, question->operation, question->xml, &error);
        else if (manager_prepare_domain(manager, question->xml, &error))
                xml = g_strdup("");
        question->answer(question->userdata, xml, error);
}

/* A ClaimAnswer. */
static void on_claim(void *userdata, const Claim *claim, const GError *error) {
        g_autoptr(Question) question = userdata;
        HookClaim known = { .domain_uuid = question->uuid, .claim = claim, .error = error };

        question->manager->hook_claim = &known;
        carry_out(question);
        question->manager->hook_claim = NULL;
        slice_free(known.wish);
        slice_free(known.at);
}

/* What is refused without Placement need not wait for it. A guest that is restored starts after
 * that, and is asked about then. */
static bool has_to_wait(const Question *question, const Domain *domain) {
        g_autofree char *refusal = NULL;

        if (!is_demanded(question->manager, domain) || !question->manager->claims)
                return false;
        if (!question->operation)
                return true;
        if (!g_str_equal(question->operation, "migrate"))
                return false;

        refusal = drain_refusal(question->manager->drain);
        return !refusal;
}

static void ask(Question *taken_question) {
        g_autoptr(Question) question = taken_question;
        const ClaimOps *claims = question->manager->claims;
        g_autoptr(Domain) domain = NULL;

        domain = domain_from_xml(question->xml, strlen(question->xml), NULL);
        if (!domain || !domain->uuid || !has_to_wait(question, domain)) {
                carry_out(question);
                return;
        }

        question->uuid = g_strdup(domain->uuid);
        claims->ask(claims->userdata, domain->uuid, on_claim, g_steal_pointer(&question));
}

static Question *question_new(Manager *manager, const char *operation, const char *xml,
                              HookAnswer answer, void *userdata) {
        Question *question = g_new0(Question, 1);

        question->manager = manager;
        question->operation = g_strdup(operation);
        question->xml = g_strdup(xml);
        question->answer = answer;
        question->userdata = userdata;
        return question;
}

void hook_claim_filter(Manager *manager, const char *operation, const char *xml, HookAnswer answer,
                       void *userdata) {
        ask(question_new(manager, operation, xml, answer, userdata));
}

void hook_claim_prepare(Manager *manager, const char *xml, HookAnswer answer, void *userdata) {
        ask(question_new(manager, NULL, xml, answer, userdata));
}

/* The answer ------------------------------------------------------------------------ */

/* An operator has the last word on what a guest is to have here. */
static const Slice *own_wish(const Manager *manager, const Domain *domain) {
        const SliceEntry *entry = slice_book_find(slices_book(manager->slices), domain->uuid);

        if (entry && entry->expires == 0)
                return entry->wish;
        return domain->metadata ? domain->metadata->slice : NULL;
}

static bool refuse_unknown(const Domain *domain, const GError *reason, GError **error) {
        g_set_error(error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE,
                    "It is not known what guest %s has claimed in Placement on host %.64s: %s; "
                    "or set Claims=no in virtferry.conf here",
                    domain->name, g_get_host_name(),
                    reason ? reason->message : "virtferryd has no system bus to ask on");
        return false;
}

static bool refuse_unclaimed(const Domain *domain, GError **error) {
        const char *way_out = domain->nova ? "let Nova place it ('openstack server migrate')"
                                           : "allocate what it takes to its UUID there first";

        g_set_error(error, FERRY_ERROR, FERRY_ERROR_NO_RESOURCES,
                    "Guest %s has claimed nothing in Placement on host %.64s: %s, or set Claims=no "
                    "in virtferry.conf here",
                    domain->name, g_get_host_name(), way_out);
        return false;
}

static bool refuse_short(const Domain *domain, GError *taken_reason, GError **error) {
        g_autoptr(GError) reason = taken_reason;

        g_set_error(error, FERRY_ERROR, FERRY_ERROR_NO_RESOURCES,
                    "Guest %s has claimed too little in Placement on host %.64s: its %s: claim "
                    "more, or make its hardware slice smaller",
                    domain->name, g_get_host_name(), reason->message);
        return false;
}

static unsigned count_pci(const Domain *domain) {
        unsigned n = 0;

        for (guint i = 0; i < domain->devices->len; i++)
                n += ((const DomainDevice *)domain->devices->pdata[i])->kind == DOMAIN_DEVICE_PCI;
        return n;
}

static bool check_devices(const Claim *claim, const Domain *domain, GError **error) {
        uint64_t vfs = claim_sum(claim, HEADROOM_VFS);
        unsigned devices = count_pci(domain);

        if (domain->nova || vfs == 0 || vfs >= devices)
                return true;

        return refuse_short(domain,
                            g_error_new(FERRY_ERROR, FERRY_ERROR_NO_RESOURCES,
                                        "devices are %u, and the claim has %" G_GUINT64_FORMAT
                                        " vfs",
                                        devices, vfs),
                            error);
}

static bool check_slice(HookClaim *known, const Slice *wish, const Domain *domain, GError **error) {
        GError *reason = NULL;

        if (!claim_cover(known->claim, wish, &known->at, &reason))
                return refuse_short(domain, reason, error);

        known->wish = slice_copy(wish);
        if (slice_equal(known->at, known->wish))
                g_clear_pointer(&known->at, slice_free);
        return true;
}

bool hook_claim_check(Manager *manager, const Domain *domain, GError **error) {
        const Slice *wish = own_wish(manager, domain);
        HookClaim *known = manager->hook_claim;

        if (!is_demanded(manager, domain))
                return true;
        if (!known || !known->claim)
                return refuse_unknown(domain, known ? known->error : NULL, error);
        g_assert(g_str_equal(known->domain_uuid, domain->uuid));
        if (!known->claim->found)
                return refuse_unclaimed(domain, error);

        if (wish)
                return check_slice(known, wish, domain, error);
        if (domain->nova)
                (void)claim_to_slice(known->claim, &known->wish, &known->at);
        return check_devices(known->claim, domain, error);
}

const Slice *hook_claim_wish(const Manager *manager, const Domain *domain) {
        const HookClaim *known = manager->hook_claim;

        if (known && known->wish)
                return known->wish;
        return domain->metadata ? domain->metadata->slice : NULL;
}

const Slice *hook_claim_bound(const Manager *manager, const Domain *domain) {
        const HookClaim *known = manager->hook_claim;

        return known && known->at ? known->at : hook_claim_wish(manager, domain);
}
