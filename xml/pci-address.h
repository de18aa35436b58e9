/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A PCI address, on the host or in a guest, and its one way to be written:
 * "0000:3b:00.2", as the kernel names its directories.
 *
 * Limits: domain 16 bit as in libvirt's XML (the kernel's VMD domains of 32 bit
 * are read as well), bus 8 bit, slot 5 bit, function 3 bit.
 */

#include <stdbool.h>
#include <stdint.h>

#define PCI_ADDRESS_STRING_MAX 24

typedef struct PciAddress {
        uint32_t domain;
        uint8_t bus;
        uint8_t slot;
        uint8_t function;
} PciAddress;

/* Strict: four to eight digits for the domain, lower or upper case; -EINVAL otherwise. */
int pci_address_from_string(const char *text, PciAddress *ret_address);
/* Writes lower case into a buffer of PCI_ADDRESS_STRING_MAX bytes; returns the buffer. */
const char *pci_address_to_string(const PciAddress *address, char *buffer);
bool pci_address_is_valid(const char *text);

/* "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001", lower or upper case. */
bool uuid_is_valid(const char *text);
