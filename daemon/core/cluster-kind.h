/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A kind of devices as hosts tell each other of it, and the fingerprint that a guest is held
 * against: "formats" are the words of vfio_caps_to_string(), none where nobody knows; "ids" are
 * vendor, device, those of the subsystem, and the revision, as in "15b3:101e:15b3:0058:00", "-"
 * what is not known. Pure.
 */

#include "daemon/core/cluster-doc.h"
#include "xml/fingerprint.h"

/* The words of a kind that is empty. */
void cluster_kind_describe(ClusterKind *kind, const char *class_name, const char *pool,
                           const Fingerprint *fingerprint);
/* What cannot be read is not known. */
Fingerprint *cluster_kind_fingerprint(const ClusterKind *kind);
/* But for how many there are. */
bool cluster_kind_equal(const ClusterKind *a, const ClusterKind *b);
unsigned cluster_kind_hash(const ClusterKind *kind);
