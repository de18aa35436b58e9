/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <libxml/relaxng.h>
#include <string.h>

#include "xml/document.h"
#include "xml/ferry-error.h"
#include "xml/metadata.h"
#include "xml/reader.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlRelaxNGParserCtxt, xmlRelaxNGFreeParserCtxt)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlRelaxNG, xmlRelaxNGFree)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlRelaxNGValidCtxt, xmlRelaxNGFreeValidCtxt)

#define OPEN  "<ferry:domain xmlns:ferry='urn:virtferry:domain:1' xmlns:x='urn:x' version='1'>"
#define CLOSE "</ferry:domain>"
#define UUID  "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"
#define PCI                                                                                 \
        "&lt;hostdev type='pci'&gt;&lt;source&gt;&lt;address bus='1' slot='0x10'/&gt;&lt;/" \
        "source&gt;&lt;/hostdev&gt;"
/* One that was unplugged, from this source; its element. */
#define UNPLUGGED(source, text) \
        "<ferry:unplugged strategy='replug' source='" source "'>" text "</ferry:unplugged>"
#define SLICE(inside) "<ferry:slice version='1'>" inside "</ferry:slice>"
/* The inside of one device. */
#define DEVICE(inside) OPEN "<ferry:device alias='a'>" inside "</ferry:device>" CLOSE

static void quiet(void *unused, const char *format, ...) {
}

static bool schema_takes(const char *xml) {
        g_autoptr(xmlRelaxNGParserCtxt) parser = xmlRelaxNGNewParserCtxt(g_getenv("FERRY_SCHEMA"));
        g_autoptr(xmlRelaxNG) schema = xmlRelaxNGParse(parser);
        g_autoptr(xmlRelaxNGValidCtxt) validator = NULL;
        g_autoptr(xmlDoc) doc = xml_document_parse(xml, strlen(xml), METADATA_XML_MAX, NULL);

        g_assert_nonnull(schema);
        g_assert_nonnull(doc);

        validator = xmlRelaxNGNewValidCtxt(schema);
        xmlRelaxNGSetValidErrors(validator, quiet, quiet, NULL);
        return xmlRelaxNGValidateDoc(validator, doc) == 0;
}

static Metadata *read_good(const char *xml) {
        g_autoptr(GError) error = NULL;
        Metadata *metadata = metadata_from_xml(xml, strlen(xml), &error);

        g_assert_no_error(error);
        g_assert_nonnull(metadata);
        return metadata;
}

