/* The terminal between Wine's console and the one that the container has. */
#ifndef TRANSOM_TERMINAL_H
#define TRANSOM_TERMINAL_H

#include <sys/types.h>

/* Return the master of a terminal for Wine, of the size of ours, which becomes raw; -1 if we have none. */
int terminal_open(void);

/* In the child that becomes Wine: make it the terminal of a session of its own, and the standard streams. */
void terminal_enter(int master);

/* Carry bytes both ways until child has ended (0: until nobody has Wine's terminal open), then what is still to come. */
void terminal_carry(int master, pid_t child, int *status);

#endif
