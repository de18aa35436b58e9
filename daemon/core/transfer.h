/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How the memory of a guest is sent: over how many connections, compressed or
 * not, and whether the guest is slowed down. Figures in, options and a sentence
 * out; knows nobody.
 *
 * What libvirt refuses is never the answer (src/qemu/qemu_migration_params.c,
 * qemuMigrationParamsSetCompression() and ...FromFlags(), 9.0 and 11.3): xbzrle
 * and mt go over one connection, zlib and zstd over parallel ones only and not
 * before libvirt 9.4; one method at a time. QEMU has no mt since 9.1, and does
 * not trust it since 8.2 (docs/about/deprecated.rst), so it has to be asked for.
 * A device that is passed through goes with any of these: its state takes the
 * first connection, and parallel ones only where its property asks QEMU 10.0 or
 * later for that.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define TRANSFER_COMPRESSIONS "auto, none, xbzrle, mt, zlib or zstd"

/* Rates in bytes/s; 0 is not known, where nothing else is said. */
typedef struct TransferFigures {
        unsigned cores;           /* of this host, online */
        unsigned idle;            /* of them, without work now */
        uint64_t rate;            /* what one connection has sent on this way */
        uint64_t bandwidth_limit; /* 0 none */
        uint64_t dirty_rate;      /* at which the guest writes its memory */
        unsigned long libvirt;    /* of this host, as virConnectGetLibVersion() has it */
} TransferFigures;

typedef struct TransferWish {
        unsigned connections;    /* 0: to be chosen */
        const char *compression; /* one of the above; NULL is auto */
} TransferWish;

typedef struct Transfer {
        unsigned connections;    /* 1, as of old, or so many in parallel */
        const char *compression; /* static; NULL none */
        bool auto_converge;
        char *why; /* one sentence */
} Transfer;

/* FERRY_ERROR_INVALID_ARGS for wishes that do not go together. */
bool transfer_choose(const TransferWish *wish, const TransferFigures *figures,
                     Transfer *ret_transfer, GError **error);
/* The last resort: the forecast says that the memory is written faster than it would be sent. */
void transfer_slow_down(Transfer *transfer);
/* "one connection", "4 connections, zstd, auto-converge". Free it. */
char *transfer_to_string(const Transfer *transfer);
void transfer_done(Transfer *transfer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Transfer, transfer_done)
