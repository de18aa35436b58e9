/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Our element in a domain's <metadata>: what each passthrough device of the
 * guest needs, and what the daemon has seen of it. Schema and prose:
 * data/virtferry-domain.rng, virtferry-domain(5).
 *
 *   <ferry:domain xmlns:ferry='urn:virtferry:domain:1' version='1'>
 *     <ferry:device alias='hostdev0' address='0000:00:05.0'>
 *       <ferry:need class='mdev' type='mtty-1' vendor='0x4348' device='0x3253'
 *                   pool='default' migration='required'/>
 *       <ferry:seen class='mdev' vendor='0x4348' device='0x3253' driver='mtty' ...
 *                   vfio='stop-copy p2p pre-copy dma-log' mdev-type='mtty-1' state-size='0'/>
 *       <ferry:switch version='1.0'>...</ferry:switch>
 *       <ferry:unplugged strategy='replug' source='0000:3b:00.2'>&lt;hostdev ...</ferry:unplugged>
 *     </ferry:device>
 *     <ferry:policy priority='2'/>
 *     <ferry:slice version='1'>...</ferry:slice>
 *   </ferry:domain>
 *
 * <need>, <policy> and <slice> (xml/slice.h) are the operator's word; the daemon never changes a
 * <need> or <policy>, and a <slice> only when it is asked for another one. <seen>, <switch>
 * (xml/switch-state.h) and <unplugged> are the daemon's. libvirt drops its own aliases ("hostdev0")
 * from the XML that a destination's hook reads, so a device is found by its guest-side PCI address
 * first (ABI, thus stable), then by alias.
 */

#include "xml/fingerprint.h"
#include "xml/slice.h"
#include "xml/switch-state.h"

#define METADATA_URI         "urn:virtferry:domain:1"
#define METADATA_PREFIX      "ferry"
#define METADATA_VERSION     "1"
#define METADATA_DEVICES_MAX 256
#define METADATA_XML_MAX     (1u * 1024 * 1024)
#define METADATA_ELEMENT_MAX (16u * 1024) /* of a device that is unplugged */
/* Of a device, in bytes; a round number that a schema can say. */
#define METADATA_STATE_SIZE_MAX G_GUINT64_CONSTANT(999999999999999999)

typedef enum MigrationNeed {
        MIGRATION_NEED_ANY,       /* no word: whatever moves the guest */
        MIGRATION_NEED_PREFERRED, /* take a device that can migrate when there is one */
        MIGRATION_NEED_REQUIRED,  /* only a device that can migrate */
        _MIGRATION_NEED_MAX,
        _MIGRATION_NEED_INVALID = -22,
} MigrationNeed;

const char *migration_need_to_string(MigrationNeed need);
MigrationNeed migration_need_from_string(const char *text);

/* Words are names as xml_name_is_valid() in xml/reader.h has it: never a path. */
typedef struct DeviceNeed {
        char *class_name; /* "sriov", "mdev", NULL = as seen */
        char *type;       /* mdev type, NULL = as seen */
        char *pool;       /* NULL = any */
        int vendor;       /* -1 = as seen */
        int device;
        MigrationNeed migration;
} DeviceNeed;

/* Why a device is not in its guest. */
typedef enum UnplugStrategy {
        UNPLUG_REPLUG,   /* it cannot migrate */
        UNPLUG_MEDIATED, /* its virtio half carries the traffic while the guest moves */
        _UNPLUG_STRATEGY_MAX,
        _UNPLUG_STRATEGY_INVALID = -22,
} UnplugStrategy;

const char *unplug_strategy_to_string(UnplugStrategy strategy);
UnplugStrategy unplug_strategy_from_string(const char *text);

/* A device that was unplugged for a move, and is to be plugged wherever the guest runs. */
typedef struct Unplugged {
        UnplugStrategy strategy;
        char *source;  /* host side, of the host that the guest is on: this device is to be plugged.
                        * The destination's hook puts its own here */
        char *element; /* its <hostdev> or <interface> as text, so that no namespace gets lost */
} Unplugged;

Unplugged *unplugged_new(UnplugStrategy strategy, const char *source, const char *element);
Unplugged *unplugged_copy(const Unplugged *unplugged); /* NULL gives NULL */
void unplugged_free(Unplugged *unplugged);

typedef struct MetadataDevice {
        char *alias;       /* may be NULL */
        char *address;     /* guest-side PCI address, may be NULL; one of the two is there */
        DeviceNeed *need;  /* NULL when the operator said nothing */
        char *seen_class;  /* class of `seen`, NULL without */
        Fingerprint *seen; /* NULL when the daemon has not seen it yet */
        SwitchState *switch_state; /* what its PF and the host's switch know of it; NULL nothing */
        Unplugged *unplugged;      /* NULL when it is where it belongs */
} MetadataDevice;

#define OFFLOAD_PRIORITY_MAX 8 /* and its negative */

/* Whether the guest should have a device of an offload device, and where it should be, as far as
 * that is left to us. */
typedef struct OffloadWish {
        int priority; /* each step counts double */
        bool never;
        bool stays; /* no other host is advised for it, */
        bool fixed; /* and no other size of its slice */
} OffloadWish;

typedef struct Metadata {
        GPtrArray *devices;  /* MetadataDevice */
        OffloadWish *policy; /* NULL: the operator said nothing */
        Slice *slice;        /* NULL: the operator asks for none */
} Metadata;

DeviceNeed *device_need_new(void); /* no wishes */
void device_need_free(DeviceNeed *need);

Metadata *metadata_new(void);
void metadata_free(Metadata *metadata);
MetadataDevice *metadata_device_new(const char *alias, const char *address);
void metadata_device_free(MetadataDevice *device);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Metadata, metadata_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MetadataDevice, metadata_device_free)

/* Reads the element alone, in our namespace or in none: virDomainGetMetadata() takes the namespace
 * away. FERRY_ERROR_INVALID_XML with line. */
Metadata *metadata_from_xml(const char *xml, size_t size, GError **error);
/* The element alone, its namespace declared: for a domain's XML, and for people. */
char *metadata_to_xml(const Metadata *metadata);
/* The element alone and without namespace: for virDomainSetMetadata(key METADATA_PREFIX, uri
 * METADATA_URI), which adds the namespace and refuses an element that declares the prefix itself.
 */
char *metadata_to_libvirt(const Metadata *metadata);
bool metadata_equal(const Metadata *a, const Metadata *b);

/* Whether an entry is of a device that is unplugged. */
bool metadata_has_unplugged(const Metadata *metadata);
/* What is the operator's word is that of `from` (NULL: nothing) and no other: the <need> of each
 * entry, the <policy> and the <slice>. */
void metadata_take_needs(Metadata *metadata, Metadata *from);

/* The entry for a device of the guest: by address, else by alias; NULL without. An alias that
 * libvirt made ("hostdev0", not "ua-...") finds no entry whose address is another one. */
MetadataDevice *metadata_find(const Metadata *metadata, const char *address, const char *alias);
