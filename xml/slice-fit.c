/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/slice-fit.h"

#include <string.h>

#include "xml/domain-tuning.h"
#include "xml/domain.h"
#include "xml/edit.h"
#include "xml/reader.h"
#include "xml/span.h"

SliceFit *slice_fit_new(void) {
        SliceFit *fit = g_new0(SliceFit, 1);

        fit->pins = g_ptr_array_new_with_free_func(g_free);
        return fit;
}

void slice_fit_free(SliceFit *fit) {
        if (!fit)
                return;

        g_ptr_array_unref(fit->pins);
        g_free(fit->cpus);
        g_free(fit->nodes);
        g_free(fit);
}

/* Between the tags ------------------------------------------------------------------- */

/* At the end of a child of the root, which is made where it is not. Without blanks, so that doing
 * it twice is the same as once. */
static void append(Edits *edits, const char *name, const char *elements) {
        const char *xml = edits->xml;
        XmlSpan root = xml_span_root(xml, edits->size), child;
        g_autofree char *whole = NULL;

        if (xml_span_child(xml, &root, root.inner_start, name, &child) &&
            child.inner_end < child.end) {
                edits_replace(edits, child.inner_end, child.inner_end, elements);
                return;
        }

        whole = g_strdup_printf("<%s>%s</%s>", name, elements, name);
        if (xml_span_child(xml, &root, root.inner_start, name, &child))
                edits_replace(edits, child.start, child.end, whole);
        else
                edits_replace(edits, root.inner_end, root.inner_end, whole);
}

/* All children of this name of a child of the root. */
static void remove_all(Edits *edits, const char *parent, const char *name) {
        const char *xml = edits->xml;
        XmlSpan root = xml_span_root(xml, edits->size), outer, inner;

        if (!xml_span_child(xml, &root, root.inner_start, parent, &outer))
                return;
        for (size_t from = outer.inner_start; xml_span_child(xml, &outer, from, name, &inner);
             from = inner.end)
                edits_replace(edits, inner.start, inner.end, "");
}

/* CPUs ------------------------------------------------------------------------------- */

static bool set_attributes(Edits *edits, const xmlNode *parent, const char *child,
                           const char *attribute, const char *value, GError **error) {
        for (xmlNode *node = xml_first_child(parent, child); node; node = xml_next_same(node))
                if (xmlHasNsProp(node, (const xmlChar *)attribute, NULL) &&
                    !edits_replace_value(edits, node, attribute, value, error))
                        return false;
        return true;
}

static char *write_pins(const SliceFit *fit, const DomainTuning *now) {
        GString *text = g_string_new(NULL);

        for (unsigned i = 0; i < now->vcpus_max; i++)
                g_string_append_printf(text, "<vcpupin vcpu='%u' cpuset='%s'/>", i,
                                       (char *)fit->pins->pdata[i % fit->pins->len]);
        g_string_append_printf(text, "<emulatorpin cpuset='%s'/>", fit->cpus);
        for (guint i = 0; i < now->iothreads->len; i++)
                g_string_append_printf(text, "<iothreadpin iothread='%u' cpuset='%s'/>",
                                       ((DomainIoThread *)now->iothreads->pdata[i])->id, fit->cpus);
        if (fit->weight > 0)
                g_string_append_printf(text, "<shares>%u</shares>", fit->weight);
        return g_string_free(text, FALSE);
}

static bool fit_cpus(Edits *edits, const xmlNode *root, const DomainTuning *now,
                     const SliceFit *fit, GError **error) {
        g_autofree char *pins = NULL;

        if (fit->pins->len == 0)
                return true;
        if (!set_attributes(edits, root, "vcpu", "cpuset", fit->cpus, error))
                return false;

        remove_all(edits, "cputune", "vcpupin");
        remove_all(edits, "cputune", "emulatorpin");
        remove_all(edits, "cputune", "iothreadpin");
        if (fit->weight > 0)
                remove_all(edits, "cputune", "shares");
        pins = write_pins(fit, now);
        append(edits, "cputune", pins);
        return true;
}

/* Memory ----------------------------------------------------------------------------- */

/* For memory that has none. libvirt refuses restrictive beside cells that are not:
 * virDomainNumatuneNodeParseXML(). */
static const char *choose_mode(const xmlNode *tune) {
        for (xmlNode *cell = xml_first_child(tune, "memnode"); cell; cell = xml_next_same(cell))
                if (!xml_prop_is(cell, "mode", "restrictive"))
                        return "strict";
        return "restrictive";
}

/* The mode that it has is kept: what QEMU is told of its memory depends on it. */
static bool fit_nodes(Edits *edits, const xmlNode *root, const SliceFit *fit, GError **error) {
        const xmlNode *tune = xml_first_child(root, "numatune");
        const xmlNode *memory = xml_first_child(tune, "memory");
        g_autofree char *element = NULL;

        if (!fit->nodes)
                return true;
        if (!set_attributes(edits, tune, "memnode", "nodeset", fit->nodes, error))
                return false;
        if (memory && xmlHasNsProp((xmlNode *)memory, (const xmlChar *)"nodeset", NULL))
                return set_attributes(edits, tune, "memory", "nodeset", fit->nodes, error);

        remove_all(edits, "numatune", "memory"); /* placement='auto' */
        element = g_strdup_printf("<memory mode='%s' nodeset='%s'/>", choose_mode(tune),
                                  fit->nodes);
        append(edits, "numatune", element);
        return true;
}

char *domain_fit_slice(const char *xml, size_t size, const SliceFit *fit, GError **error) {
        g_autoptr(xmlDoc) doc = xml_document_parse(xml, size, DOMAIN_XML_MAX, error);
        g_autoptr(DomainTuning) now = NULL;
        g_autoptr(Edits) edits = NULL;
        const xmlNode *root;

        now = doc ? domain_tuning_from_xml(xml, size, error) : NULL;
        if (!now)
                return NULL;

        root = xmlDocGetRootElement(doc);
        edits = edits_new(xml, size);
        if (!fit_cpus(edits, root, now, fit, error) || !fit_nodes(edits, root, fit, error))
                return NULL;
        return edits_apply(edits);
}
