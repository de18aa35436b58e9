/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/domain-vsock.h"

#include "xml/domain.h"
#include "xml/reader.h"

bool domain_cid_from_xml(const char *xml, size_t size, uint32_t *ret_cid, GError **error) {
        g_autoptr(xmlDoc) doc = xml_document_parse(xml, size, DOMAIN_XML_MAX, error);
        xmlNode *devices = NULL, *vsock = NULL, *address = NULL;
        unsigned cid = 0;

        if (!doc || !xml_child(xmlDocGetRootElement(doc), "devices", &devices, error))
                return false;

        vsock = xml_first_child(devices, "vsock");
        address = xml_first_child(vsock, "cid");
        if (address &&
            !xml_prop_uint(address, "address", DOMAIN_CID_MIN, DOMAIN_CID_MAX, &cid, error))
                return false;

        *ret_cid = cid;
        return true;
}
