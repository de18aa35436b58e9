/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <libxml/relaxng.h>
#include <string.h>

#include "xml/document.h"
#include "xml/ferry-error.h"
#include "xml/slice.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlRelaxNGParserCtxt, xmlRelaxNGFreeParserCtxt)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlRelaxNG, xmlRelaxNGFree)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlRelaxNGValidCtxt, xmlRelaxNGFreeValidCtxt)

#define OPEN          "<slice xmlns='urn:virtferry:domain:1' xmlns:x='urn:x' version='1'>"
#define SLICE(inside) OPEN inside "</slice>"
#define WITH(attributes) \
        "<slice xmlns='urn:virtferry:domain:1' xmlns:x='urn:x' version='1' " attributes "/>"
#define CORES(attributes)    SLICE("<cores count='4' " attributes "/>")
#define MEMORY(attributes)   SLICE("<memory " attributes "/>")
#define FUNCTION(attributes) SLICE("<function name='f' " attributes "/>")
#define OFFLOAD(attributes)  SLICE("<offload name='o' " attributes "/>")
/* The inside of a slice that is as large as it may get by its own wish. */
#define ALLOW(attributes)                                                                        \
        SLICE("<cores count='4'/><memory size='1' unit='GiB'/><function name='f' min-mbit='5'/>" \
              "<allow " attributes "/>")
#define NAME_128                                                           \
        "a234567890123456789012345678901234567890123456789012345678901234" \
        "a234567890123456789012345678901234567890123456789012345678901234"

static void quiet(void *unused, const char *format, ...) {
}

static bool schema_takes(const char *xml) {
        g_autoptr(xmlRelaxNGParserCtxt)
                parser = xmlRelaxNGNewParserCtxt(g_getenv("FERRY_SLICE_SCHEMA"));
        g_autoptr(xmlRelaxNG) schema = xmlRelaxNGParse(parser);
        g_autoptr(xmlRelaxNGValidCtxt) validator = NULL;
        g_autoptr(xmlDoc) doc = xml_document_parse(xml, strlen(xml), SLICE_XML_MAX, NULL);

        g_assert_nonnull(schema);
        g_assert_nonnull(doc);

        validator = xmlRelaxNGNewValidCtxt(schema);
        xmlRelaxNGSetValidErrors(validator, quiet, quiet, NULL);
        return xmlRelaxNGValidateDoc(validator, doc) == 0;
}

static Slice *read_good(const char *xml) {
        g_autoptr(GError) error = NULL;
        Slice *slice = slice_from_xml(xml, strlen(xml), &error);

        if (error)
                g_error("%s: %s", xml, error->message);
        g_assert_nonnull(slice);
        return slice;
}

static char *read_bad(const char *xml) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Slice) slice = slice_from_xml(xml, strlen(xml), &error);

        if (slice)
                g_error("read: %s", xml);
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML);
        g_assert_true(g_str_has_prefix(error->message, "line "));
        return g_strdup(error->message);
}

#define FULL                                                                                  \
        "<ferry:slice xmlns:ferry='urn:virtferry:domain:1' version='1' priority='burstable' " \
        "together='node' apart='db'>\n"                                                       \
        "  <ferry:cores count='4' share='500' node='0'/>\n"                                   \
        "  <ferry:memory size='8' unit='GiB' page='2048' tier='cxl' contiguous='yes' "        \
        "node='0'/>\n"                                                                        \
        "  <ferry:function name='nic' class='sriov' type='t' pool='fast' "                    \
        "parent='0000:3b:00.0' own-group='yes' lanes='4' min-mbit='1000' max-mbit='5000'/>\n" \
        "  <ferry:function name='gpu' bytes='16000000000'/>\n"                                \
        "  <ferry:offload name='dpu' pool='dpu0' cores='2' memory-mib='1024' mbit='1000' "    \
        "keys='1'/>\n"                                                                        \
        "  <ferry:key kind='sev' count='1'/>\n"                                               \
        "  <ferry:network min-mbit='100' max-mbit='1000'/>\n"                                 \
        "  <ferry:block weight='500' max-bytes='104857600' max-iops='2000'/>\n"               \
        "  <ferry:share memory-bandwidth='20' cache-ways='2'/>\n"                             \
        "  <ferry:allow cores='1-8' memory-mib='512-16384' functions='0-2' mbit='10000'/>\n"  \
        "</ferry:slice>\n"

