/*
 * The mount manager, which tells programs what their drives are: without it `dir` and `vol` fail.
 *
 * A drive's volume has a name of the form `\??\Volume{GUID}`, made from its serial number and letter.
 *
 * Source: mountmgr.h (IOCTL_MOUNTMGR_QUERY_POINTS); Wine 10.0, include/ddk/mountmgr.h (what ntdll asks of a drive).
 */
#include "device.h"
#include "linux.h"

enum {
    QUERY_POINTS = ('m' << 16) | (2 << 2), /* buffered, any access */
    READ_LINK = 89, /* of Linux */
    QUERY_UNIX_DRIVE = ('m' << 16) | (1 << 14) | (33 << 2), /* buffered, read access */
};

struct unix_drive {
    uint32_t size, type, file_system, serial;
    uint64_t device;
    wchar_t letter;
    uint16_t mount_point, device_name, label;
    wchar_t nothing;
};

struct piece {
    uint32_t offset;
    uint16_t length;
};
struct point {
    struct piece link, id, device;
};
struct points {
    uint32_t size, count;
    struct point each[];
};

static const wchar_t device_name[] = L"\\Device\\HarddiskVolume1", drive_link[] = L"\\DosDevices\\C:",
                     volume_link[] = L"\\??\\Volume{00000000-0000-0000-0000-000000000000}";
enum {
    DEVICE_SIZE = sizeof device_name - sizeof *device_name,
    DRIVE_SIZE = sizeof drive_link - sizeof *drive_link,
    VOLUME_SIZE = sizeof volume_link - sizeof *volume_link,
    DEVICE_DIGIT = DEVICE_SIZE / sizeof(wchar_t) - 1,
    DRIVE_LETTER = DRIVE_SIZE / sizeof(wchar_t) - 2,
    VOLUME_SERIAL = 11,
    VOLUME_LETTER = VOLUME_SIZE / sizeof(wchar_t) - 3,
    ID_SIZE = 8,
};

/* One name by which a drive is known, with what else belongs to it. */
struct name {
    const wchar_t *link;
    uint16_t link_size;
    wchar_t device[DEVICE_SIZE / sizeof(wchar_t)];
    uint32_t id[2];
};

static uint32_t serial_of(const struct request *container, wchar_t letter)
{
    return container->serial ^ (uint32_t)(letter - L'c');
}

/* Whether programs have made a drive of a directory since, as subst does. */
static bool is_linked(wchar_t letter)
{
    char path[] = "/run/wine/dosdevices/c:", target[8];
    if (letter < L'a' || letter > L'z')
        return false;
    path[sizeof path - 3] = (char)letter;
    return linux_call(READ_LINK, (intptr_t)path, (intptr_t)target, sizeof target) > 0;
}

static LONG query_drive(const struct request *container, const struct unix_drive *asked, struct unix_drive *drive)
{
    wchar_t letter = asked->letter | 32;
    if (!asked->letter)
        letter = L'c'; /* asked for by device number: whatever it is, C: is the only disk that it can be of */
    bool known = false;
    for (const char *p = container->drives; *p; p++)
        known |= letter == (wchar_t)*p;
    if (!known && !is_linked(letter))
        return DEVICE_NOT_THERE;
    if (!known)
        letter = L'c'; /* a directory of it is what is seen there */
    *drive = (struct unix_drive){.size = sizeof *drive, .type = DRIVE_FIXED};
    drive->letter = asked->letter ? asked->letter | 32 : L'c';
    drive->serial = serial_of(container, letter);
    drive->label = offsetof(struct unix_drive, nothing);
    return 0;
}

static wchar_t hexadecimal(unsigned digit)
{
    return (wchar_t)(digit < 10 ? L'0' + digit : L'a' + digit - 10);
}

static bool piece_equal(const struct device_request *request, struct piece asked, const void *data, size_t size)
{
    return !asked.offset ||
           (asked.length == size && wide_equal((const wchar_t *)((const char *)request->input + asked.offset), data,
                                               size / sizeof(wchar_t)));
}

