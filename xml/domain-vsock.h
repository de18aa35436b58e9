/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* By which number the kernel knows a guest that runs: <vsock><cid address='3'/>,
 * the address of its end of AF_VSOCK. Only the XML of a guest that runs has one
 * that libvirt has chosen. Source: libvirt's formatdomain, "Vsock"; vsock(7).
 */

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DOMAIN_CID_MIN 3u /* below are the hypervisor and the host, by either end */
#define DOMAIN_CID_MAX 0xfffffffeu

/* 0: it has none. FERRY_ERROR_INVALID_XML, with the limits of domain_from_xml(). */
bool domain_cid_from_xml(const char *xml, size_t size, uint32_t *ret_cid, GError **error);