static void test_writes_what_it_has_read(void) {
        g_autoptr(Slice) slice = read_good(FULL);
        g_autofree char *xml = slice_to_xml(slice);

        g_assert_cmpstr(xml, ==, FULL);
        g_assert_true(schema_takes(xml));
}

static void test_reads_each_value_into_its_member(void) {
        g_autoptr(Slice) slice = read_good(FULL);
        const SliceFunction *nic = slice_find_function(slice, "nic");
        const SliceOffload *dpu = slice_find_offload(slice, "dpu");
        const SliceKey *key = slice->keys->pdata[0];

        g_assert_cmpint(slice->priority, ==, SLICE_BURSTABLE);
        g_assert_cmpint(slice->together, ==, SLICE_TOGETHER_NODE);
        g_assert_cmpstr(slice->apart, ==, "db");
        g_assert_cmpuint(slice->cores.count, ==, 4);
        g_assert_cmpuint(slice->cores.share, ==, 500);
        g_assert_cmpint(slice->cores.node, ==, 0);
        g_assert_cmpuint(slice->memory.size, ==, UINT64_C(8) << 30);
        g_assert_cmpuint(slice->memory.page_kib, ==, 2048);
        g_assert_cmpint(slice->memory.tier, ==, SLICE_TIER_CXL);
        g_assert_true(slice->memory.contiguous);
        g_assert_cmpint(slice->memory.node, ==, 0);
        g_assert_cmpstr(nic->class_name, ==, "sriov");
        g_assert_cmpstr(nic->type, ==, "t");
        g_assert_cmpstr(nic->pool, ==, "fast");
        g_assert_cmpstr(nic->parent, ==, "0000:3b:00.0");
        g_assert_true(nic->own_group);
        g_assert_cmpuint(nic->lanes, ==, 4);
        g_assert_cmpuint(nic->min_mbit, ==, 1000);
        g_assert_cmpuint(nic->max_mbit, ==, 5000);
        g_assert_cmpuint(slice_find_function(slice, "gpu")->bytes, ==, UINT64_C(16000000000));
        g_assert_cmpstr(dpu->pool, ==, "dpu0");
        g_assert_cmpuint(dpu->cores, ==, 2);
        g_assert_cmpuint(dpu->memory_mib, ==, 1024);
        g_assert_cmpuint(dpu->mbit, ==, 1000);
        g_assert_cmpuint(dpu->keys, ==, 1);
        g_assert_cmpstr(key->kind, ==, "sev");
        g_assert_cmpuint(key->count, ==, 1);
        g_assert_cmpuint(slice->network_min_mbit, ==, 100);
        g_assert_cmpuint(slice->network_max_mbit, ==, 1000);
        g_assert_cmpuint(slice->block_weight, ==, 500);
        g_assert_cmpuint(slice->block_max_bytes, ==, 104857600);
        g_assert_cmpuint(slice->block_max_iops, ==, 2000);
        g_assert_cmpuint(slice->memory_bandwidth, ==, 20);
        g_assert_cmpuint(slice->cache_ways, ==, 2);
        g_assert_true(slice->allow.present);
        g_assert_cmpuint(slice->allow.cores_min, ==, 1);
        g_assert_cmpuint(slice->allow.cores_max, ==, 8);
        g_assert_cmpuint(slice->allow.memory_min_mib, ==, 512);
        g_assert_cmpuint(slice->allow.memory_max_mib, ==, 16384);
        g_assert_cmpuint(slice->allow.functions_min, ==, 0);
        g_assert_cmpuint(slice->allow.functions_max, ==, 2);
        g_assert_cmpuint(slice->allow.mbit_max, ==, 10000);
        g_assert_null(slice_find_function(slice, "dpu"));
        g_assert_null(slice_find_offload(slice, "nic"));
}

static void test_what_is_left_out_is_no_wish(void) {
        g_autoptr(Slice) empty = read_good("<slice version='1'/>"), fresh = slice_new();
        g_autoptr(Slice) cores = read_good(CORES(""));

        g_assert_true(slice_equal(empty, fresh));
        g_assert_cmpint(empty->priority, ==, SLICE_GUARANTEED);
        g_assert_false(empty->allow.present);
        g_assert_cmpint(empty->memory.node, ==, -1);
        g_assert_cmpuint(cores->cores.share, ==, SLICE_SHARE_FULL);
        g_assert_cmpint(cores->cores.node, ==, -1);
        g_assert_false(cores->cores.exclusive);
}

