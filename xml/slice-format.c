/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/slice-format.h"

#include "xml/slice-rule.h"

#define NAME(type, member, text) \
        { SLICE_FIELD_NAME, text, offsetof(type, member) }
#define DEVICE(type, member, text) \
        { SLICE_FIELD_DEVICE, text, offsetof(type, member) }
#define FLAG(type, member, text) \
        { SLICE_FIELD_FLAG, text, offsetof(type, member) }
#define WORD(type, member, text, words) \
        { SLICE_FIELD_WORD, text, offsetof(type, member), .to_string = words }
#define NUMBER(type, member, text, most) \
        { SLICE_FIELD_NUMBER, text, offsetof(type, member), .min = 1, .max = most }
#define NUMBER64(type, member, text, most) \
        { SLICE_FIELD_NUMBER64, text, offsetof(type, member), .min = 1, .max = most }
#define NODE(member) \
        { SLICE_FIELD_NUMBER, "node", offsetof(Slice, member), false, UINT_MAX, 0, SLICE_NODE_MAX }
#define RANGE(member, text, most) \
        { SLICE_FIELD_RANGE, text, offsetof(Slice, member), .max = most }
#define REQUIRED_NAME(type, member, text) \
        { SLICE_FIELD_NAME, text, offsetof(type, member), true }
#define REQUIRED_NUMBER(type, member, most) \
        { SLICE_FIELD_NUMBER, "count", offsetof(type, member), true, 0, 1, most }

/* A range is two members. */
#define ASSERT_RANGE(min, max) \
        G_STATIC_ASSERT(offsetof(SliceAllow, max) == offsetof(SliceAllow, min) + sizeof(unsigned))
ASSERT_RANGE(cores_min, cores_max);
ASSERT_RANGE(memory_min_mib, memory_max_mib);
ASSERT_RANGE(functions_min, functions_max);

static const char *priority_word(int priority) {
        return slice_priority_to_string((SlicePriority)priority);
}

static const char *together_word(int together) {
        return slice_together_to_string((SliceTogether)together);
}

static const char *tier_word(int tier) {
        return slice_tier_to_string((SliceTier)tier);
}

const SliceField slice_fields[] = {
        WORD(Slice, priority, "priority", priority_word),
        WORD(Slice, together, "together", together_word),
        NAME(Slice, apart, "apart"),
        { 0 },
};

static const SliceField cores_fields[] = {
        REQUIRED_NUMBER(Slice, cores.count, SLICE_CORES_MAX),
        FLAG(Slice, cores.exclusive, "exclusive"),
        { SLICE_FIELD_NUMBER, "share", offsetof(Slice, cores.share), false, SLICE_SHARE_FULL, 1,
          SLICE_SHARE_FULL },
        NODE(cores.node),
        { 0 },
};

static const SliceField memory_fields[] = {
        { SLICE_FIELD_SIZE, "size", offsetof(Slice, memory.size), true, 0, 1, SLICE_MEMORY_MAX },
        { SLICE_FIELD_NUMBER64, "page", offsetof(Slice, memory.page_kib), .min = SLICE_PAGE_MIN,
          .max = SLICE_PAGE_MAX },
        WORD(Slice, memory.tier, "tier", tier_word),
        FLAG(Slice, memory.contiguous, "contiguous"),
        NODE(memory.node),
        { 0 },
};

static const SliceField function_fields[] = {
        REQUIRED_NAME(SliceFunction, name, "name"),
        NAME(SliceFunction, class_name, "class"),
        NAME(SliceFunction, type, "type"),
        NAME(SliceFunction, pool, "pool"),
        DEVICE(SliceFunction, parent, "parent"),
        FLAG(SliceFunction, own_group, "own-group"),
        NUMBER(SliceFunction, lanes, "lanes", SLICE_LANES_MAX),
        NUMBER64(SliceFunction, bytes, "bytes", SLICE_BYTES_MAX),
        NUMBER(SliceFunction, min_mbit, "min-mbit", SLICE_MBIT_MAX),
        NUMBER(SliceFunction, max_mbit, "max-mbit", SLICE_MBIT_MAX),
        { 0 },
};