static bool is_asked_for(const struct device_request *request, const struct name *name)
{
    const struct point *asked = request->input;
    return piece_equal(request, asked->link, name->link, name->link_size) &&
           piece_equal(request, asked->device, name->device, DEVICE_SIZE) &&
           piece_equal(request, asked->id, name->id, ID_SIZE);
}

static struct piece put(char *output, uint32_t *end, const void *data, uint16_t size)
{
    struct piece piece = {*end, size};
    if (output)
        memcpy(output + *end, data, size);
    *end += size;
    return piece;
}

/* Write the names that are asked for behind room for count points, or without output only count them. */
static uint32_t list_names(const struct request *container, const struct device_request *request, struct points *output,
                           uint32_t count, uint32_t *found)
{
    uint32_t end = (uint32_t)(sizeof *output + count * sizeof *output->each);
    *found = 0;
    for (unsigned i = 0; container->drives[i]; i++) {
        wchar_t letter = (wchar_t)container->drives[i], drive[DRIVE_SIZE / sizeof(wchar_t)],
                volume[VOLUME_SIZE / sizeof(wchar_t)];
        uint32_t serial = serial_of(container, letter);
        struct name name = {.id = {serial, letter}};
        memcpy(drive, drive_link, sizeof drive);
        memcpy(volume, volume_link, sizeof volume);
        memcpy(name.device, device_name, sizeof name.device);
        drive[DRIVE_LETTER] = letter & ~32;
        name.device[DEVICE_DIGIT] = (wchar_t)(L'1' + i);
        for (unsigned digit = 0; digit < 8; digit++)
            volume[VOLUME_SERIAL + digit] = hexadecimal(serial >> (28 - 4 * digit) & 15);
        volume[VOLUME_LETTER] = hexadecimal(letter >> 4 & 15);
        volume[VOLUME_LETTER + 1] = hexadecimal(letter & 15);
        for (unsigned which = 0; which < 2; which++) {
            name.link = which ? volume : drive;
            name.link_size = which ? VOLUME_SIZE : DRIVE_SIZE;
            if (!is_asked_for(request, &name))
                continue;
            struct point point;
            point.device = put((char *)output, &end, name.device, DEVICE_SIZE);
            point.link = put((char *)output, &end, name.link, name.link_size);
            point.id = put((char *)output, &end, name.id, ID_SIZE);
            if (output)
                output->each[*found] = point;
            ++*found;
        }
    }
    return end;
}

static bool is_inside(const struct device_request *request, struct piece piece)
{
    return piece.offset <= request->in_size && piece.length <= request->in_size - piece.offset;
}

static LONG query_points(const struct request *container, struct device_request *request)
{
    const struct point *asked = request->input;
    struct points *points = request->output;
    uint32_t count;
    if (request->in_size < sizeof *asked || request->out_size < sizeof *points || !is_inside(request, asked->link) ||
        !is_inside(request, asked->id) || !is_inside(request, asked->device))
        return DEVICE_BAD_PARAMETER;
    list_names(container, request, NULL, 0, &count);
    uint32_t size = list_names(container, request, NULL, count, &count);
    if (size > request->out_size) {
        points->size = size;
        request->result = sizeof points->size;
        return DEVICE_MORE_DATA;
    }
    list_names(container, request, points, count, &count);
    points->size = request->result = size;
    points->count = count;
    return 0;
}

LONG mountmgr_answer(const struct request *container, struct device_request *request)
{
    switch (request->code) {
    case QUERY_POINTS:
        return query_points(container, request);
    case QUERY_UNIX_DRIVE: {
        enum { LEAST = offsetof(struct unix_drive, nothing) }; /* who asks for no more reads no label */
        struct unix_drive drive;
        if (request->in_size < LEAST || request->out_size < LEAST)
            return DEVICE_SMALL_BUFFER;
        LONG status = query_drive(container, request->input, &drive);
        if (status)
            return status;
        request->result = request->out_size < sizeof drive ? LEAST : sizeof drive;
        memcpy(request->output, &drive, request->result);
        return 0;
    }
    default:
        return DEVICE_NOT_IMPLEMENTED;
    }
}
