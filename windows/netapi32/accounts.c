/* The accounts, by the code that the first process and the tools use as well. */
#include "../accounts.c"
