/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/driver-memo.h"

#include <string.h>
#include <sys/utsname.h>

#include "daemon/facts/netdev-driver.h"
#include "daemon/facts/vfio.h"

struct DriverMemo {
        GHashTable *chosen;   /* PciKind → driver */
        GHashTable *modules;  /* driver → Module */
        GHashTable *firmware; /* address of a PF → version, NULL none */
};

typedef struct Module {
        uint64_t loading; /* as vfio_driver_loading() has it */
        char *version;    /* NULL none */
} Module;

static void module_free(gpointer data) {
        Module *module = data;

        g_free(module->version);
        g_free(module);
}

/* What a driver's aliases look at, but for the class, which goes with the ids. */
typedef struct PciKind {
        int vendor, device, subsystem_vendor, subsystem_device;
} PciKind;

static guint pci_kind_hash(gconstpointer key) {
        const PciKind *kind = key;
        guint high = (guint)kind->vendor << 16 ^ (guint)kind->device;
        guint low = (guint)kind->subsystem_vendor << 16 ^ (guint)kind->subsystem_device;

        return high * 31 + low;
}

static gboolean pci_kind_equal(gconstpointer a, gconstpointer b) {
        return memcmp(a, b, sizeof(PciKind)) == 0;
}

DriverMemo *driver_memo_new(void) {
        DriverMemo *memo = g_new0(DriverMemo, 1);

        memo->chosen = g_hash_table_new_full(pci_kind_hash, pci_kind_equal, g_free, g_free);
        memo->modules = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, module_free);
        memo->firmware = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        return memo;
}

void driver_memo_free(DriverMemo *memo) {
        if (!memo)
                return;

        g_hash_table_unref(memo->chosen);
        g_hash_table_unref(memo->modules);
        g_hash_table_unref(memo->firmware);
        g_free(memo);
}

void driver_memo_forget(DriverMemo *memo) {
        g_hash_table_remove_all(memo->chosen);
        g_hash_table_remove_all(memo->firmware);
}

bool driver_is_vfio(const char *driver) {
        return driver && strstr(driver, "vfio");
}

int driver_best_vfio(const Sysfs *sysfs, const char *address, char **ret_driver) {
        g_autofree char *release = NULL;
        struct utsname name;

        /* /proc may be hidden from a service. */
        if (sysfs_read_string(sysfs, "proc/sys/kernel/osrelease", &release) < 0)
                release = g_strdup(uname(&name) < 0 ? "" : name.release);

        return pci_best_vfio_driver(sysfs, release, address, ret_driver);
}

const char *driver_memo_choose(DriverMemo *memo, const Sysfs *sysfs, const PciFacts *facts) {
        PciKind kind = { facts->vendor, facts->device, facts->subsystem_vendor,
                         facts->subsystem_device };
        char *driver;

        if (driver_is_vfio(facts->driver))
                return facts->driver;

        driver = g_hash_table_lookup(memo->chosen, &kind);
        if (driver)
                return driver;

        /* What cannot be asked has the driver that takes everything. */
        if (driver_best_vfio(sysfs, facts->address, &driver) < 0)
                driver = g_strdup(DRIVER_PLAIN_VFIO);
        g_hash_table_insert(memo->chosen, g_memdup2(&kind, sizeof(kind)), driver);
        return driver;
}

static const Module *find_module(DriverMemo *memo, const Sysfs *sysfs, const char *driver) {
        uint64_t loading = vfio_driver_loading(sysfs, driver);
        Module *module = g_hash_table_lookup(memo->modules, driver);

        if (module && module->loading == loading)
                return module;

        module = g_new0(Module, 1);
        module->loading = loading;
        module->version = vfio_driver_version(sysfs, driver);
        g_hash_table_replace(memo->modules, g_strdup(driver), module);
        return module;
}

void driver_memo_describe(DriverMemo *memo, const Sysfs *sysfs, const char *driver,
                          Device *device) {
        Fingerprint *fingerprint = device->fingerprint;
        const Module *module;

        if (!driver)
                return;

        module = find_module(memo, sysfs, driver);
        fingerprint->driver = g_strdup(driver);
        fingerprint->driver_version = g_strdup(module->version);
        device->driver_loading = module->loading;
}

static const char *note_firmware(DriverMemo *memo, const Sysfs *sysfs, const char *pf,
                                 const char *netdev) {
        char *firmware = NULL;

        if (netdev)
                (void)netdev_read_firmware(sysfs, netdev, &firmware); /* NULL: unknown */
        g_hash_table_replace(memo->firmware, g_strdup(pf), firmware);
        return firmware;
}

static const char *find_firmware(DriverMemo *memo, const Sysfs *sysfs, const char *pf) {
        g_autoptr(PciFacts) facts = NULL;
        gpointer firmware;

        if (g_hash_table_lookup_extended(memo->firmware, pf, NULL, &firmware))
                return firmware;

        return pci_read(sysfs, pf, &facts) < 0 ? NULL
                                               : note_firmware(memo, sysfs, pf, facts->netdev);
}

void driver_memo_describe_pf(DriverMemo *memo, const Sysfs *sysfs, const PciFacts *facts,
                             Device *device) {
        const char *firmware = note_firmware(memo, sysfs, facts->address, facts->netdev);

        device->fingerprint->firmware = g_strdup(firmware);
}

void driver_memo_describe_vf(DriverMemo *memo, const Sysfs *sysfs, const PciFacts *facts,
                             Device *device) {
        if (facts->physfn)
                device->fingerprint->firmware = g_strdup(find_firmware(memo, sysfs, facts->physfn));
}