static void test_reads_sizes_as_libvirt_writes_them(void) {
        static const struct {
                const char *xml;
                uint64_t bytes;
        } table[] = {
                { MEMORY("size='4'"), 4096 },
                { MEMORY("size='4' unit='KiB'"), 4096 },
                { MEMORY("size='4096' unit='B'"), 4096 },
                { MEMORY("size='3' unit='MiB'"), 3 << 20 },
                { MEMORY("size='3' unit='GiB'"), UINT64_C(3) << 30 },
                { MEMORY("size='1024' unit='TiB'"), SLICE_MEMORY_MAX },
                { MEMORY("size='1125899906842624' unit='B'"), SLICE_MEMORY_MAX },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                g_autoptr(Slice) slice = read_good(table[i].xml);

                g_assert_cmpuint(slice->memory.size, ==, table[i].bytes);
        }
}

static void test_a_parent_is_read_in_lower_case(void) {
        g_autoptr(Slice) pci = read_good(FUNCTION("parent='0000:3B:00.0'"));
        g_autoptr(Slice) other = read_good(FUNCTION("parent='Mtty'"));

        g_assert_cmpstr(slice_find_function(pci, "f")->parent, ==, "0000:3b:00.0");
        g_assert_cmpstr(slice_find_function(other, "f")->parent, ==, "Mtty");
}

static const char *const good_documents[] = {
        "<slice xmlns='urn:virtferry:domain:1' version='1'/>",
        "<f:slice xmlns:f='urn:virtferry:domain:1' version='1'><f:cores count='1'/></f:slice>",
        SLICE(" \n\t <!-- x --><?x y?> <x:a><b c='d'>text<slice/></b></x:a>"
              "<memory size='4' x:y='z'> <x:b/> </memory>"),
        WITH("priority='guaranteed' together='root-port'"),
        WITH("priority='burstable' together='any'"),
        WITH("x:priority='high' xml:lang='en'"),
        WITH("priority='best-effort' together='node' apart='_db.1:a+b-c'"),
        WITH("apart='" NAME_128 "'"),
        SLICE("<cores count='4096' node='1023'/>"),
        CORES(""),
        CORES("exclusive='yes'"),
        CORES("exclusive='yes' share='1000' node='0'"),
        CORES("exclusive='no' share='1'"),
        CORES("share='1000' node='9'"),
        CORES("share='999' node='10'"),
        SLICE("<allow/><cores count='1' node='1000'/><x:a/>"),
        MEMORY("size='1125899906842624' unit='B' x:unit='KiB'"),
        MEMORY("size='8' page='4' tier='any' contiguous='no' node='999'"),
        MEMORY("size='16' unit='GiB' page='16777216' tier='local' contiguous='yes'"),
        MEMORY("size='32' unit='GiB' page='16777216' tier='cxl' contiguous='yes'"),
        MEMORY("size='1' unit='TiB' page='1048576' contiguous='yes'"),
        SLICE("<function name='f'/><function name='g'/><offload name='h' keys='65536'/>"),
        FUNCTION("class='sriov' type='i915-GVTg_V5_4' pool='p.1' parent='mtty' own-group='no'"),
        FUNCTION("own-group='yes' lanes='1' min-mbit='1' max-mbit='1'"),
        FUNCTION("lanes='32' min-mbit='100000000' max-mbit='100000000'"),
        FUNCTION("bytes='1' min-mbit='2'"),
        FUNCTION("bytes='9999999999999' max-mbit='2'"),
        OFFLOAD("pool='dpu0' cores='1'"),
        OFFLOAD("memory-mib='1'"),
        OFFLOAD("mbit='1'"),
        OFFLOAD("keys='1'"),
        OFFLOAD("keys='65530' cores='65536' memory-mib='67108864' mbit='100000000'"),
        SLICE("<offload name='a' pool='p' keys='1'/><offload name='b' pool='q' keys='1'/>"
              "<offload name='c' keys='1'/><offload name='d' keys='1'/>"),
        SLICE("<key kind='sev' count='1'/><key kind='sev_es' count='65536'/>"),
        SLICE("<key kind='sev' count='1'/><x:key/><function name='sev'/>"),
        SLICE("<network min-mbit='1'/><block weight='10'/><share memory-bandwidth='1'/>"),
        SLICE("<network max-mbit='1'/><block max-bytes='1'/><share cache-ways='1'/>"),
        SLICE("<share memory-bandwidth='100' cache-ways='32'/><block weight='1000' "
              "max-bytes='9999999999999' max-iops='999999999'/>"
              "<network min-mbit='5' max-mbit='5'/>"),
        ALLOW("cores='4-4' memory-mib='1024-1024' functions='1-1' mbit='5'"),
        ALLOW("cores='0-4096' memory-mib='0-1073741824' functions='0-64' mbit='100000000'"),
        ALLOW("cores='1-1000'"),
        SLICE("<allow functions='0-9' mbit='1'/>"),
        "<slice xmlns='urn:virtferry:domain:1' version='1' together='node'>"
        "<cores count='1' node='1'/><memory size='4' node='1'/></slice>",
        SLICE("<cores count='1' node='0'/><memory size='4' node='1'/>"),
};