static char *read_bad(const char *xml) {
        g_autoptr(GError) error = NULL;

        g_assert_null(metadata_from_xml(xml, strlen(xml), &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML);
        g_assert_true(g_str_has_prefix(error->message, "line "));
        return g_strdup(error->message);
}

static Metadata *full_example(void) {
        g_autoptr(Metadata) metadata = metadata_new();
        MetadataDevice *device = metadata_device_new("hostdev0", "0000:07:00.0");

        device->need = device_need_new();
        device->need->class_name = g_strdup("mdev");
        device->need->type = g_strdup("mtty-1");
        device->need->pool = g_strdup("default");
        device->need->vendor = 0x4348;
        device->need->device = 0x3253;
        device->need->migration = MIGRATION_NEED_REQUIRED;
        device->seen_class = g_strdup("mdev");
        device->seen = fingerprint_new();
        device->seen->vendor = 0x4348;
        device->seen->device = 0;
        device->seen->subsystem_vendor = 0xffff;
        device->seen->subsystem_device = 1;
        device->seen->revision = 0xff;
        device->seen->driver = g_strdup("mtty");
        device->seen->driver_version = g_strdup("6.12.0 \"<x>\" & 'y' \xc3\xa9");
        device->seen->firmware = g_strdup("22.39.1002 (MT_0000000436)");
        device->seen->mdev_type = g_strdup("mtty-1");
        device->seen->vfio_caps = _VFIO_CAP_ALL;
        device->seen->state_size = METADATA_STATE_SIZE_MAX;
        device->unplugged = unplugged_new(UNPLUG_MEDIATED, UUID,
                                          "<hostdev type='mdev' x='\xc3\xa9 &#13;'>\r\n\t<source>"
                                          "<address uuid='" UUID "'/></source></hostdev>");
        g_ptr_array_add(metadata->devices, device);

        device = metadata_device_new("ua-gpu", NULL);
        device->seen = fingerprint_new();
        device->seen->vfio_caps = 0;
        g_ptr_array_add(metadata->devices, device);

        device = metadata_device_new(NULL, "0000:08:00.0");
        device->need = device_need_new();
        g_ptr_array_add(metadata->devices, device);

        metadata->policy = g_new0(OffloadWish, 1);
        metadata->policy->priority = -OFFLOAD_PRIORITY_MAX;
        metadata->policy->never = true;
        metadata->policy->stays = metadata->policy->fixed = true;
        metadata->slice = slice_new();
        metadata->slice->cores.count = 4;
        g_ptr_array_add(metadata->slice->functions, slice_function_new("nic"));
        return g_steal_pointer(&metadata);
}

static void test_reads_what_it_writes(void) {
        g_autoptr(Metadata) metadata = full_example(), again = NULL, empty = metadata_new();
        g_autofree char *xml = metadata_to_xml(metadata), *nothing = metadata_to_xml(empty);

        again = read_good(xml);
        g_assert_true(metadata_equal(metadata, again));
        g_assert_true(schema_takes(xml));
        g_assert_true(schema_takes(nothing));
}

/* virDomainSetMetadata() gives all elements its namespace; virDomainGetMetadata() takes it away. */
static void test_reads_what_libvirt_gives_back(void) {
        g_autoptr(Metadata) metadata = full_example(), again = NULL, declared = NULL;
        g_autofree char *xml = metadata_to_libvirt(metadata);

        g_assert_null(strstr(xml, "xmlns"));
        g_assert_null(strstr(xml, METADATA_PREFIX ":"));
        again = read_good(xml);
        g_assert_true(metadata_equal(metadata, again));

        declared = read_good("<domain xmlns:ferry='urn:virtferry:domain:1' version='1'>"
                             "<device alias='a'><need class='mdev'/></device></domain>");
        g_assert_cmpuint(declared->devices->len, ==, 1);
}

static void test_every_member_counts_for_equality(void) {
        static const char *const texts[] = {
                OPEN CLOSE,
                OPEN "<ferry:device alias='a'/>" CLOSE,
                OPEN "<ferry:device alias='b'/>" CLOSE,
                OPEN "<ferry:device address='0000:00:05.0'/>" CLOSE,
                OPEN "<ferry:device alias='a'/><ferry:device alias='b'/>" CLOSE,
                DEVICE("<ferry:need/>"),
                DEVICE("<ferry:need class='mdev'/>"),
                DEVICE("<ferry:need type='mdev'/>"),
                DEVICE("<ferry:need pool='mdev'/>"),
                DEVICE("<ferry:need vendor='0x1'/>"),
                DEVICE("<ferry:need device='0x1'/>"),
                DEVICE("<ferry:need migration='preferred'/>"),
                DEVICE("<ferry:seen/>"),
                DEVICE("<ferry:seen class='mdev'/>"),
                DEVICE("<ferry:seen vendor='0x1'/>"),
                DEVICE("<ferry:need/><ferry:seen/>"),
                OPEN SLICE("") CLOSE,
                OPEN SLICE("<ferry:cores count='1'/>") CLOSE,
                OPEN "<ferry:policy/>" CLOSE,
                OPEN "<ferry:policy priority='1'/>" CLOSE,
                OPEN "<ferry:policy priority='-1'/>" CLOSE,
                OPEN "<ferry:policy offload='never'/>" CLOSE,
                OPEN "<ferry:policy move='no'/>" CLOSE,
                OPEN "<ferry:policy slice='no'/>" CLOSE,
                DEVICE(UNPLUGGED("0000:01:10.0", PCI)),
                DEVICE(UNPLUGGED("0000:01:10.1", PCI)),
                DEVICE(UNPLUGGED("0000:01:10.0", PCI " &lt;!-- x --&gt;")),
                DEVICE("<ferry:unplugged strategy='mediated' source='0000:01:10.0'>" PCI
                       "</ferry:unplugged>"),
        };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
                for (size_t j = 0; j < G_N_ELEMENTS(texts); j++) {
                        g_autoptr(Metadata) a = read_good(texts[i]), b = read_good(texts[j]);

                        g_assert_true(metadata_equal(a, b) == (i == j));
                }
}

static void test_leaves_out_what_it_could_not_read_again(void) {
        g_autoptr(Metadata) metadata = full_example(), again = NULL;
        MetadataDevice *device = metadata->devices->pdata[0];
        g_autofree char *xml = NULL;

        g_free(device->seen->firmware);
        device->seen->firmware = g_strdup("\x01\xff broken");
        g_free(device->seen->driver);
        device->seen->driver = g_strdup("../../etc");
        device->seen->vendor = 0x10000;
        device->seen->state_size = METADATA_STATE_SIZE_MAX + 1;

        xml = metadata_to_xml(metadata);
        again = read_good(xml);
        device = again->devices->pdata[0];
        g_assert_null(device->seen->firmware);
        g_assert_null(device->seen->driver);
        g_assert_cmpint(device->seen->vendor, ==, -1);
        g_assert_cmpuint(device->seen->state_size, ==, 0);
        g_assert_cmpstr(device->seen->mdev_type, ==, "mtty-1");
}

static void test_finds_a_device_by_address_before_alias(void) {
        g_autoptr(Metadata) metadata = full_example();
        MetadataDevice *const *devices = (MetadataDevice **)metadata->devices->pdata;

        g_assert_true(metadata_find(metadata, "0000:07:00.0", "ua-gpu") == devices[0]);
        g_assert_true(metadata_find(metadata, NULL, "hostdev0") == devices[0]);
        g_assert_true(metadata_find(metadata, "0000:09:00.0", "ua-gpu") == devices[1]);
        g_assert_true(metadata_find(metadata, "0000:08:00.0", NULL) == devices[2]);
        g_assert_null(metadata_find(metadata, "0000:09:00.0", NULL));
        g_assert_null(metadata_find(metadata, "0000:09:00.0", "hostdev9"));
        g_assert_null(metadata_find(metadata, NULL, NULL));
}

/* libvirt may give the next device that is plugged the alias of one that is gone. */
static void test_an_alias_of_libvirt_does_not_outweigh_an_address(void) {
        g_autoptr(Metadata) metadata = full_example();
        MetadataDevice *own = metadata_device_new("ua-nic", "0000:0a:00.0");

        g_ptr_array_add(metadata->devices, own);
        g_assert_null(metadata_find(metadata, "0000:09:00.0", "hostdev0"));
        g_assert_true(metadata_find(metadata, "0000:09:00.0", "ua-nic") == own);
}

static void test_says_what_is_wrong_and_what_to_do(void) {
        static const struct {
                const char *xml, *message;
        } table[] = {
                { "<other/>",
                  "line 1: <other> is not <ferry:domain> of namespace urn:virtferry:domain:1" },
                { "<ferry:domain xmlns:ferry='urn:virtferry:domain:1'/>",
                  "line 1: <ferry:domain> needs an attribute 'version'" },
                { "<ferry:domain xmlns:ferry='urn:virtferry:domain:1' version='2'/>",
                  "line 1: version '2' of our element is not known here, only '1': update "
                  "virt-ferry on this host" },
                { OPEN "\n<ferry:host/>" CLOSE, "line 2: <ferry:domain> has no element "
                                                "<ferry:host>, only device, policy and slice" },
                { OPEN SLICE("") "\n" SLICE("") CLOSE,
                  "line 2: a second <slice> of one domain: remove one" },
                { OPEN "<ferry:policy/>\n<ferry:policy/>" CLOSE,
                  "line 2: a second <policy> of one domain: remove one" },
                { OPEN "\n<ferry:policy priority='9'/>" CLOSE,
                  "line 2: attribute 'priority' must be -8 to 8, not '9'" },
                { OPEN "\n<ferry:policy weight='9'/>" CLOSE,
                  "line 2: <ferry:policy> has no attribute 'weight', only priority, offload, "
                  "move, slice" },
                { OPEN "\n<ferry:slice version='2'/>" CLOSE,
                  "line 2: version '2' of a hardware slice is not known here, only '1': update "
                  "virt-ferry on this host" },
                { OPEN SLICE("\n<ferry:cores count='0'/>") CLOSE,
                  "line 2: attribute 'count' must be 1 to 4096, not '0'" },
                { OPEN SLICE("\n<cores count='1'/>") CLOSE,
                  "line 2: <cores> is not in the namespace of the element around it: write it "
                  "with the prefix 'ferry:'" },
                { OPEN "\n<device alias='a'/>" CLOSE,
                  "line 2: <device> is not in the namespace of the element around it: write it "
                  "with the prefix 'ferry:'" },
                { "<domain version='1'><f:device xmlns:f='urn:virtferry:domain:1'/></domain>",
                  "line 1: <f:device> is not in the namespace of the element around it: write "
                  "all with the prefix, or none" },
                { OPEN "\n<ferry:device/>" CLOSE,
                  "line 2: <ferry:device> needs an attribute 'alias' or 'address'" },
                { OPEN "<ferry:device alias='a'/>\n<ferry:device alias='a'/>" CLOSE,
                  "line 2: a second entry for alias a: remove one" },
                { OPEN "<ferry:device alias='a' address='0000:00:05.0'/>\n"
                       "<ferry:device address='0000:00:05.0'/>" CLOSE,
                  "line 2: a second entry for address 0000:00:05.0: remove one" },
                { DEVICE("\n<ferry:need migratoin='any'/>"),
                  "line 2: <ferry:need> has no attribute 'migratoin', only class, type, vendor, "
                  "device, pool, migration" },
                { DEVICE("\n<ferry:need ferry:class='mdev'/>"),
                  "line 2: attribute 'class' of <ferry:need> has a prefix: write it without" },
                { DEVICE("\n<ferry:need>mdev</ferry:need>"),
                  "line 2: <ferry:need> takes no text, but has 'mdev'" },
                { DEVICE("\n<ferry:need><ferry:seen/></ferry:need>"),
                  "line 2: <ferry:need> has no element <ferry:seen>, only attributes" },
                { DEVICE("<ferry:need/>\n<ferry:need/>"),
                  "line 2: a second <need> of one device: remove one" },
                { DEVICE("<ferry:seen/>\n<ferry:seen/>"),
                  "line 2: a second <seen> of one device: remove one" },
                { DEVICE("\n<ferry:wish/>"), "line 2: <ferry:device> has no element <ferry:wish>, "
                                             "only need, seen, switch and unplugged" },
                { DEVICE("\n" UNPLUGGED("0000:01:10.0", "&lt;disk/&gt;")),
                  "line 2: the device in <ferry:unplugged>: line 1: <disk> is not the <hostdev> or "
                  "<interface> of a passthrough device" },
                { DEVICE("\n" UNPLUGGED(UUID, PCI)),
                  "line 2: attribute 'source' must be a PCI address like 0000:00:05.0, not '" UUID
                  "'" },
                { DEVICE("\n<ferry:unplugged strategy='replug'/>"),
                  "line 2: <ferry:unplugged> needs an attribute 'source'" },
                { DEVICE("\n<ferry:seen vfio='stop-copy warp'/>"),
                  "line 2: attribute 'vfio' must be words of 'stop-copy p2p pre-copy dma-log "
                  "data-size', not 'stop-copy warp'" },
                { DEVICE("\n<ferry:need vendor='15b3'/>"),
                  "line 2: attribute 'vendor' must be 0x and 1 to 4 hex digits, not '15b3'" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                g_autofree char *message = read_bad(table[i].xml);

                g_assert_cmpstr(message, ==, table[i].message);
        }
}

static const char *const good_documents[] = {
        OPEN CLOSE,
        "<domain xmlns='urn:virtferry:domain:1' version='1'><device alias='a'/></domain>",
        OPEN " \n\t <!-- x --><?x y?> " CLOSE,
        OPEN "<x:a><b c='d'>text<ferry:nonsense/></b></x:a>" CLOSE,
        OPEN "<ferry:device alias='hostdev0' x:y='z' xml:lang='en'><x:a/></ferry:device>" CLOSE,
        OPEN "<ferry:device address='0000:00:05.0'/>" CLOSE,
        OPEN "<ferry:device address='00010000:FF:1F.7'/>" CLOSE,
        OPEN "<ferry:device address='0000:00:05.0' alias='ua-1'/>" CLOSE,
        OPEN SLICE("") CLOSE,
        OPEN "<ferry:policy/>" CLOSE,
        OPEN "<ferry:policy priority='0' offload='any' x:y='z'/>" SLICE("") CLOSE,
        OPEN "<ferry:policy move='yes' priority='1'/>" CLOSE,
        OPEN "<ferry:policy move='no'/>" CLOSE,
        OPEN "<ferry:policy slice='no' move='yes'/>" CLOSE,
        OPEN "<ferry:policy slice='yes'/>" CLOSE,
        OPEN SLICE("") "<ferry:policy priority='8'><x:a/></ferry:policy>" CLOSE,
        OPEN "<ferry:policy priority='-8' offload='never'/><ferry:device alias='a'/>" CLOSE,
        OPEN "<ferry:device alias='a'/>" SLICE(
                "<ferry:cores count='1'/><x:a/>") "<x:a/>"
                                                  "<ferry:device alias='b'/>" CLOSE,
        OPEN SLICE("<ferry:offload name='o' keys='1'/><ferry:allow functions='0-2'/>") CLOSE,
        DEVICE("<ferry:seen/><ferry:need/>"),
        DEVICE("<ferry:need/><x:a/><ferry:seen/><x:a/>"),
        DEVICE("<ferry:need> \n </ferry:need>"),
        DEVICE("<ferry:need><x:a>text</x:a></ferry:need>"),
        DEVICE("<ferry:need class='sriov' vendor='0x15b3' device='0xA' pool='p.1'/>"),
        DEVICE("<ferry:need type='i915-GVTg_V5_4' migration='any'/>"),
        DEVICE("<ferry:need type='a&#98;c' migration='preferred'/>"),
        DEVICE("<ferry:need migration='required'/>"),
        DEVICE("<ferry:seen revision='0x0' state-size='0' vfio=''/>"),
        DEVICE("<ferry:seen revision='0xff' state-size='999999999999999999'/>"),
        DEVICE("<ferry:seen vfio='  p2p\tstop-copy&#10;p2p '/>"),
        DEVICE("<ferry:seen driver-version='a &amp; \xc3\xa9' firmware=' '/>"),
        DEVICE("<ferry:seen subsystem-vendor='0x1' subsystem-device='0x1' driver='_x'/>"),
        DEVICE(UNPLUGGED("00000000:01:1F.0", " \n" PCI "<x:a>text</x:a>\n")),
        DEVICE(UNPLUGGED("0000:01:10.0", "<![CDATA[<hostdev type='pci'><source><address bus='1' "
                                         "slot='2'/></source></hostdev>]]>")),
};

static const char *const bad_documents[] = {
        "<domain xmlns='urn:virtferry:domain:2' version='1'/>",
        "<ferry:host xmlns:ferry='urn:virtferry:domain:1' version='1'/>",
        "<ferry:domain xmlns:ferry='urn:virtferry:domain:1'/>",
        "<ferry:domain xmlns:ferry='urn:virtferry:domain:1' version='01'/>",
        "<ferry:domain xmlns:ferry='urn:virtferry:domain:1' version=' 1'/>",
        "<ferry:domain xmlns:ferry='urn:virtferry:domain:1' version='1' state='x'/>",
        "<ferry:domain xmlns:ferry='urn:virtferry:domain:1' ferry:version='1'/>",
        OPEN "text" CLOSE,
        OPEN "<device alias='a'/>" CLOSE,
        OPEN "<ferry:need/>" CLOSE,
        OPEN "<ferry:slice/>" CLOSE,
        OPEN "<ferry:slice version='2'/>" CLOSE,
        OPEN "<slice version='1'/>" CLOSE,
        OPEN SLICE("") SLICE("") CLOSE,
        OPEN "<ferry:policy/><ferry:policy/>" CLOSE,
        OPEN "<policy/>" CLOSE,
        OPEN "<ferry:policy>text</ferry:policy>" CLOSE,
        OPEN "<ferry:policy><ferry:need/></ferry:policy>" CLOSE,
        OPEN "<ferry:policy priority=''/>" CLOSE,
        OPEN "<ferry:policy priority='-'/>" CLOSE,
        OPEN "<ferry:policy priority='-0'/>" CLOSE,
        OPEN "<ferry:policy priority='+1'/>" CLOSE,
        OPEN "<ferry:policy priority='9'/>" CLOSE,
        OPEN "<ferry:policy priority='10'/>" CLOSE,
        OPEN "<ferry:policy priority='--1'/>" CLOSE,
        OPEN "<ferry:policy offload='always'/>" CLOSE,
        OPEN "<ferry:policy move='never'/>" CLOSE,
        OPEN "<ferry:policy slice='maybe'/>" CLOSE,
        DEVICE("<ferry:policy/>"),
        OPEN SLICE("<ferry:device alias='a'/>") CLOSE,
        OPEN SLICE("<ferry:cores count='1'/><ferry:cores count='1'/>") CLOSE,
        DEVICE(SLICE("")),
        OPEN "<ferry:device/>" CLOSE,
        OPEN "<ferry:device ferry:alias='a'/>" CLOSE,
        OPEN "<ferry:device alias=''/>" CLOSE,
        OPEN "<ferry:device alias='a b'/>" CLOSE,
        OPEN "<ferry:device alias='../a'/>" CLOSE,
        OPEN "<ferry:device address='00:05.0'/>" CLOSE,
        OPEN "<ferry:device address='0000:00:05.8'/>" CLOSE,
        OPEN "<ferry:device address='0000:00:20.0'/>" CLOSE,
        OPEN "<ferry:device address=' 0000:00:05.0'/>" CLOSE,
        OPEN "<ferry:device alias='a' address=''/>" CLOSE,
        OPEN "<ferry:device alias='a' uuid='x'/>" CLOSE,
        DEVICE("text"),
        DEVICE("<need/>"),
        DEVICE("<ferry:wish/>"),
        DEVICE("<ferry:device alias='b'/>"),
        DEVICE("<ferry:need/><ferry:need/>"),
        DEVICE("<ferry:seen/><ferry:need/><ferry:seen/>"),
        DEVICE("<ferry:need>text</ferry:need>"),
        DEVICE("<ferry:need><need/></ferry:need>"),
        DEVICE("<ferry:need><ferry:need/></ferry:need>"),
        DEVICE("<ferry:need class=''/>"),
        DEVICE("<ferry:need class='a/b'/>"),
        DEVICE("<ferry:need type='\xc3\xa9'/>"),
        DEVICE("<ferry:need vendor='0x15b3f'/>"),
        DEVICE("<ferry:need vendor='0x'/>"),
        DEVICE("<ferry:need vendor='5555'/>"),
        DEVICE("<ferry:need vendor=' 0x1'/>"),
        DEVICE("<ferry:need migration='maybe'/>"),
        DEVICE("<ferry:need migration=' any '/>"),
        DEVICE("<ferry:need migration=''/>"),
        DEVICE("<ferry:need driver='x'/>"),
        DEVICE("<ferry:seen pool='x'/>"),
        DEVICE("<ferry:seen revision='0x100'/>"),
        DEVICE("<ferry:seen state-size='-1'/>"),
        DEVICE("<ferry:seen state-size='+1'/>"),
        DEVICE("<ferry:seen state-size='01'/>"),
        DEVICE("<ferry:seen state-size=''/>"),
        DEVICE("<ferry:seen state-size='1000000000000000000'/>"),
        DEVICE("<ferry:seen vfio='stop-copy,p2p'/>"),
        DEVICE("<ferry:seen vfio='STOP-COPY'/>"),
        DEVICE("<ferry:seen firmware=''/>"),
        DEVICE("<ferry:unplugged source='0000:01:10.0'>" PCI "</ferry:unplugged>"),
        DEVICE("<ferry:unplugged strategy='cold' source='0000:01:10.0'>" PCI "</ferry:unplugged>"),
        DEVICE("<ferry:unplugged strategy='replug'>" PCI "</ferry:unplugged>"),
        DEVICE(UNPLUGGED("0000:01:10", PCI)),
        DEVICE(UNPLUGGED("0000:01:10.0", PCI "<ferry:need/>")),
        DEVICE(UNPLUGGED("0000:01:10.0", PCI) UNPLUGGED("0000:01:10.0", PCI)),
        DEVICE("<ferry:seen firmware='a&#9;b'/>"),
        DEVICE("<ferry:seen firmware='a&#127;b'/>"),
};

static void test_schema_and_reader_agree(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(good_documents); i++) {
                metadata_free(read_good(good_documents[i]));
                if (!schema_takes(good_documents[i]))
                        g_error("the schema refuses %s", good_documents[i]);
        }

        for (size_t i = 0; i < G_N_ELEMENTS(bad_documents); i++) {
                g_free(read_bad(bad_documents[i]));
                if (schema_takes(bad_documents[i]))
                        g_error("the schema takes %s", bad_documents[i]);
        }
}

static void test_what_is_read_is_written_in_the_schema(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(good_documents); i++) {
                g_autoptr(Metadata) metadata = read_good(good_documents[i]), again = NULL;
                g_autofree char *xml = metadata_to_xml(metadata);

                g_assert_true(schema_takes(xml));
                again = read_good(xml);
                g_assert_true(metadata_equal(metadata, again));
        }
}