static const SliceField offload_fields[] = {
        REQUIRED_NAME(SliceOffload, name, "name"),
        NAME(SliceOffload, pool, "pool"),
        NUMBER(SliceOffload, cores, "cores", SLICE_COUNT_MAX),
        NUMBER(SliceOffload, memory_mib, "memory-mib", SLICE_MIB_MAX),
        NUMBER(SliceOffload, mbit, "mbit", SLICE_MBIT_MAX),
        NUMBER(SliceOffload, keys, "keys", SLICE_COUNT_MAX),
        { 0 },
};

static const SliceField key_fields[] = {
        REQUIRED_NAME(SliceKey, kind, "kind"),
        REQUIRED_NUMBER(SliceKey, count, SLICE_COUNT_MAX),
        { 0 },
};

static const SliceField network_fields[] = {
        NUMBER(Slice, network_min_mbit, "min-mbit", SLICE_MBIT_MAX),
        NUMBER(Slice, network_max_mbit, "max-mbit", SLICE_MBIT_MAX),
        { 0 },
};

static const SliceField block_fields[] = {
        { SLICE_FIELD_NUMBER, "weight", offsetof(Slice, block_weight), .min = SLICE_WEIGHT_MIN,
          .max = SLICE_WEIGHT_MAX },
        NUMBER64(Slice, block_max_bytes, "max-bytes", SLICE_BYTES_MAX),
        NUMBER64(Slice, block_max_iops, "max-iops", SLICE_IOPS_MAX),
        { 0 },
};

static const SliceField share_fields[] = {
        NUMBER(Slice, memory_bandwidth, "memory-bandwidth", 100),
        NUMBER(Slice, cache_ways, "cache-ways", SLICE_WAYS_MAX),
        { 0 },
};

static const SliceField allow_fields[] = {
        { SLICE_FIELD_PRESENT, NULL, offsetof(Slice, allow.present), true },
        RANGE(allow.cores_min, "cores", SLICE_CORES_MAX),
        RANGE(allow.memory_min_mib, "memory-mib", SLICE_MEMORY_MAX >> 20),
        RANGE(allow.functions_min, "functions", SLICE_FUNCTIONS_MAX),
        NUMBER(Slice, allow.mbit_max, "mbit", SLICE_MBIT_MAX),
        { 0 },
};

const SliceElement slice_elements[] = {
        { "cores", cores_fields, slice_rule_cores },
        { "memory", memory_fields, slice_rule_memory },
        { "function", function_fields, slice_rule_function, offsetof(Slice, functions),
          sizeof(SliceFunction), SLICE_FUNCTIONS_MAX },
        { "offload", offload_fields, slice_rule_offload, offsetof(Slice, offloads),
          sizeof(SliceOffload), SLICE_OFFLOADS_MAX },
        { "key", key_fields, slice_rule_key, offsetof(Slice, keys), sizeof(SliceKey),
          SLICE_KEYS_MAX },
        { "network", network_fields, slice_rule_network },
        { "block", block_fields, NULL },
        { "share", share_fields, NULL },
        { "allow", allow_fields, NULL },
        { 0 },
};

GPtrArray *slice_element_list(const SliceElement *element, const Slice *slice) {
        return G_STRUCT_MEMBER(GPtrArray *, slice, element->list);
}

/* What must be said is; where nothing must be, anything is. */
static bool is_there(const SliceField *fields, const Slice *slice) {
        bool any = false;

        for (; fields->type != SLICE_FIELD_END; fields++) {
                bool absent = slice_field_is_absent(fields, slice);

                if (fields->required)
                        return !absent;
                any = any || !absent;
        }
        return any;
}

unsigned slice_element_count(const SliceElement *element, const Slice *slice) {
        if (element->size > 0)
                return slice_element_list(element, slice)->len;

        return is_there(element->fields, slice) ? 1 : 0;
}

const void *slice_element_object(const SliceElement *element, const Slice *slice, unsigned i) {
        return element->size > 0 ? slice_element_list(element, slice)->pdata[i] : slice;
}
