/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the PF and the host's switch know of a VF, as a document that travels
 * with the guest. Schema and prose: data/virtferry-switch.rng,
 * virtferry-domain(5).
 *
 *   <ferry:switch version='1.0'>
 *     <ferry:vf mac='52:54:00:76:00:01' vlan='100' spoof-check='yes' max-tx-rate='1000'/>
 *     <ferry:port>
 *       <ferry:vlan first='100' last='100' pvid='yes' untagged='yes'/>
 *       <ferry:fdb mac='52:54:00:76:00:01' vlan='100' state='static'/>
 *     </ferry:port>
 *     <ferry:filters qdisc='clsact'>
 *       <ferry:filter direction='ingress' priority='1' chain='0x0' handle='0x1' protocol='0x0800'
 *                     kind='flower' options='...'>
 *         <ferry:netdev name='uplink'/>
 *       </ferry:filter>
 *     </ferry:filters>
 *   </ferry:switch>
 *
 * A part that is not there was not to be had on the source, and nothing of the
 * kind is touched on the destination. Versions: what a newer minor version has
 * and this one does not know is kept and handed on (SwitchMore); a newer major
 * version is refused.
 *
 * Entries are in the order of their keys, and no key is there twice.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define SWITCH_VERSION_MAJOR 1
#define SWITCH_VERSION_MINOR 0
#define SWITCH_XML_MAX       (64u * 1024) /* of the whole element */
#define SWITCH_FDB_MAX       256
#define SWITCH_VLANS_MAX     512 /* ranges */
#define SWITCH_FILTERS_MAX   64
#define SWITCH_OPTIONS_MAX   6144u /* bytes of one filter */
#define SWITCH_NETDEVS_MAX   16    /* that one filter sends to */
#define SWITCH_MORE_MAX      (16u * 1024)
#define SWITCH_VLAN_MAX      4094u
#define SWITCH_RATE_MAX      999999999u /* Mbit/s; a round number that a schema can say */
#define SWITCH_CHAIN_MAX     0xfffffffu /* TC_ACT_EXT_VAL_MASK */

/* Of a newer minor version: attributes as they are written, and elements with SWITCH_MORE_PREFIX
 * where a prefix belongs. NULL for none. */
typedef struct SwitchMore {
        char *attributes, *elements;
} SwitchMore;

#define SWITCH_MORE_PREFIX '\1'

typedef enum SwitchProtocol {
        SWITCH_PROTOCOL_8021Q,
        SWITCH_PROTOCOL_8021AD,
        _SWITCH_PROTOCOL_MAX,
        _SWITCH_PROTOCOL_INVALID = -22,
} SwitchProtocol;

typedef enum SwitchLinkState {
        SWITCH_LINK_AUTO, /* as the PF's */
        SWITCH_LINK_UP,
        SWITCH_LINK_DOWN,
        _SWITCH_LINK_MAX,
        _SWITCH_LINK_INVALID = -22,
} SwitchLinkState;

#define SWITCH_UNKNOWN (-1) /* the driver does not say, and is not told */

typedef struct SwitchVf {
        char *mac;                         /* "52:54:00:76:00:01", NULL none set */
        unsigned vlan, qos;                /* 0 none */
        SwitchProtocol protocol;           /* of the VLAN */
        int spoof_check, trust;            /* 0, 1 or SWITCH_UNKNOWN */
        int link_state;                    /* SwitchLinkState or SWITCH_UNKNOWN */
        uint32_t min_tx_rate, max_tx_rate; /* Mbit/s, 0 none */
        uint64_t node_guid, port_guid;     /* InfiniBand, 0 none */
        SwitchMore more;
} SwitchVf;

typedef struct SwitchVlan {
        unsigned first, last; /* the key; ranges do not overlap */
        bool pvid, untagged;  /* pvid: first is last */
        SwitchMore more;
} SwitchVlan;

typedef enum SwitchFdbState {
        SWITCH_FDB_STATIC,
        SWITCH_FDB_PERMANENT, /* the bridge's own */
        SWITCH_FDB_REACHABLE, /* ages, unless somebody else keeps it */
        _SWITCH_FDB_STATE_MAX,
        _SWITCH_FDB_STATE_INVALID = -22,
} SwitchFdbState;

typedef struct SwitchFdb {
        char *mac;     /* with `vlan` the key */
        unsigned vlan; /* 0 none */
        SwitchFdbState state;
        bool sticky;         /* moves to no other port */
        bool extern_learned; /* another program keeps it */
        SwitchMore more;
} SwitchFdb;

