/* The program that owns the desktop of a container. */
#ifndef TRANSOM_DESKTOP_H
#define TRANSOM_DESKTOP_H

#include "../base.h"

/* dialogs.c */
void dialogs_look(void);

#endif