static const char *const bad_documents[] = {
        "<slice xmlns='urn:virtferry:domain:2' version='1'/>",
        "<domain xmlns='urn:virtferry:domain:1' version='1'/>",
        "<slice xmlns='urn:virtferry:domain:1'/>",
        "<slice xmlns='urn:virtferry:domain:1' version='2'/>",
        "<slice xmlns='urn:virtferry:domain:1' version='1.0'/>",
        "<slice xmlns='urn:virtferry:domain:1' version=' 1'/>",
        "<f:slice xmlns:f='urn:virtferry:domain:1' f:version='1'/>",
        "<f:slice xmlns:f='urn:virtferry:domain:1' version='1'><cores count='1'/></f:slice>",
        SLICE("text"),
        SLICE("<lanes/>"),
        SLICE("<slice version='1'/>"),
        WITH("name='db'"),
        WITH("priority='Guaranteed'"),
        WITH("priority=''"),
        WITH("together='yes'"),
        WITH("apart=''"),
        WITH("apart='a/b'"),
        WITH("apart='" NAME_128 "x'"),
        SLICE("<cores/>"),
        SLICE("<cores count='0'/>"),
        SLICE("<cores count='4097'/>"),
        SLICE("<cores count='04'/>"),
        SLICE("<cores count='+4'/>"),
        SLICE("<cores count=' 4'/>"),
        SLICE("<cores count='99999999999999999999'/>"),
        SLICE("<cores count='1'>2</cores>"),
        SLICE("<cores count='1'><memory size='4'/></cores>"),
        SLICE("<cores count='1'/><cores count='1'/>"),
        CORES("exclusive='1'"),
        CORES("exclusive='yes' share='500'"),
        CORES("share='0'"),
        CORES("share='1001'"),
        CORES("node='-1'"),
        CORES("node='1024'"),
        CORES("pinned='yes'"),
        MEMORY(""),
        MEMORY("unit='KiB'"),
        MEMORY("size='0'"),
        MEMORY("size='-4'"),
        MEMORY("size='1.5' unit='GiB'"),
        MEMORY("size='10000000000000000' unit='B'"),
        MEMORY("size='18446744073709551616' unit='B'"),
        MEMORY("size='4' unit='kib'"),
        MEMORY("size='4' unit='GB'"),
        MEMORY("size='4' unit=''"),
        MEMORY("size='6' page='3'"),
        MEMORY("size='4' page='0'"),
        MEMORY("size='4' page='2'"),
        MEMORY("size='32' unit='GiB' page='33554432'"),
        MEMORY("size='4' tier='CXL'"),
        MEMORY("size='4' contiguous='maybe'"),
        MEMORY("size='4' node='0-1'"),
        SLICE("<memory size='4'/><memory size='4'/>"),
        SLICE("<function/>"),
        SLICE("<function name=''/>"),
        SLICE("<function name='../f'/>"),
        FUNCTION("class='a b'"),
        FUNCTION("type='a/b'"),
        FUNCTION("pool=''"),
        FUNCTION("parent='/sys'"),
        FUNCTION("own-group='true'"),
        FUNCTION("lanes='0'"),
        FUNCTION("lanes='33'"),
        FUNCTION("bytes='0'"),
        FUNCTION("bytes='10000000000000'"),
        FUNCTION("lanes='1' bytes='1'"),
        FUNCTION("min-mbit='0'"),
        FUNCTION("max-mbit='100000001'"),
        FUNCTION("mbit='1'"),
        OFFLOAD(""),
        OFFLOAD("pool='dpu0'"),
        SLICE("<offload keys='1'/>"),
        OFFLOAD("cores='0'"),
        OFFLOAD("cores='65537'"),
        OFFLOAD("keys='0'"),
        OFFLOAD("keys='65537'"),
        OFFLOAD("memory-mib='0'"),
        OFFLOAD("memory-mib='100000000'"),
        OFFLOAD("mbit='100000001'"),
        OFFLOAD("min-mbit='1'"),
        SLICE("<key count='1'/>"),
        SLICE("<key kind='sev'/>"),
        SLICE("<key kind='sev' count='0'/>"),
        SLICE("<key kind='sev' count='65537'/>"),
        SLICE("<network min-mbit='0'/>"),
        SLICE("<network weight='10'/>"),
        SLICE("<network max-mbit='100000001'/>"),
        SLICE("<network/><network/>"),
        SLICE("<block weight='9'/>"),
        SLICE("<block weight='1001'/>"),
        SLICE("<block max-bytes='0'/>"),
        SLICE("<block max-bytes='10000000000000'/>"),
        SLICE("<block max-iops='0'/>"),
        SLICE("<block max-iops='1000000000'/>"),
        SLICE("<block/><block/>"),
        SLICE("<share memory-bandwidth='0'/>"),
        SLICE("<share memory-bandwidth='101'/>"),
        SLICE("<share cache-ways='0'/>"),
        SLICE("<share cache-ways='33'/>"),
        SLICE("<share/><share/>"),
        ALLOW("cores='4'"),
        ALLOW("cores='-8'"),
        ALLOW("cores='4-'"),
        ALLOW("cores='1-4097'"),
        ALLOW("cores='0-0'"),
        ALLOW("cores='01-8'"),
        ALLOW("cores='1-8-9'"),
        ALLOW("cores='1 - 8'"),
        ALLOW("memory-mib='0-10737418240'"),
        ALLOW("functions='0-65'"),
        ALLOW("functions='65-64'"),
        ALLOW("mbit='0'"),
        ALLOW("mbit='0-10'"),
        SLICE("<allow/><allow/>"),
};

