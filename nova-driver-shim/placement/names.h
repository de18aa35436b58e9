/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a resource is called in Placement, and how a device's provider and the
 * format of its state are. All names begin as nobody else's do, so that no group
 * of a flavor that is Nova's or Neutron's can land on a provider of ours.
 * Pure; virtferry_nova has the same names.
 */

#include <glib.h>

#define NAMES_CLASS_PREFIX   "CUSTOM_VIRTFERRY_"
#define NAMES_MIGRATABLE     "CUSTOM_VIRTFERRY_MIGRATABLE"
#define NAMES_HEADROOM_HIGH  "CUSTOM_VIRTFERRY_HEADROOM_HIGH"
#define NAMES_HEADROOM_MED   "CUSTOM_VIRTFERRY_HEADROOM_MED"
#define NAMES_HEADROOM_LOW   "CUSTOM_VIRTFERRY_HEADROOM_LOW"
#define NAMES_FORMAT_PREFIX  "CUSTOM_VIRTFERRY_FORMAT_"
#define NAMES_NO_VERSION     "0" /* of a driver that tells none, as most of the kernel's own */
#define NAMES_CONSUMER_TYPE  "VIRTFERRY_DOMAIN" /* of guests that Nova does not know */
#define NAMES_PROVIDER_MIDST "_virtferry_"

/* Of Placement's, in characters. */
#define NAMES_PROVIDER_MAX 200u
#define NAMES_TRAIT_MAX    255u

/* The resource classes of "vfs", "cores", "memory", "lanes", "keys" and "bandwidth",
 * in this order; NULL ends it. */
extern const char *const names_classes[];

/* "cores" -> "CUSTOM_VIRTFERRY_CORE" and back; NULL for what is not ours. */
const char *names_class(const char *resource);
const char *names_resource(const char *class_name);

/* "high", "med", "low" -> its trait; NULL for anything else. */
const char *names_headroom(const char *level);

/* CUSTOM_VIRTFERRY_FORMAT_MLX5_VFIO_PCI_1_0; cut where it would be too long. */
char *names_format(const char *driver, const char *version);

/* <host>_virtferry_<device>; what is too long loses characters of the host's name. */
char *names_provider(const char *host, const char *device);
