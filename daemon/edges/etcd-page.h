/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What etcd's JSON gateway answers to a range, read key by key where it stands: all keys of a large
 * cluster are more than a hundred megabytes, and a tree of them would be made to be thrown away.
 * Pure.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct EtcdPageKey {
        const char *key, *value;               /* value NULL: not text */
        int64_t create_revision, mod_revision; /* above 0 */
} EtcdPageKey;

/* Until it returns. */
typedef void (*EtcdPageTell)(void *userdata, const EtcdPageKey *key);

typedef struct EtcdPage {
        int64_t revision;
        uint64_t cluster_id;
        bool more;
        char *last; /* the last key; NULL: there is none. Free it. */
} EtcdPage;

/* `text` ends with a NUL. Keys that are not text, or have no revision, are passed over. False: it
 * is not what etcd answers; what was told before that is there. */
bool etcd_page_read(const char *text, size_t size, EtcdPageTell tell, void *userdata,
                    EtcdPage *ret_page);
