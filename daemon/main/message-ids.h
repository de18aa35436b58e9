/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What an operator may look for: 'journalctl MESSAGE_ID=...'. Each has an entry
 * in data/virtferry.catalog, which a test holds against this list.
 */

#define MESSAGE_LEASE_GIVEN       "ca1351ae8c5e4ac79428e87616250410"
#define MESSAGE_LEASE_ENDED       "9e376a74c2d84664b417ad1f73ac9e32"
#define MESSAGE_GUEST_REFUSED     "592746a9c6dd490e9df2e6c6c0c3c4b9"
#define MESSAGE_GUEST_ARRIVED     "6383db26b8cb436a8a5a2f0dc2f17e90"
#define MESSAGE_GUEST_LEFT        "e1a04d25520547c49acd82d1f681975e"
#define MESSAGE_ROLLED_BACK       "f7b9943203f046cea95e57fbdffd14ce"
#define MESSAGE_UNDO_FAILED       "6f38c89bd7c44d5ba71583eb594e99a4"
#define MESSAGE_STORE_DAMAGED     "fda58cdcef384339a9728f057fe66506"
#define MESSAGE_DEVICE_TRIED      "3bd2e534a7e3440987ed0e78be42b490"
#define MESSAGE_TRIAL_BROKEN      "a8154cd30a66438fb385c8cb074bf8af"
#define MESSAGE_RULES_PASSED_OVER "ce7d5ae096a5416298beae0d65266f4f"
#define MESSAGE_DRAIN             "7cd268ada8e84cdca8b979d8b4a1868f"
#define MESSAGE_GUEST_STAYED      "20670cab3ada4289ab3b454dea6a3e5f"
#define MESSAGE_SLICE_GIVEN       "68125fdb466845cb9b2a57195c074c1f"
#define MESSAGE_SLICE_ENDED       "df5f7ce1b1164a1c830cc14fd750364e"
#define MESSAGE_SLICE_PREEMPTED   "ee863c2c33b5408a89a5158bb2802315"
#define MESSAGE_AGENT             "3b413871eeb5452bae8fbbbcfc31788d"