/* What the schema cannot say. */
static const char *const bad_beyond_the_schema[] = {
        MEMORY("size='1125899906842625' unit='B'"),
        MEMORY("size='1099511627777'"),
        MEMORY("size='1025' unit='TiB'"),
        MEMORY("size='17592186044416' unit='TiB'"), /* 2 to the power of 64 */
        MEMORY("size='6'"),
        MEMORY("size='3' unit='MiB' page='2048'"),
        MEMORY("size='4' unit='GiB' page='2048' tier='local' contiguous='yes'"),
        SLICE("<function name='f'/><function name='f'/>"),
        SLICE("<function name='f'/><offload name='f' keys='1'/>"),
        SLICE("<offload name='f' keys='1'/><offload name='f' keys='1'/>"),
        SLICE("<offload name='a' pool='p' keys='1'/><offload name='b' pool='p' keys='1'/>"),
        SLICE("<key kind='sev' count='1'/><key kind='sev' count='1'/>"),
        FUNCTION("min-mbit='2' max-mbit='1'"),
        SLICE("<network min-mbit='2' max-mbit='1'/>"),
        OFFLOAD("memory-mib='67108865'"),
        ALLOW("cores='8-1'"),
        ALLOW("memory-mib='0-1073741825'"),
        ALLOW("memory-mib='0-4294967297'"), /* not 1 */
        ALLOW("cores='1-3'"),
        ALLOW("cores='5-8'"),
        ALLOW("memory-mib='1-1023'"),
        ALLOW("memory-mib='1025-2000'"),
        ALLOW("functions='2-3'"),
        ALLOW("mbit='4'"),
        SLICE("<memory size='1028'/><allow memory-mib='0-1'/>"),
        "<slice xmlns='urn:virtferry:domain:1' version='1' together='node'>"
        "<cores count='1' node='0'/><memory size='4' node='1'/></slice>",
        "<slice xmlns='urn:virtferry:domain:1' version='1' together='root-port'>"
        "<cores count='1' node='0'/><memory size='4' node='1'/></slice>",
};

