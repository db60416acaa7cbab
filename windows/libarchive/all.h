/* What every source of libarchive includes, compiled once for all of them. */
#include "config.h"
#include <windows.h>
#include <wincrypt.h>
#include <bcrypt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "utf8.h"