/* The reader's two lengths, and the schema's. */
static void test_schema_and_reader_agree_on_lengths(void) {
        static const struct {
                const char *attribute;
                size_t length;
        } table[] = { { "class", XML_NAME_LENGTH_MAX }, { "firmware", XML_TEXT_LENGTH_MAX } };

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
                for (size_t more = 0; more < 2; more++) {
                        g_autofree char *value = g_strnfill(table[i].length + more, 'v');
                        g_autofree char *xml = g_strdup_printf(DEVICE("<ferry:seen %s='%s'/>"),
                                                               table[i].attribute, value);
                        g_autoptr(Metadata) metadata = metadata_from_xml(xml, strlen(xml), NULL);

                        g_assert_true(schema_takes(xml) == (more == 0));
                        g_assert_true((metadata != NULL) == (more == 0));
                }
}

/* As for the next start of a guest whose definition an operator has edited. */
static void test_takes_the_operators_word_and_no_other(void) {
        g_autoptr(Metadata) ours = full_example(), theirs = full_example();
        const MetadataDevice *device = ours->devices->pdata[0];

        theirs->slice->cores.count = 9;
        theirs->policy->priority = 3;
        metadata_take_needs(ours, theirs);
        g_assert_cmpint(ours->policy->priority, ==, 3);
        g_assert_cmpuint(ours->slice->cores.count, ==, 9);
        g_assert_nonnull(device->need);

        metadata_take_needs(ours, NULL);
        g_assert_null(ours->slice);
        g_assert_null(ours->policy);
        g_assert_null(device->need);
        g_assert_nonnull(device->seen);
}