static void test_schema_and_reader_agree(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(good_documents); i++) {
                slice_free(read_good(good_documents[i]));
                if (!schema_takes(good_documents[i]))
                        g_error("the schema refuses %s", good_documents[i]);
        }

        for (size_t i = 0; i < G_N_ELEMENTS(bad_documents); i++) {
                g_free(read_bad(bad_documents[i]));
                if (schema_takes(bad_documents[i]))
                        g_error("the schema takes %s", bad_documents[i]);
        }

        for (size_t i = 0; i < G_N_ELEMENTS(bad_beyond_the_schema); i++) {
                g_free(read_bad(bad_beyond_the_schema[i]));
                if (!schema_takes(bad_beyond_the_schema[i]))
                        g_error("the schema can say this: %s", bad_beyond_the_schema[i]);
        }
}

static void test_what_is_read_is_written_in_the_schema(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(good_documents); i++) {
                g_autoptr(Slice) slice = read_good(good_documents[i]), again = NULL;
                g_autofree char *xml = slice_to_xml(slice);

                g_assert_true(slice_check(slice, NULL));
                g_assert_true(schema_takes(xml));
                again = read_good(xml);
                g_assert_true(slice_equal(slice, again));
        }
}

/* The page as it is read: troff's hyphens are no minus signs, so they have a backslash. */
static char *manual(void) {
        g_autofree char *path = g_build_filename(g_getenv("FERRY_EXAMPLES"), "..",
                                                 "virtferry-slice.5", NULL);
        g_autoptr(GString) text = g_string_new(NULL);
        g_autofree char *page = NULL;

        g_assert_true(g_file_get_contents(path, &page, NULL, NULL));
        g_string_append(text, page);
        g_string_replace(text, "\\-", "-", 0);
        return g_string_free(g_steal_pointer(&text), FALSE);
}

static void test_the_examples_are_good_and_in_the_manual(void) {
        g_autoptr(GDir) dir = g_dir_open(g_getenv("FERRY_EXAMPLES"), 0, NULL);
        g_autofree char *page = manual();
        const char *name;
        unsigned n = 0;

        g_assert_nonnull(dir);
        while ((name = g_dir_read_name(dir))) {
                g_autofree char *path = g_build_filename(g_getenv("FERRY_EXAMPLES"), name, NULL);
                g_autofree char *xml = NULL;

                if (!g_str_has_prefix(name, "slice-"))
                        continue;
                g_assert_true(g_file_get_contents(path, &xml, NULL, NULL));
                slice_free(read_good(xml));
                g_assert_true(schema_takes(xml));
                g_assert_nonnull(strstr(page, strstr(xml, "<slice")));
                n++;
        }
        g_assert_cmpuint(n, ==, 3);
}

