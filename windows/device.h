/* What the files that answer for a device share with the one that takes the requests. */
#ifndef TRANSOM_DEVICE_H
#define TRANSOM_DEVICE_H

#include "base.h"

#define DEVICE_PENDING ((LONG)0x103) /* device_finish will be called with the request's handle */
#define DEVICE_MORE_DATA ((LONG)0x80000005)
#define DEVICE_NOT_IMPLEMENTED ((LONG)0xc0000002)
#define DEVICE_BAD_PARAMETER ((LONG)0xc000000d)
#define DEVICE_NOT_THERE ((LONG)0xc000000e)
#define DEVICE_SMALL_BUFFER ((LONG)0xc0000023)
#define DEVICE_CANCELLED ((LONG)0xc0000120)

struct device_request {
    unsigned code; /* as of DeviceIoControl */
    unsigned handle;
    const void *input; /* valid during the call */
    unsigned in_size;
    void *output; /* zeroed */
    unsigned out_size;
    unsigned result; /* how much of output is the answer */
};

/* Held by the thread that takes the requests, but for its waits: a request is not finished before it is pending. */
extern CRITICAL_SECTION device_guard;

void device_finish(unsigned handle, LONG status, const void *data, size_t size);

LONG mountmgr_answer(const struct request *container, struct device_request *request);
LONG nsi_answer(struct device_request *request);
void nsi_cancel(unsigned handle);

#endif
