/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/pci-address.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#define PCI_SLOT_MAX     0x1fu
#define PCI_FUNCTION_MAX 7u

/* Reads `min` to `max` hex digits; moves *text behind them. */
static int parse_hex(const char **text, unsigned min, unsigned max, uint32_t *ret_value) {
        uint32_t value = 0;
        unsigned n;

        for (n = 0; n < max && g_ascii_isxdigit((*text)[n]); n++)
                value = value << 4 | (uint32_t)g_ascii_xdigit_value((*text)[n]);
        if (n < min)
                return -EINVAL;

        *text += n;
        *ret_value = value;
        return 0;
}

static int skip(const char **text, char character) {
        if (**text != character)
                return -EINVAL;

        (*text)++;
        return 0;
}

int pci_address_from_string(const char *text, PciAddress *ret_address) {
        uint32_t domain, bus, slot, function;

        if (!text || parse_hex(&text, 4, 8, &domain) < 0 || skip(&text, ':') < 0 ||
            parse_hex(&text, 2, 2, &bus) < 0 || skip(&text, ':') < 0 ||
            parse_hex(&text, 2, 2, &slot) < 0 || skip(&text, '.') < 0 ||
            parse_hex(&text, 1, 1, &function) < 0 || *text)
                return -EINVAL;
        if (slot > PCI_SLOT_MAX || function > PCI_FUNCTION_MAX)
                return -EINVAL;

        *ret_address = (PciAddress){
                .domain = domain,
                .bus = (uint8_t)bus,
                .slot = (uint8_t)slot,
                .function = (uint8_t)function,
        };
        return 0;
}

const char *pci_address_to_string(const PciAddress *address, char *buffer) {
        g_snprintf(buffer, PCI_ADDRESS_STRING_MAX, "%04x:%02x:%02x.%x", address->domain,
                   address->bus, address->slot, address->function);
        return buffer;
}

bool pci_address_is_valid(const char *text) {
        PciAddress address;

        return pci_address_from_string(text, &address) == 0;
}

bool uuid_is_valid(const char *text) {
        static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

        if (!text || strlen(text) != strlen(shape))
                return false;

        for (size_t i = 0; shape[i]; i++)
                if (shape[i] == '-' ? text[i] != '-' : !g_ascii_isxdigit(text[i]))
                        return false;
        return true;
}
