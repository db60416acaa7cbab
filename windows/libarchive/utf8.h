/* UTF-8 for a program that asks C's library for the characters of its strings: msvcrt knows no UTF-8, and a name that its
   code page lacks would become question marks in an archive, or would not be found. */
#pragma once
#include <locale.h>
#include <stdlib.h>
#include <wchar.h>
#include <wctype.h>
#include <windows.h>

static inline char *utf8_setlocale(int category, const char *locale)
{
    static char name[] = "English_United States.65001";
    (void)category;
    (void)locale;
    return name;
}

/* How many bytes of text are its first character, which is put at to; -1: none. What takes two wchar_t is no character
   here: U+FFFD stands for it, which is printable as well. */
static inline int utf8_mbtowc(wchar_t *to, const char *text, size_t size)
{
    wchar_t made[2];
    unsigned char first = text ? (unsigned char)*text : 0;
    int length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (!text || !first)
        return 0;
    if ((size_t)length > size)
        return -1;
    int count = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, length, made, 2);
    if (!count)
        return -1;
    if (to)
        *to = count == 1 ? made[0] : 0xfffd;
    return length;
}

static inline int utf8_wctomb(char *to, wchar_t c)
{
    int length = to ? WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, &c, 1, to, MB_CUR_MAX, NULL, NULL) : 0;
    return to && !length ? -1 : length;
}

static inline size_t utf8_mbstowcs(wchar_t *to, const char *text, size_t size)
{
    int length = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, to, to ? (int)size : 0);
    return length ? (size_t)length - 1 : (size_t)-1;
}

#undef MB_CUR_MAX
#define MB_CUR_MAX 4
#undef CP_ACP
#define CP_ACP CP_UTF8
#define setlocale utf8_setlocale
#define mbtowc utf8_mbtowc
#define wctomb utf8_wctomb
#define mbstowcs utf8_mbstowcs
