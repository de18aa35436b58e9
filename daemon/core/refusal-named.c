/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/refusal-parts.h"
#include "daemon/core/refusal.h"

typedef struct Named {
        const Want *want;
        const Device *device; /* NULL: leased to another guest, and not made yet */
        const Pool *pool;
        Usage *usage;
        Fit fit;
} Named;

static void add_type(Sentence *sentence, const Named *named) {
        sentence_add(sentence, "which is of type " SENTENCE_WORD ", not " SENTENCE_WORD,
                     named->device->fingerprint->mdev_type ?: "unknown", named->want->type);
}

static void add_ids(Sentence *sentence, const Named *named) {
        const Fingerprint *fingerprint = named->device->fingerprint;
        g_autofree char *ids = want_ids_to_text(named->want);

        if (fingerprint->vendor >= 0 && fingerprint->device >= 0)
                sentence_add(sentence, "which is %04x:%04x, not %s", (unsigned)fingerprint->vendor,
                             (unsigned)fingerprint->device, ids);
        else
                sentence_add(sentence, "which has no ids and cannot be %s", ids);
}

static void add_revision(Sentence *sentence, const Named *named) {
        sentence_add(sentence, "which is of revision 0x%02x, not 0x%02x",
                     (unsigned)named->device->fingerprint->revision,
                     (unsigned)named->want->revision);
}

static void add_driver(Sentence *sentence, const Named *named) {
        sentence_add(sentence, "whose driver is " SENTENCE_WORD ", not " SENTENCE_WORD,
                     named->device->fingerprint->driver, named->want->driver);
}

static void add_state(Sentence *sentence, const Named *named) {
        const Want *want = named->want;
        CompatFact fact = fit_state_difference(want, named->device->fingerprint);
        g_autofree char *there = compat_fact_text(fact, want->state);
        g_autofree char *here = compat_fact_text(fact, named->device->fingerprint);

        sentence_add(sentence,
                     "whose %s is " SENTENCE_WORD ", not " SENTENCE_WORD "%s, from which it "
                     "brings state",
                     fit_state_name(fact), here, there,
                     compat_is_minimum(want->rule, fact) ? " or newer" : "");
}

static void add_migration(Sentence *sentence, const Named *named) {
        sentence_add(sentence, "which must be able to migrate, and its driver ");
        sentence_add(sentence, SENTENCE_WORD, named->device->fingerprint->driver ?: "on this host");
        sentence_add(sentence, " has no migration support");
}

static void add_pool(Sentence *sentence, const Named *named) {
        sentence_add(sentence, "which is in pool '" SENTENCE_WORD "', not '" SENTENCE_WORD "'",
                     named->pool->name, named->want->pool);
}

static void add_host_use(Sentence *sentence, const Named *named) {
        sentence_add(sentence, "which the host itself uses (%s)", named->device->host_use);
}

static void add_leased(Sentence *sentence, const Named *named) {
        const Lease *lease = usage_lease(named->usage, named->want->device->source);

        sentence_add(sentence, "which is leased to guest " SENTENCE_WORD " on this host",
                     lease->domain_name);
}

static void add_tried(Sentence *sentence, const Named *named) {
        sentence_add(sentence, "which is being tried by 'virt-ferry probe'");
}

static void add_shared(Sentence *sentence, const Named *named) {
        sentence_add(sentence, "which is offered to the cluster");
}

static void add_promised(Sentence *sentence, const Named *named) {
        sentence_add(sentence, "which another device of this guest has");
}

static void add_group(Sentence *sentence, const Named *named) {
        g_autofree char *trouble = usage_group_trouble(named->usage, named->device);

        sentence_add(sentence, "which is in IOMMU %s", trouble ?: "group in use");
}

static void add_full(Sentence *sentence, const Named *named) {
        sentence_add(sentence, "but ");
        add_pool_full(sentence, named->pool, named->usage);
}

static void add_held(Sentence *sentence, const Named *named) {
        sentence_add(sentence, "which a process has open that has no lease");
}

static void add_unasked(Sentence *sentence, const Named *named) {
        sentence_add(sentence,
                     "which must be able to migrate and cannot be asked whether it can "
                     "(%s)",
                     g_strerror(-usage_ask_error(named->usage)));
}

#define OTHER_OR_NEED "name another device, or change the guest's <ferry:need>"
#define OTHER_OR_FREE "name another device, or free it with 'virt-ferry leases'"

static const struct {
        void (*add)(Sentence *sentence, const Named *named);
        const char *way_out;
} faults[_FIT_MAX] = {
        [FIT_TYPE] = { add_type, OTHER_OR_NEED },
        [FIT_IDS] = { add_ids, OTHER_OR_NEED },
        [FIT_REVISION] = { add_revision, "name another device" },
        [FIT_DRIVER] = { add_driver, "name another device" },
        [FIT_STATE] = { add_state, "name another device" },
        [FIT_MIGRATION] = { add_migration, OTHER_OR_NEED },
        [FIT_POOL] = { add_pool, OTHER_OR_NEED },
        [FIT_HOST_USE] = { add_host_use, "take the host off it, or name another device" },
        [FIT_LEASED] = { add_leased, OTHER_OR_FREE },
        [FIT_TRIED] = { add_tried, "try again in a minute, or name another device" },
        [FIT_SHARED] = { add_shared, "try again in a minute, or name another device" },
        [FIT_PROMISED] = { add_promised, "name each device once" },
        [FIT_GROUP] = { add_group, "name a device of another group, or free the whole group" },
        [FIT_POOL_FULL] = { add_full, OTHER_OR_FREE },
        [FIT_HELD] = { add_held, "end what has it open, or name another device" },
        [FIT_UNASKED] = { add_unasked, OTHER_OR_NEED },
};

static void write_named(Sentence *sentence, const void *subject) {
        const Named *named = subject;

        sentence_add(sentence, SENTENCE_WORD " names %s, ", named->want->name,
                     named->want->device->source);
        faults[named->fit].add(sentence, named);
        sentence_add(sentence, ": %s", faults[named->fit].way_out);
}

char *refuse_named(const Want *want, const Device *device, Fit fit, Usage *usage) {
        Named named = { .want = want, .device = device, .usage = usage, .fit = fit };

        g_assert(faults[fit].add);
        if (device)
                named.pool = inventory_pool(usage_inventory(usage), device);
        return sentence_write(write_named, &named);
}