static void test_takes_so_many_devices_and_no_more(void) {
        g_autoptr(Metadata) metadata = metadata_new(), good = NULL;
        g_autofree char *xml = NULL, *message = NULL, *longer = NULL;

        for (int i = 0; i < METADATA_DEVICES_MAX; i++) {
                g_autofree char *alias = g_strdup_printf("hostdev%d", i);

                g_ptr_array_add(metadata->devices, metadata_device_new(alias, NULL));
        }
        xml = metadata_to_xml(metadata);
        good = read_good(xml);
        g_assert_cmpuint(good->devices->len, ==, METADATA_DEVICES_MAX);

        g_ptr_array_add(metadata->devices, metadata_device_new("ua-one-more", NULL));
        longer = metadata_to_xml(metadata);
        message = read_bad(longer);
        g_assert_true(g_str_has_suffix(message, ": more than 256 devices"));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/metadata/reads-what-it-writes", test_reads_what_it_writes);
        g_test_add_func("/metadata/reads-what-libvirt-gives-back",
                        test_reads_what_libvirt_gives_back);
        g_test_add_func("/metadata/every-member-counts-for-equality",
                        test_every_member_counts_for_equality);
        g_test_add_func("/metadata/leaves-out-what-it-could-not-read-again",
                        test_leaves_out_what_it_could_not_read_again);
        g_test_add_func("/metadata/finds-a-device-by-address-before-alias",
                        test_finds_a_device_by_address_before_alias);
        g_test_add_func("/metadata/an-alias-of-libvirt-does-not-outweigh-an-address",
                        test_an_alias_of_libvirt_does_not_outweigh_an_address);
        g_test_add_func("/metadata/says-what-is-wrong-and-what-to-do",
                        test_says_what_is_wrong_and_what_to_do);
        g_test_add_func("/metadata/schema-and-reader-agree", test_schema_and_reader_agree);
        g_test_add_func("/metadata/what-is-read-is-written-in-the-schema",
                        test_what_is_read_is_written_in_the_schema);
        g_test_add_func("/metadata/schema-and-reader-agree-on-lengths",
                        test_schema_and_reader_agree_on_lengths);
        g_test_add_func("/metadata/takes-the-operators-word-and-no-other",
                        test_takes_the_operators_word_and_no_other);
        g_test_add_func("/metadata/takes-so-many-devices-and-no-more",
                        test_takes_so_many_devices_and_no_more);

        return g_test_run();
}