typedef struct SwitchPort {
        GPtrArray *vlans; /* SwitchVlan; NULL: the port belongs to others as well */
        GPtrArray *fdb;   /* SwitchFdb, never NULL */
        SwitchMore more;
} SwitchPort;

typedef enum SwitchQdisc {
        SWITCH_QDISC_NONE,
        SWITCH_QDISC_CLSACT,
        SWITCH_QDISC_INGRESS,
        _SWITCH_QDISC_MAX,
        _SWITCH_QDISC_INVALID = -22,
} SwitchQdisc;

typedef enum SwitchDirection {
        SWITCH_INGRESS,
        SWITCH_EGRESS,
        _SWITCH_DIRECTION_MAX,
        _SWITCH_DIRECTION_INVALID = -22,
} SwitchDirection;

typedef struct SwitchFilter {
        SwitchDirection direction; /* the key: to handle */
        unsigned priority;         /* 1 to 65535 */
        uint32_t chain, handle;
        unsigned protocol; /* ETH_P_*, in the order of the host */
        char *kind;        /* "flower" */
        GBytes *options; /* TCA_OPTIONS as netlink has them, in the order of a little-endian host */
        char **netdevs;  /* that its actions send to, in their order; NULL none */
        SwitchMore more;
} SwitchFilter;

typedef struct SwitchFilters {
        SwitchQdisc qdisc;
        GPtrArray *filters; /* SwitchFilter, never NULL */
        SwitchMore more;
} SwitchFilters;

typedef struct SwitchState {
        unsigned minor;         /* of the document; SWITCH_VERSION_MINOR */
        SwitchVf *vf;           /* NULL without */
        SwitchPort *port;       /* NULL without */
        SwitchFilters *filters; /* NULL without */
        SwitchMore more;
} SwitchState;

const char *switch_protocol_to_string(SwitchProtocol protocol); /* "802.1q" */
SwitchProtocol switch_protocol_from_string(const char *text);
const char *switch_link_state_to_string(SwitchLinkState state); /* "auto", "up", "down" */
SwitchLinkState switch_link_state_from_string(const char *text);
const char *switch_fdb_state_to_string(SwitchFdbState state); /* "static" */
SwitchFdbState switch_fdb_state_from_string(const char *text);
const char *switch_qdisc_to_string(SwitchQdisc qdisc); /* "clsact" */
SwitchQdisc switch_qdisc_from_string(const char *text);
const char *switch_direction_to_string(SwitchDirection direction); /* "ingress" */
SwitchDirection switch_direction_from_string(const char *text);

/* "52:54:00:76:00:01", lower or upper case, not all zeros and no group's. */
bool switch_mac_is_valid(const char *text);

SwitchVf *switch_vf_new(void); /* nothing set, nothing known */
SwitchPort *switch_port_new(bool vlans);
SwitchFilters *switch_filters_new(SwitchQdisc qdisc);
SwitchState *switch_state_new(void);
void switch_vf_free(SwitchVf *vf);
void switch_vlan_free(SwitchVlan *vlan);
void switch_fdb_free(SwitchFdb *fdb);
void switch_port_free(SwitchPort *port);
void switch_filter_free(SwitchFilter *filter);
void switch_filters_free(SwitchFilters *filters);
void switch_state_free(SwitchState *state);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SwitchVf, switch_vf_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SwitchVlan, switch_vlan_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SwitchFdb, switch_fdb_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SwitchPort, switch_port_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SwitchFilter, switch_filter_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SwitchFilters, switch_filters_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SwitchState, switch_state_free)

/* By their keys, as strcmp(). */
int switch_vlan_compare(const SwitchVlan *a, const SwitchVlan *b);
int switch_fdb_compare(const SwitchFdb *a, const SwitchFdb *b);
int switch_filter_compare(const SwitchFilter *a, const SwitchFilter *b);
/* Each entry to its place. */
void switch_state_sort(SwitchState *state);

bool switch_vf_equal(const SwitchVf *a, const SwitchVf *b);
bool switch_vlan_equal(const SwitchVlan *a, const SwitchVlan *b);
bool switch_fdb_equal(const SwitchFdb *a, const SwitchFdb *b);
bool switch_filter_equal(const SwitchFilter *a, const SwitchFilter *b);
bool switch_state_equal(const SwitchState *a, const SwitchState *b);

/* The element alone, in the namespace of our metadata or in none. FERRY_ERROR_INVALID_XML with
 * line. */
SwitchState *switch_state_from_xml(const char *xml, size_t size, GError **error);
/* The element alone, without namespace. Read again it is equal. */
char *switch_state_to_xml(const SwitchState *state);
SwitchState *switch_state_copy(const SwitchState *state); /* NULL for NULL */
