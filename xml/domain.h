/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What we read of a libvirt domain.
 *
 * Text comes from libvirt, from another host, or from a person: it is limited
 * before it is parsed (DOMAIN_XML_MAX bytes, METADATA_DEVICES_MAX devices, and
 * what xml/document.h says) and no network or file is ever read. All errors are
 * FERRY_ERROR_INVALID_XML: "line 12: ...".
 *
 * Numbers and defaults are read as libvirt reads them; an XML that libvirt
 * would refuse may be taken.
 */

#include "xml/metadata.h"

#define DOMAIN_XML_MAX (4u * 1024 * 1024)

typedef enum DomainDeviceKind {
        DOMAIN_DEVICE_PCI,  /* <hostdev type='pci'> or <interface type='hostdev'> */
        DOMAIN_DEVICE_MDEV, /* <hostdev type='mdev'> */
        _DOMAIN_DEVICE_KIND_MAX,
        _DOMAIN_DEVICE_KIND_INVALID = -22,
} DomainDeviceKind;

const char *domain_device_kind_to_string(DomainDeviceKind kind); /* "pci", "mdev" */
DomainDeviceKind domain_device_kind_from_string(const char *text);

#define DOMAIN_DEVICE_XML_MAX METADATA_ELEMENT_MAX

typedef struct DomainDevice {
        DomainDeviceKind kind;
        char *source;   /* host side: "0000:3b:00.2" or the mdev's uuid, lower case */
        char *address;  /* guest side: "0000:00:05.0", NULL where the XML has none yet */
        char *alias;    /* NULL where the XML has none */
        char *mac;      /* of an <interface>, else NULL */
        bool managed;   /* libvirt binds and gives back the driver (PCI) */
        bool network;   /* <interface type='hostdev'> */
        bool transient; /* <teaming type='transient'>: unplugged while the guest moves */
        bool unplugged; /* not in the guest now: our element keeps it, to be plugged in */
        unsigned line;
} DomainDevice;

/* One device, from its own element as text. */
DomainDevice *domain_device_from_xml(const char *xml, size_t size, GError **error);
void domain_device_free(DomainDevice *device);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DomainDevice, domain_device_free)
/* Whether a move of the guest moves the device's state: not of one that is unplugged for it. */
bool domain_device_brings_state(const DomainDevice *device);

typedef struct Domain {
        char *name;
        char *uuid;         /* lower case; NULL where the XML has none (virsh define makes one) */
        GPtrArray *devices; /* DomainDevice of passthrough kinds only, in document order; then
                             * those that our element says are unplugged, in its order; not one
                             * whose MAC an emulated interface has now */
        Metadata *metadata; /* our element, NULL without */
        GPtrArray *macs;    /* of its interfaces that QEMU emulates alone, lower case */
        bool nova;          /* an instance of OpenStack Nova, which writes so into the metadata */
} Domain;

Domain *domain_from_xml(const char *xml, size_t size, GError **error);
void domain_free(Domain *domain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Domain, domain_free)

/* How a person finds the device again: its alias, also one that only our element knows, else
 * "hostdev N" counted from 0. Free it. */
char *domain_device_name(const Domain *domain, const DomainDevice *device);
