/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How busy a device is, as a vendor's exporter writes it: a file of its own for
 * each device, in run/virtferry/usage/, that has the id of the device (the UUID of
 * an mdev, or a PCI address) for its name. VFIO counts nothing, so nobody else
 * knows it.
 *
 *   # Lines of a name, a blank and a number; empty lines and comments are skipped.
 *   busy-seconds 123.4     for how long it was at work, all in all
 *   memory-bytes 1048576   of its own memory, what is in use now
 *
 * The exporter writes another file and renames it, as it is done for the textfile
 * collector of Prometheus' node exporter, so that nobody reads a half. A
 * name that is not known, or comes twice, a sign, an exponent, a last line without
 * its end: nothing in the file is believed then.
 */

#include "daemon/facts/sysfs.h"

#define USAGE_FILE_FOLDER   "run/virtferry/usage"
#define USAGE_FILE_MAX      4096
#define USAGE_FILE_AGE_USEC (60 * G_USEC_PER_SEC)
#define USAGE_FILE_UNKNOWN  UINT64_MAX

typedef struct UsageFile {
        uint64_t busy_nsec, memory_bytes; /* USAGE_FILE_UNKNOWN: it does not tell; never both */
} UsageFile;

/* -EBADMSG. */
int usage_file_parse(const char *text, size_t size, UsageFile *ret_usage);
/* `now`: CLOCK_REALTIME in us. -ENOENT: there is none; -ESTALE: it was written too long ago, or by
 * another clock; -EBADMSG; -EFBIG: it is longer than USAGE_FILE_MAX; -EINVAL: no id or no file. */
int usage_file_read(const Sysfs *sysfs, const char *id, int64_t now, UsageFile *ret_usage);