static void test_says_what_is_wrong_and_what_to_do(void) {
        static const struct {
                const char *xml, *message;
        } table[] = {
                { "<other/>",
                  "line 1: <other> is not <ferry:slice> of namespace urn:virtferry:domain:1" },
                { "<slice/>", "line 1: <slice> needs an attribute 'version'" },
                { "<slice version='2'/>", "line 1: version '2' of a hardware slice is not known "
                                          "here, only '1': update virt-ferry on this host" },
                { SLICE("\n<lanes/>"),
                  "line 2: <slice> has no element <lanes>, only cores, memory, function, offload, "
                  "key, network, block, share and allow" },
                { WITH("name='a'"), "line 1: <slice> has no attribute 'name', only version, "
                                    "priority, together, apart" },
                { WITH("priority='high'"), "line 1: attribute 'priority' must be guaranteed, "
                                           "burstable or best-effort, not 'high'" },
                { SLICE("\n<cores count='1'/>\n<cores count='1'/>"),
                  "line 3: a second <cores> in <slice>: remove one" },
                { SLICE("\n\n<cores count='4' share='0'/>"),
                  "line 3: attribute 'share' must be 1 to 1000, not '0'" },
                { SLICE("\n<cores count='4' exclusive='yes' share='1'/>"),
                  "line 2: attribute 'share' is for cores that are not exclusive: remove it, or "
                  "'exclusive'" },
                { SLICE("\n<memory unit='GiB'/>"), "line 2: <memory> needs an attribute 'size'" },
                { SLICE("\n<memory size='4' lanes='4'/>"),
                  "line 2: <memory> has no attribute 'lanes', only size, unit, page, tier, "
                  "contiguous, node" },
                { SLICE("\n<memory size='1025' unit='TiB'/>"),
                  "line 2: attribute 'size' must be 1 to 1024, not '1025'" },
                { SLICE("\n<memory size='6'/>"),
                  "line 2: attribute 'size' must be whole pages of 4 KiB, and is 6144 bytes" },
                { SLICE("\n<memory size='6' page='6'/>"),
                  "line 2: attribute 'page' is in KiB and must be a power of 2, not '6'" },
                { SLICE("\n<memory size='4' unit='GiB' page='2048' tier='local' "
                        "contiguous='yes'/>"),
                  "line 2: contiguous memory is one page or a region of CXL: make 'page' as large "
                  "as 'size', or remove it, or 'tier'" },
                { SLICE("\n<function name='a'/>\n<offload name='a' keys='1'/>"),
                  "line 3: a second function or offload with the name 'a': give it another one" },
                { SLICE("\n<function name='a' lanes='1' bytes='1'/>"),
                  "line 2: attributes 'lanes' and 'bytes' say the same: remove one" },
                { SLICE("\n<function name='a' min-mbit='2' max-mbit='1'/>"),
                  "line 2: attribute 'min-mbit' is 2 and must not be above 'max-mbit', 1" },
                { SLICE("\n<offload name='a'/>"),
                  "line 2: an attribute 'cores', 'memory-mib', 'mbit' or 'keys' is needed" },
                { SLICE("\n<offload name='a' pool='p' keys='1'/>\n"
                        "<offload name='b' pool='p' keys='1'/>"),
                  "line 3: a second share of offload device 'p': ask for all in one" },
                { SLICE("\n<key kind='sev' count='1'/>\n<key kind='sev' count='1'/>"),
                  "line 3: a second time keys of kind 'sev': ask for all in one" },
                { SLICE("\n<allow cores='8'/>"),
                  "line 2: attribute 'cores' must be two numbers like 1-8, the second not below "
                  "the first and 1 to 4096, not '8'" },
                { ALLOW("cores='8-1'"),
                  "line 1: attribute 'cores' must be two numbers like 1-8, the second not below "
                  "the first and 1 to 4096, not '8-1'" },
                { ALLOW("cores='8-9'"), "line 1: <allow> has 8 to 9 cores, and the slice itself "
                                        "4: what it has must be within" },
                { "<slice version='1' together='node'>\n<cores count='1' node='0'/>"
                  "<memory size='4' node='1'/></slice>",
                  "line 1: together='node', but the cores are to be of node 0 and the memory of "
                  "node 1: make them one" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                g_autofree char *message = read_bad(table[i].xml);

                g_assert_cmpstr(message, ==, table[i].message);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/slice/writes-what-it-has-read", test_writes_what_it_has_read);
        g_test_add_func("/slice/reads-each-value-into-its-member",
                        test_reads_each_value_into_its_member);
        g_test_add_func("/slice/what-is-left-out-is-no-wish", test_what_is_left_out_is_no_wish);
        g_test_add_func("/slice/reads-sizes-as-libvirt-writes-them",
                        test_reads_sizes_as_libvirt_writes_them);
        g_test_add_func("/slice/a-parent-is-read-in-lower-case",
                        test_a_parent_is_read_in_lower_case);
        g_test_add_func("/slice/schema-and-reader-agree", test_schema_and_reader_agree);
        g_test_add_func("/slice/what-is-read-is-written-in-the-schema",
                        test_what_is_read_is_written_in_the_schema);
        g_test_add_func("/slice/the-examples-are-good-and-in-the-manual",
                        test_the_examples_are_good_and_in_the_manual);
        g_test_add_func("/slice/says-what-is-wrong-and-what-to-do",
                        test_says_what_is_wrong_and_what_to_do);

        return g_test_run();
}
